#include "kernels/arithmetic.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "kernels/arith/oracle.h"
#include "kernels/arith/planar.h"
#include "kernels/arith/quantise.h"
#include "kernels/arith/round.h"
#include "kernels/weight_stream.h"

namespace ane::kernels {
namespace {

using arith::Half;

constexpr int argmax_reduction = 6;  // of isa::reduction_operations

// A double that carries a binary16 value, back as its bits. Exact for every value that a carrier
// holds; a host constant is rounded as host data are. Normal numbers, nearly all, need no rounding:
// their fields move, which makes references three times as fast.
Half bits(double value) {
  const auto u = std::bit_cast<std::uint64_t>(value);
  const std::uint64_t field = (u >> 52 & 2047) - (1023 - 15);  // 1 to 30: a normal binary16
  if (field - 1 < 30 && (u & ((std::uint64_t{1} << 42) - 1)) == 0)
    return {static_cast<std::uint16_t>((u >> 48 & 0x8000) | field << 10 | (u >> 42 & 1023))};
  return arith::to_half(value);
}
double carried(Half h) {
  return static_cast<double>(arith::to_float(h));
}

class BitArithmetic final : public Arithmetic {
 public:
  explicit BitArithmetic(const arith::Profile& profile) : profile_(profile) {}

  Format format() const override { return Format::fp16; }

  double dot(std::span<const double> x, std::span<const double> w, const double* bias,
             const double* scale) const override {
    thread_local std::vector<Half> a, b;
    a.resize(x.size());
    b.resize(w.size());
    std::ranges::transform(x, a.begin(), bits);
    std::ranges::transform(w, b.begin(), bits);
    return carried(arith::mac_oracle(profile_, a, b,
                                     bias ? std::optional(bits(*bias)) : std::nullopt,
                                     scale ? std::optional(bits(*scale)) : std::nullopt)
                       .value);
  }
  double dot8(std::span<const std::int8_t> x, std::span<const std::int8_t> w, int zero_in,
              std::int32_t bias, Half scale) const override {
    return carried(arith::mac8_oracle(x, w, zero_in, 0, bias, scale, profile_).value);
  }
  double unary(const arith::Activation& f, double x) const override {
    return carried(arith::activate_oracle(profile_, f, bits(x)));
  }
  double elementwise(int operation, double a, double b) const override {
    return carried(
        arith::planar_oracle(static_cast<arith::PlanarOp>(operation), profile_, bits(a), bits(b)));
  }
  double reduce(int operation, std::span<const double> x) const override {
    std::vector<Half> a(x.size());
    std::ranges::transform(x, a.begin(), bits);
    const auto count = static_cast<std::int64_t>(a.size());
    if (operation == argmax_reduction)
      return static_cast<double>(arith::argmax(profile_, a.data(), count, 1));
    return carried(arith::reduce_oracle(static_cast<arith::Reduction>(operation), profile_,
                                        a.data(), count, 1));
  }
  std::int8_t quantise(double x, double scale, int zero) const override {
    return arith::quantise(bits(x), bits(scale), zero, profile_);
  }
  double dequantise(std::int8_t q, double scale, int zero) const override {
    return carried(arith::dequantise(q, bits(scale), zero, profile_));
  }
  double constant(double value) const override { return carried(bits(value)); }
  std::vector<double> weights(const Parameters& p, int dilation_w, int dilation_h) const override {
    const std::vector<Half> decoded = decoded_weights(p, profile_, dilation_w, dilation_h);
    std::vector<double> w(decoded.size());
    std::ranges::transform(decoded, w.begin(), carried);
    return w;
  }

 private:
  const arith::Profile& profile_;
};

class FloatArithmetic : public Arithmetic {
 public:
  Format format() const override { return Format::fp32; }

