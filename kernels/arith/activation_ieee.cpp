// [I2] The correctly rounded binary16 value of the real function, from double precision: a double
// is 2^40 times finer than binary16, and no result of these functions lies so near a rounding
// boundary that its error decides (checked for all inputs against MPFR by the tests).
#include <cmath>
#include <limits>
#include <numbers>

#include "isa/error.h"
#include "kernels/arith/activation_profiles.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double value(Half h) {
  return static_cast<double>(to_float(h));
}

double clamped(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}

}  // namespace

double real_function(const Activation& a, double x) {
  switch (a.function) {
    case Function::none:
      return x;
    case Function::relu:
      return x > 0 ? x : 0;
    case Function::relu6:
      return clamped(x, 0, 6);
    case Function::leaky_relu:
      return x >= 0 ? x : value(a.alpha) * x;
    // As the formula says: a lower bound above the upper one loses.
    case Function::clip: {
      const double raised = x < value(a.alpha) ? value(a.alpha) : x;
      return raised > value(a.beta) ? value(a.beta) : raised;
    }
    case Function::hard_sigmoid:
      return clamped(value(a.alpha) * x + value(a.beta), 0, 1);
    case Function::hard_swish:
      return x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6;
    case Function::abs:
      return std::fabs(x);
    case Function::negate:
      return -x;
    case Function::sign:
      return x > 0 ? 1 : x < 0 ? -1 : 0;
    case Function::square:
      return x * x;
    case Function::floor:
      return std::floor(x);
    case Function::ceil:
      return std::ceil(x);
    case Function::round:
      return std::nearbyint(x);
    case Function::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Function::tanh:
      return std::tanh(x);
    // erfc keeps its digits where 1 + erf would cancel.
    case Function::gelu:
      return x == -infinity ? 0 : 0.5 * x * std::erfc(-x * std::numbers::sqrt2 / 2);
    case Function::silu:
      return x == -infinity ? 0 : x / (1 + std::exp(-x));
    case Function::softplus:
      return (x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x)));
    case Function::elu:
      return x >= 0 ? x : value(a.alpha) * std::expm1(x);
    case Function::erf:
      return std::erf(x);
    case Function::sin:
      return std::sin(x);
    case Function::cos:
      return std::cos(x);
    case Function::exp:
      return std::exp(x);
    case Function::log:
      return std::log(x);
    case Function::sqrt:
      return std::sqrt(x);
    case Function::rsqrt:
      return 1 / std::sqrt(x);
    case Function::reciprocal:
      return 1 / x;
  }
  ANE_CHECK(false, "function");
}

Half activate_ieee(const Activation& a, Half x) {
  if (is_nan(x)) return half_nan;
  return round_to_half(real_function(a, value(x)), Rounding::half_even);
}

}  // namespace ane::kernels::arith
