#include "workloads/model/ops/codes/codes.h"

#include <algorithm>
#include <cmath>

#include "kernels/arith/round.h"

namespace ane::workloads::model::ops {
namespace {

double as_half(double x) {
  return static_cast<double>(kernels::arith::to_float(kernels::arith::to_half(x)));
}

// The smallest binary16 that is no smaller, of a positive number.
double half_above(double x) {
  kernels::arith::Half h = kernels::arith::to_half(x);
  if (static_cast<double>(kernels::arith::to_float(h)) < x) ++h.bits;
  return static_cast<double>(kernels::arith::to_float(h));
}

}  // namespace

std::optional<Why> coding_of(const Use& u, std::size_t scale, std::size_t zero, Dtype codes,
                             Coding& coding) {
  if (codes != Dtype::u8 && codes != Dtype::i8)
    return Why{"I2", "codes of more than eight bits: the accelerator's have eight", "",
               "int8 or uint8 codes"};
  if (!u.known(scale) || (u.has(zero) && !u.known(zero)))
    return Why{"I3", "a scale that is computed: the accelerator's stand in its tasks", "",
               "static scales, calibrated before; or INT8 weights alone"};
  const Data s = values_of(u.in(scale)), z = u.has(zero) ? values_of(u.in(zero)) : nullptr;
  if (s->size() != 1 || (z != nullptr && z->size() != 1))
    return Why{"I4", "scales for parts of a tensor that is computed: the accelerator has one", "",
               "one scale a tensor"};
  coding.scale = s->number(0);
  coding.zero = static_cast<int>(z != nullptr ? z->number(0) : 0) - code_shift(codes);
  if (!(as_half(coding.scale) > 0 && coding.scale <= 65504) || coding.zero < -128 ||
      coding.zero > 127)
    return Why{"I5",
               "a scale or zero point that the accelerator's codes cannot have: scales are "
               "binary16 above zero",
               "", "a scale between 6e-8 and 65504"};
  return std::nullopt;
}

std::optional<CodedOperand> coded_operand(const Use& u, const Mapper& m, std::size_t x) {
  if (u.known(x)) return std::nullopt;
  const BoundNode* from = m.maker(x);
  if (from == nullptr ||
      (from->op->name != "DequantizeLinear" && from->op->name != "com.microsoft.DequantizeLinear"))
    return std::nullopt;
  CodedOperand c;
  c.from = from;
  const Use dequantises = m.use_of(*from);
  if (dequantises.known(0) ||
      coding_of(dequantises, 1, 2, dequantises.dtype(0), c.coding).has_value())
    return std::nullopt;
  return c;
}

std::optional<Coded> code_weights(const Coded& w, std::size_t channel) {
  const Dtype type = w.codes.type.dtype;
  if (type != Dtype::i8 && type != Dtype::u8) return std::nullopt;
  const Shape& shape = w.codes.type.shape;
  const auto fits = [&](const Array& a) {
    return a.size() == 1 ||
           (w.axis == channel && channel < shape.size() && a.size() == shape[channel]);
  };
  if (!fits(*w.scales) || (w.zeros != nullptr && !fits(*w.zeros))) return std::nullopt;
  const int shift = code_shift(type);
  if (w.zeros == nullptr ? shift != 0 : std::ranges::any_of(w.zeros->i, [&](std::int64_t z) {
        return z != shift;
      }))
    return std::nullopt;
  return w;
}

Reals dequantised_values(const Coded& w) {
  const Data codes = values_of(w.codes);
  const Around a = w.scales->size() == 1 ? Around{} : around(codes->type.shape, w.axis);
  Reals out;
  for (std::int64_t k = 0; k < codes->size(); ++k) {
    const std::int64_t at = w.scales->size() == 1 ? 0 : k / a.after % a.extent;
    const double zero = w.zeros == nullptr ? 0 : w.zeros->number(w.zeros->size() == 1 ? 0 : at);
    out.push_back(static_cast<float>((codes->number(k) - zero) * w.scales->number(at)));
  }
  return out;
}

void take_codes(kernels::Parameters& p, const Coded& w, const Coding& x, bool turned,
                const Reals* bias, bool values) {
  p.format = isa::KernelFormat::i8;
  p.has_bias = bias != nullptr;
  p.zero_in = x.zero;
  if (!values) return;
  const int shift = code_shift(w.codes.type.dtype);
  const Data codes = values_of(w.codes);
  const auto channels = static_cast<std::size_t>(p.cout);
  const std::size_t run = static_cast<std::size_t>(p.count()) / channels;
  const double input = as_half(x.scale);
  p.codes.resize(run * channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const double own = w.scales->number(w.scales->size() == 1 ? 0 : static_cast<std::int64_t>(c)),
                 exact = input * own;
    const auto code_at = [&](std::size_t i) {
      return static_cast<double>(codes->i[turned ? i * channels + c : c * run + i] - shift);
    };
    double largest = 0;
    for (std::size_t i = 0; i < run; ++i) largest = std::max(largest, std::fabs(code_at(i)));
    // Large enough for all codes and for the bias in 32 bits.
    const double least =
        std::max(exact * largest / 127.49,
                 bias != nullptr ? std::fabs(static_cast<double>((*bias)[c])) / 2147483000.0 : 0);
    double factor = std::max(as_half(exact), std::ldexp(1.0, -24));
    if (factor < least) factor = half_above(least);
    p.scale.push_back(kernels::arith::to_half(factor));
    for (std::size_t i = 0; i < run; ++i) {
      const double code = code_at(i);
      p.codes[c * run + i] =
          static_cast<std::int8_t>(std::clamp(std::round(code * exact / factor), -128.0, 127.0));
    }
    if (bias != nullptr)
      p.bias8.push_back(static_cast<std::int32_t>(std::clamp(
          std::round(static_cast<double>((*bias)[c]) / factor), -2147483647.0, 2147483647.0)));
  }
}

}  // namespace ane::workloads::model::ops