  double dot(std::span<const double> x, std::span<const double> w, const double* bias,
             const double* scale) const override {
    float sum = bias ? static_cast<float>(*bias) : 0.0F;
    for (std::size_t i = 0; i < x.size(); ++i)
      sum = std::fma(static_cast<float>(x[i]), static_cast<float>(w[i]), sum);
    return static_cast<double>(scale ? sum * static_cast<float>(*scale) : sum);
  }
  double dot8(std::span<const std::int8_t> x, std::span<const std::int8_t> w, int zero_in,
              std::int32_t bias, Half scale) const override {
    std::int64_t sum = bias;
    for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - zero_in) * w[i];
    return static_cast<double>(static_cast<float>(static_cast<double>(sum) * carried(scale)));
  }
  double unary(const arith::Activation& f, double x) const override {
    return static_cast<double>(static_cast<float>(arith::real_function(f, x)));
  }
  double elementwise(int operation, double x, double y) const override {
    const auto a = static_cast<float>(x), b = static_cast<float>(y);
    const auto truth = [](bool t) { return t ? 1.0F : 0.0F; };
    switch (static_cast<arith::PlanarOp>(operation)) {
      case arith::PlanarOp::add:
        return static_cast<double>(a + b);
      case arith::PlanarOp::sub:
        return static_cast<double>(a - b);
      case arith::PlanarOp::mul:
        return static_cast<double>(a * b);
      case arith::PlanarOp::div:
        return static_cast<double>(a / b);
      case arith::PlanarOp::max:
        return static_cast<double>(std::max(a, b));
      case arith::PlanarOp::min:
        return static_cast<double>(std::min(a, b));
      case arith::PlanarOp::equal:
        return static_cast<double>(truth(a == b));
      case arith::PlanarOp::not_equal:
        return static_cast<double>(truth(a != b));
      case arith::PlanarOp::less:
        return static_cast<double>(truth(a < b));
      case arith::PlanarOp::less_equal:
        return static_cast<double>(truth(a <= b));
      case arith::PlanarOp::greater:
        return static_cast<double>(truth(a > b));
      case arith::PlanarOp::greater_equal:
        return static_cast<double>(truth(a >= b));
      default:
        ANE_CHECK(false, "an elementwise operation of two sources");
    }
    return 0;
  }
  double reduce(int operation, std::span<const double> x) const override {
    if (operation == argmax_reduction)
      return static_cast<double>(std::ranges::max_element(x) - x.begin());
    const auto r = static_cast<arith::Reduction>(operation);
    if (r == arith::Reduction::max) return *std::ranges::max_element(x);
    if (r == arith::Reduction::min) return *std::ranges::min_element(x);
    const bool squares = r == arith::Reduction::sum_squares || r == arith::Reduction::mean_squares;
    float sum = 0;
    for (const double v : x) {
      const auto f = static_cast<float>(v);
      sum += squares ? f * f : f;
    }
    if (r == arith::Reduction::mean || r == arith::Reduction::mean_squares)
      sum /= static_cast<float>(x.size());
    return static_cast<double>(sum);
  }
  std::int8_t quantise(double x, double scale, int zero) const override {
    return static_cast<std::int8_t>(std::clamp(std::round(x / scale) + zero, -128.0, 127.0));
  }
  double dequantise(std::int8_t q, double scale, int zero) const override {
    return (q - zero) * scale;
  }
  double constant(double value) const override {
    return static_cast<double>(static_cast<float>(value));
  }
  std::vector<double> weights(const Parameters& p, int dilation_w, int dilation_h) const override {
    const int kw = dilation_w * (p.kw - 1) + 1, kh = dilation_h * (p.kh - 1) + 1;
    std::vector<double> w(static_cast<std::size_t>(p.cout * kh * kw * p.cin));
    for (std::int64_t c = 0; c < p.cout; ++c)
      for (int y = 0; y < p.kh; ++y)
        for (int x = 0; x < p.kw; ++x)
          for (std::int64_t i = 0; i < p.cin; ++i)
            w[static_cast<std::size_t>(((c * kh + y * dilation_h) * kw + x * dilation_w) * p.cin +
                                       i)] =
                static_cast<double>(
                    p.weights[static_cast<std::size_t>(((c * p.cin + i) * p.kh + y) * p.kw + x)]);
    return w;
  }
};

// [H1] Operators take what is stored, compute in float32 and store their result: products are
// summed fused in ascending k, the bias is added to the sum, and the result is rounded once [H2].
// Functions and operators of several steps (softmax, norms) round at their end alone [H3].
class FrameworkArithmetic final : public FloatArithmetic {
 public:
  explicit FrameworkArithmetic(arith::Storage storage) : storage_(storage) {}

