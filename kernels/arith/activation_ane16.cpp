// [N9] The activation tables of ane16, and the functions that need none. 33 knots are samples of
// the real function rounded to binary16; between them the machine interpolates in float32, every
// operation rounded to nearest even in the order written here, and the result is rounded half away
// to binary16 once.
//
// Domains and steps of sigmoid, tanh, gelu, silu, erf, sin, exp, log, sqrt, rsqrt and reciprocal
// are those measured (751K M6 study, by docs/numerics.md); so is where softplus ends (M4 and M5):
// it is log(1 + exp(x)), and what passes the accumulator's range [N4] gives 0. Ours, without
// evidence: the table of softplus, elu (same kind of table), cos (the table of sin a quarter period
// on), sin and cos of infinity (+0), which two octaves sqrt and rsqrt use ([1, 4)), and that the
// range reductions are exact up to float32.
#include <cmath>
#include <limits>
#include <numbers>

#include "isa/error.h"
#include "kernels/arith/activation_profiles.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

using Outside = KnotTable::Outside;
using Reduction = KnotTable::Reduction;
constexpr float pi_over_64 = static_cast<float>(std::numbers::pi / 64);
constexpr Half log_of_zero{0xf98c};                                               // -45440 [P1]
constexpr float log_of_accumulator = static_cast<float>(15 * std::numbers::ln2);  // of 32768 [N4]
static_assert(to_float(log_of_zero) == -45440.0F);

// origin, step, what lies outside and how the argument is reduced; knots are sampled afterwards.
KnotTable layout(Function f) {
  switch (f) {
    case Function::sigmoid:
      return {f, -8, 0.5F};
    case Function::tanh:
      return {f, 0, 0.125F, {}, {}, {}, Reduction::odd};
    case Function::gelu:
      return {f, -4, 0.25F, {}, Outside::zero, Outside::identity};
    case Function::silu:
      return {f, -8, 0.5F, {}, Outside::zero, Outside::identity};
    case Function::softplus:
      return {f, -8, 0.5F, {}, Outside::zero, Outside::identity};
    case Function::elu:
      return {f, -8, 0.25F, {}, Outside::end_knot, Outside::identity};
    case Function::erf:
      return {f, 0, 0.0625F, {}, {}, {}, Reduction::odd};
    case Function::sin:
    case Function::cos:
      return {f, 0, pi_over_64, {}, {}, {}, Reduction::quarter_period};
    case Function::exp:
      return {f, 0, 1.0F / 32, {}, {}, {}, Reduction::exp2_fraction};
    case Function::log:
      return {f, 0.5F, 1.0F / 64, {}, {}, {}, Reduction::log2_mantissa};
    case Function::sqrt:
    case Function::rsqrt:
      return {f, 1, 3.0F / 32, {}, {}, {}, Reduction::two_octaves};
    case Function::reciprocal:
      return {f, 1, 1.0F / 32, {}, {}, {}, Reduction::one_octave};
    default:
      ANE_CHECK(false, "a function without a table");
  }
}

// What a knot holds at v.
double sampled(const Activation& a, double v, int index) {
  switch (a.function) {
    case Function::sin:
    case Function::cos:
      return std::sin(index * std::numbers::pi / 64);
    case Function::exp:
      return std::exp2(v);
    case Function::log:
      return std::log2(v);
    default:
      return real_function(a, v);
  }
}

// seg = clamp(floor((v - origin) / step)), y = k[seg] + (k[seg + 1] - k[seg]) * frac, in float32.
float interpolated(const KnotTable& t, float v) {
  const float position = (v - t.origin) / t.step;
  const float floored = std::floor(position);
  const float segment = floored < 0 ? 0.0F : floored > 31 ? 31.0F : floored;
  const auto s = static_cast<std::size_t>(segment);
  const float low = to_float(t.knots[s]), high = to_float(t.knots[s + 1]);
  return low + (high - low) * (position - segment);
}

Half rounded(double exact) {
  return round_to_half(exact, Rounding::half_away);
}
Half rounded(float exact) {
  return rounded(static_cast<double>(exact));
}

// No reduction: the domain, and what is said to lie outside it.
Half plain(const KnotTable& t, float v) {
  const auto outside = [&](Outside o, Half knot) {
    return o == Outside::identity ? rounded(v) : o == Outside::zero ? Half{0} : knot;
  };
  if (t.function == Function::softplus && v >= log_of_accumulator) return {0};
  if (v < t.origin) return outside(t.below, t.knots.front());
  if (v > t.origin + 32 * t.step) return outside(t.above, t.knots.back());
  return rounded(interpolated(t, v));
}

Half odd(const KnotTable& t, float v) {
  const Half magnitude = plain(t, std::fabs(v));
  return v < 0 ? rounded(-to_float(magnitude)) : magnitude;
}

