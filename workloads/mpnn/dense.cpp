#include "workloads/mpnn/dense.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

#include "isa/error.h"
#include "kernels/arith/round.h"
#include "kernels/arithmetic.h"
#include "workloads/graph/quantise.h"

namespace ane::workloads::mpnn {
namespace {

// One source, compiled for the vector widths of the hosts; the bits are the same on all, since
// each element's operations and their order are. Body::run is inlined into a function of each
// instruction set. Chosen by a test at each call, not by the loader (target_clones), which would
// ask before ThreadSanitizer has started.
#define ANE_INLINED inline __attribute__((always_inline))
#if defined(__x86_64__)
template <class Body, class... Arguments>
__attribute__((target("avx2,fma"))) void with_avx2(Arguments... arguments) {
  Body::run(arguments...);
}
template <class Body, class... Arguments>
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))) void with_avx512(
    Arguments... arguments) {
  Body::run(arguments...);
}
#endif

template <class Body, class... Arguments>
void on_host(Arguments... arguments) {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  static const bool avx512 =
      avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512) return with_avx512<Body>(arguments...);
  if (avx2) return with_avx2<Body>(arguments...);
#endif
  Body::run(arguments...);
}

constexpr std::int64_t block = 32;  // outputs a step: two AVX-512 or four AVX registers
constexpr std::int64_t rows_at_once = 6;

// rows_at_once rows times one block of outputs: the sums stay in registers over the whole of k.
struct MultiplyRows {
  static ANE_INLINED void run(const float* x, std::int64_t in, const float* w, const float* bias,
                              float* y, std::int64_t out, std::int64_t width) {
    float sum[rows_at_once][block] = {};
    for (std::int64_t k = 0; k < in; ++k) {
      const float* row = w + k * block;
#pragma GCC unroll 6
      for (std::int64_t r = 0; r < rows_at_once; ++r) {
        const float v = x[r * in + k];
#pragma GCC unroll 32
        for (std::int64_t j = 0; j < block; ++j) sum[r][j] = __builtin_fmaf(v, row[j], sum[r][j]);
      }
    }
    for (std::int64_t r = 0; r < rows_at_once; ++r)
      for (std::int64_t j = 0; j < width; ++j) y[r * out + j] = sum[r][j] + bias[j];
  }
};

// erf(sqrt t) / sqrt t on [0, 16] as a Chebyshev series; beyond it erf is 1 within 2e-8.
constexpr int terms = 20;  // the first left out is 3e-11
std::array<double, terms> erf_series() {
  std::array<double, terms> c{};
  for (int n = 0; n < terms; ++n) {
    double sum = 0;
    for (int k = 0; k < terms; ++k) {
      const double angle = std::numbers::pi * (k + 0.5) / terms;
      const double x = std::sqrt(8 + 8 * std::cos(angle));
      sum += std::erf(x) / x * std::cos(n * angle);
    }
    c[static_cast<std::size_t>(n)] = (n == 0 ? 1.0 : 2.0) * sum / terms;
  }
  return c;
}

struct Gelu {
  static ANE_INLINED void run(float* x, std::size_t count, const double* c) {
    for (std::size_t i = 0; i < count; ++i) {
      const double v = static_cast<double>(x[i]);
      const double u = std::min(std::max(v * std::numbers::sqrt2 / 2, -4.0), 4.0);
      // Clenshaw's recurrence in s = (t - 8) / 8.
      const double s = u * u * 0.25 - 2;
      double b1 = 0, b2 = 0;
#pragma GCC unroll 20
      for (int n = terms - 1; n > 0; --n) {
        const double b0 = c[n] + s * b1 - b2;
        b2 = b1, b1 = b0;
      }
      const double erf = u * (c[0] + s * 0.5 * b1 - b2);
      x[i] = static_cast<float>(0.5 * v * (1 + erf));
    }
  }
};

// Of every value of a 16-bit format, by its bits.
std::vector<float> gelu_table(Storage storage) {
  std::vector<float> table(65536);
  for (std::uint32_t bits = 0; bits < table.size(); ++bits) {
    const float x = storage == Storage::fp16
                        ? kernels::arith::to_float({static_cast<std::uint16_t>(bits)})
                        : std::bit_cast<float>(bits << 16);
    const auto v = static_cast<double>(x);
    // Far below 0 the factor is 0, and so is the product.
    const double y = v < -40 ? -0.0 : 0.5 * v * std::erfc(-v / std::numbers::sqrt2);
    table[bits] = kernels::arith::stored(storage, static_cast<float>(y));
  }
  return table;
}

}  // namespace