  double dot(std::span<const double> x, std::span<const double> w, const double* bias,
             const double* scale) const override {
    float sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      sum = std::fma(static_cast<float>(x[i]), static_cast<float>(w[i]), sum);
    if (bias) sum += static_cast<float>(*bias);
    if (scale) sum *= static_cast<float>(*scale);
    return kept(sum);
  }
  double unary(const arith::Activation& f, double x) const override {
    return std::isnan(x) ? x : FloatArithmetic::unary(f, x);
  }
  // [H4] As ONNX QuantizeLinear: half to even.
  std::int8_t quantise(double x, double scale, int zero) const override {
    const double q = std::isnan(x) ? 0 : std::nearbyint(x / scale) + zero;
    return static_cast<std::int8_t>(std::clamp(q, -128.0, 127.0));
  }
  double constant(double value) const override { return kept(static_cast<float>(value)); }
  // Weights in a stream format are decoded to binary16 first.
  std::vector<double> weights(const Parameters& p, int dilation_w, int dilation_h) const override {
    std::vector<double> w;
    if (p.format == isa::KernelFormat::fp16) {
      w = FloatArithmetic::weights(p, dilation_w, dilation_h);
    } else {
      for (const Half h : decoded_weights(p, arith::profile_named("ieee"), dilation_w, dilation_h))
        w.push_back(carried(h));
    }
    for (double& v : w) v = kept(static_cast<float>(v));
    return w;
  }
  void keep(Tensor& result) const override {
    if (result.format == Format::fp32)
      for (float& v : result.as<float>()) v = arith::stored(storage_, v);
  }

 private:
  double kept(float v) const { return static_cast<double>(arith::stored(storage_, v)); }
  arith::Storage storage_;
};

}  // namespace

const Arithmetic& bit_arithmetic(const arith::Profile& profile) {
  static const BitArithmetic ane16(arith::profile_named("ane16"));
  static const BitArithmetic ieee(arith::profile_named("ieee"));
  return profile.id == arith::ProfileId::ane16 ? ane16 : ieee;
}

const Arithmetic& float_arithmetic() {
  static const FloatArithmetic instance;
  return instance;
}

const Arithmetic& framework_arithmetic(arith::Storage storage) {
  static const FrameworkArithmetic all[] = {FrameworkArithmetic(arith::Storage::fp32),
                                            FrameworkArithmetic(arith::Storage::fp16),
                                            FrameworkArithmetic(arith::Storage::bf16)};
  return all[static_cast<std::size_t>(storage)];
}

double element(const Tensor& t, std::int64_t index) {
  const auto i = static_cast<std::size_t>(index);
  switch (t.format) {
    case Format::fp16:
      return carried(t.as<const Half>()[i]);
    case Format::fp32:
      return static_cast<double>(t.as<const float>()[i]);
    case Format::i8:
      return t.as<const std::int8_t>()[i];
    case Format::u8:
      return t.as<const std::uint8_t>()[i];
    case Format::i32:
      return t.as<const std::int32_t>()[i];
  }
  return 0;
}

void set_element(Tensor& t, std::int64_t index, double value) {
  const auto i = static_cast<std::size_t>(index);
  switch (t.format) {
    case Format::fp16:
      t.as<Half>()[i] = bits(value);
      return;
    case Format::fp32:
      t.as<float>()[i] = static_cast<float>(value);
      return;
    case Format::i8:
      t.as<std::int8_t>()[i] = static_cast<std::int8_t>(value);
      return;
    case Format::u8:
      t.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(value);
      return;
    case Format::i32:
      t.as<std::int32_t>()[i] = static_cast<std::int32_t>(value);
      return;
  }
}

Tensor make_tensor(const TensorType& type) {
  return Tensor(type.format, {type.e.n, type.e.c, type.e.h, type.e.w});
}

std::string to_string(const TensorType& t) {
  return std::string(isa::info(t.format).name) + " " + to_string(Shape{t.e.n, t.e.c, t.e.h, t.e.w});
}

}  // namespace ane::kernels