// sin by quadrants of |x|; cos is sin one quadrant on.
Half periodic(const KnotTable& t, float v) {
  if (std::isinf(v)) return {0};
  const double quarter = std::numbers::pi / 2;
  const double turns = std::floor(std::fabs(static_cast<double>(v)) / quarter);
  const double rest = std::fabs(static_cast<double>(v)) - turns * quarter;
  int quadrant = static_cast<int>(std::fmod(turns, 4.0));
  bool negative = v < 0;
  if (t.function == Function::cos) quadrant = (quadrant + 1) % 4, negative = false;
  const double r = quadrant % 2 == 0 ? rest : quarter - rest;
  const float y = interpolated(t, static_cast<float>(r));
  return rounded((quadrant >= 2) != negative ? -y : y);
}

Half exponential(const KnotTable& t, float v) {
  if (std::isinf(v)) return v < 0 ? Half{0} : half_infinity;
  const float scaled = v * std::numbers::log2e_v<float>;
  const float whole = std::floor(scaled);
  const float y = interpolated(t, scaled - whole);
  return rounded(std::ldexp(static_cast<double>(y), static_cast<int>(whole)));
}

Half logarithm(const KnotTable& t, float v) {
  if (v < 0) return {0};
  if (v == 0) return log_of_zero;
  if (std::isinf(v)) return half_infinity;
  int exponent = 0;
  const float m = std::frexp(v, &exponent);
  const float log2 = interpolated(t, m) + static_cast<float>(exponent);
  return rounded(log2 * std::numbers::ln2_v<float>);
}

// sqrt and rsqrt: v = m * 4^n.
Half root(const KnotTable& t, float v) {
  const bool reciprocal = t.function == Function::rsqrt;
  if (v < 0) return {0};
  if (v == 0) return reciprocal ? half_infinity : Half{0};
  if (std::isinf(v)) return reciprocal ? Half{0} : half_infinity;
  const int n = std::ilogb(v) >> 1;  // floor of half the exponent, negative ones too
  const float y = interpolated(t, std::ldexp(v, -2 * n));
  return rounded(std::ldexp(static_cast<double>(y), reciprocal ? -n : n));
}

Half inverse(const KnotTable& t, float v) {
  if (v == 0) return half_infinity;
  if (std::isinf(v)) return {0};
  const int n = std::ilogb(v);
  const auto y = static_cast<double>(interpolated(t, std::ldexp(std::fabs(v), -n)));
  return rounded(std::ldexp(v < 0 ? -y : y, -n));
}

Half by_table(const KnotTable& t, float v) {
  switch (t.reduction) {
    case Reduction::none:
      return plain(t, v);
    case Reduction::odd:
      return odd(t, v);
    case Reduction::quarter_period:
      return periodic(t, v);
    case Reduction::exp2_fraction:
      return exponential(t, v);
    case Reduction::log2_mantissa:
      return logarithm(t, v);
    case Reduction::one_octave:
      return inverse(t, v);
    case Reduction::two_octaves:
      return root(t, v);
  }
  ANE_CHECK(false, "reduction");
}

// As the planar engine reads a parameter or an input [P1].
double planar_value(Half h) {
  return is_nan(h) ? std::numeric_limits<double>::infinity() : static_cast<double>(to_float(h));
}

}  // namespace

KnotTable make_knot_table(const Activation& a) {
  KnotTable t = layout(a.function);
  for (int i = 0; i < 33; ++i) {
    const double at = static_cast<double>(t.origin) + i * static_cast<double>(t.step);
    t.knots[static_cast<std::size_t>(i)] = rounded(sampled(a, at, i));
  }
  return t;
}

Half activate_ane16(const Activation& a, const KnotTable* knots, Half x) {
  const double v = planar_value(x);
  if (knots != nullptr) return by_table(*knots, static_cast<float>(v));
  const Activation read{a.function, is_nan(a.alpha) ? half_infinity : a.alpha,
                        is_nan(a.beta) ? half_infinity : a.beta};
  switch (a.function) {
    case Function::round:
      return rounded(std::round(v));
    // Two operations of the planar engine, each with a binary16 result [P1].
    case Function::hard_swish: {
      if (std::isinf(v)) return v < 0 ? Half{0} : half_infinity;
      const Activation sixth{Function::hard_sigmoid, to_half(1.0 / 6), to_half(0.5)};
      return rounded(v * planar_value(rounded(real_function(sixth, v))));
    }
    case Function::leaky_relu:
    case Function::hard_sigmoid: {
      const double y = real_function(read, v);
      return std::isnan(y) ? Half{0} : rounded(y);  // 0 * inf is +0 [P1]
    }
    default:
      return rounded(real_function(read, v));
  }
}

}  // namespace ane::kernels::arith