Product::Product(const Linear& linear, std::int64_t first, std::int64_t in, bool with_bias,
                 const FrameworkNumbers& numbers, const std::string& name)
    : in_(in), out_(linear.out), storage_(numbers.storage) {
  ANE_CHECK(first + in <= linear.in, "columns of the matrix");
  kernels::Parameters p;
  p.cout = out_;
  p.cin = in_;
  p.format = numbers.weights;
  for (std::int64_t o = 0; o < out_; ++o)
    p.weights.insert(p.weights.end(), linear.weight.begin() + o * linear.in + first,
                     linear.weight.begin() + o * linear.in + first + in_);
  if (with_bias) p.bias = linear.bias;
  const std::int64_t blocks = (out_ + block - 1) / block;
  weight_.assign(static_cast<std::size_t>(blocks * in_ * block), 0.0f);
  bias_.assign(static_cast<std::size_t>(blocks * block), 0.0f);
  std::vector<double> w;
  if (const auto range = numbers.ranges.find(name); range != numbers.ranges.end()) {
    // Codes as floats: their sums are whole numbers below 2^24, exact in float32.
    constexpr std::int64_t most = (1 << 24) / (128 * 127);
    if (in_ > most)
      throw InputError(name, fmt::format("INT8 products of {} terms are not computed here", in_),
                       fmt::format("at most {}", most));
    const QuantisedLayer q = quantise_layer(p, range->second);
    input_scale_ = q.input_scale;
    w.assign(q.parameters.codes.begin(), q.parameters.codes.end());
    for (const kernels::arith::Half s : q.parameters.scale)
      scale_.push_back(static_cast<double>(kernels::arith::to_float(s)));
    bias8_.assign(q.parameters.bias8.begin(), q.parameters.bias8.end());
    bias8_.resize(scale_.size(), 0);
  } else {
    const kernels::Arithmetic& arithmetic = kernels::framework_arithmetic(storage_);
    w = arithmetic.weights(p, 1, 1);
    for (std::size_t o = 0; o < p.bias.size(); ++o)
      bias_[o] = static_cast<float>(arithmetic.constant(static_cast<double>(p.bias[o])));
  }
  for (std::int64_t o = 0; o < out_; ++o)
    for (std::int64_t k = 0; k < in_; ++k)
      weight_[static_cast<std::size_t>((o / block * in_ + k) * block + o % block)] =
          static_cast<float>(w[static_cast<std::size_t>(o * in_ + k)]);
}

void Product::operator()(const float* x, std::int64_t rows, float* y) const {
  std::vector<float> codes;
  if (!scale_.empty()) {
    codes.resize(static_cast<std::size_t>(rows * in_));
    for (std::size_t i = 0; i < codes.size(); ++i)
      codes[i] = static_cast<float>(
          std::clamp(std::nearbyint(static_cast<double>(x[i]) / input_scale_), -128.0, 127.0));
    x = codes.data();
  }
  // The last rows are copied into a full group; their neighbours' values do not matter.
  const std::int64_t whole = rows / rows_at_once * rows_at_once, rest = rows - whole;
  std::vector<float> x_rest, y_rest;
  if (rest) {
    x_rest.assign(static_cast<std::size_t>(rows_at_once * in_), 0.0f);
    y_rest.resize(static_cast<std::size_t>(rows_at_once * out_));
    std::copy(x + whole * in_, x + rows * in_, x_rest.begin());
  }
  for (std::int64_t o = 0; o < out_; o += block) {
    const float* w = weight_.data() + o * in_;
    const float* bias = bias_.data() + o;
    const std::int64_t width = std::min(block, out_ - o);
    for (std::int64_t r = 0; r < whole; r += rows_at_once)
      on_host<MultiplyRows>(x + r * in_, in_, w, bias, y + r * out_ + o, out_, width);
    if (rest) on_host<MultiplyRows>(x_rest.data(), in_, w, bias, y_rest.data() + o, out_, width);
  }
  if (rest) std::copy(y_rest.begin(), y_rest.begin() + rest * out_, y + whole * out_);
  if (!scale_.empty())
    for (std::int64_t i = 0; i < rows * out_; ++i) {
      const auto o = static_cast<std::size_t>(i % out_);
      y[i] = static_cast<float>((static_cast<double>(y[i]) + bias8_[o]) * scale_[o]);
    }
  kernels::arith::store(storage_, {y, static_cast<std::size_t>(rows * out_)});
}

void gelu(std::span<float> x, Storage storage) {
  if (storage == Storage::fp32) {
    static const std::array<double, terms> c = erf_series();
    on_host<Gelu>(x.data(), x.size(), c.data());
    return;
  }
  static const std::vector<float> half = gelu_table(Storage::fp16),
                                  brain = gelu_table(Storage::bf16);
  if (storage == Storage::fp16)
    for (float& v : x) v = half[kernels::arith::to_half(static_cast<double>(v)).bits];
  else
    for (float& v : x) v = brain[std::bit_cast<std::uint32_t>(v) >> 16];
}

void layer_norm(std::span<float> rows, const Norm& norm, Storage storage) {
  const std::size_t width = norm.weight.size();
  for (std::size_t r = 0; r < rows.size(); r += width) {
    const std::span<float> row = rows.subspan(r, width);
    double sum = 0, squares = 0;
    for (const float v : row) sum += static_cast<double>(v);
    const double mean = sum / static_cast<double>(width);
    for (const float v : row) {
      const double d = static_cast<double>(v) - mean;
      squares += d * d;
    }
    const double scale =
        1 / std::sqrt(squares / static_cast<double>(width) + static_cast<double>(norm_epsilon));
    for (std::size_t i = 0; i < width; ++i)
      row[i] = static_cast<float>((static_cast<double>(row[i]) - mean) * scale) *
                   kernels::arith::to_storage(storage, norm.weight[i]) +
               kernels::arith::to_storage(storage, norm.bias[i]);
  }
  kernels::arith::store(storage, rows);
}

void log_softmax(std::span<float> rows, std::int64_t width) {
  for (std::size_t r = 0; r < rows.size(); r += static_cast<std::size_t>(width)) {
    const std::span<float> row = rows.subspan(r, static_cast<std::size_t>(width));
    const float most = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const float v : row) sum += std::exp(static_cast<double>(v - most));
    const double log_sum = std::log(sum) + static_cast<double>(most);
    for (float& v : row) v = static_cast<float>(static_cast<double>(v) - log_sum);
  }
}

}  // namespace ane::workloads::mpnn
