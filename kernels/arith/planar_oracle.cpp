// The planar engine by exact integers [P1], [P2].
#include <cmath>

#include "isa/error.h"
#include "kernels/arith/activation.h"
#include "kernels/arith/planar.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;
constexpr Half one{0x3c00};

// [P1] what the engine of ane16 sees: no NaN and no -0.
Half entering(Half h, bool ane16) {
  if (!ane16) return h;
  return is_nan(h) ? half_infinity : is_zero(h) ? Half{0} : h;
}

Half infinity(bool negative) {
  return {static_cast<std::uint16_t>(half_infinity.bits | (negative ? 0x8000 : 0))};
}

Half invalid(bool ane16) {
  return ane16 ? Half{0} : half_nan;
}

Half signed_zero(bool negative) {
  return {static_cast<std::uint16_t>(negative ? 0x8000 : 0)};
}

// A finite value in units of 2^-24, the last place of subnormals.
std::int64_t units(Half h) {
  const HalfParts p = parts(h);
  const std::int64_t magnitude = std::int64_t{p.significand} << (p.exponent + 14);
  return p.negative ? -magnitude : magnitude;
}

// value * 2^exponent, of up to 127 bits: what is below the upper 64 becomes one sticky bit.
Half round_wide(Int128 value, int exponent, Rounding rounding) {
  const bool negative = value < 0;
  auto magnitude = static_cast<Uint128>(negative ? -value : value);
  bool sticky = false;
  while (magnitude >> 62 != 0) {
    sticky = sticky || (magnitude & 1) != 0;
    magnitude >>= 1;
    ++exponent;
  }
  const auto kept = static_cast<std::uint64_t>(magnitude) << 1;
  return round_to_half(negative, kept | (sticky ? 1 : 0), exponent - 1, rounding);
}

Half sum(Half a, Half b, bool ane16, Rounding rounding) {
  if (is_nan(a) || is_nan(b)) return half_nan;
  if (is_infinite(a) || is_infinite(b)) {
    if (is_infinite(a) && is_infinite(b) && is_negative(a) != is_negative(b)) return invalid(ane16);
    return is_infinite(a) ? a : b;
  }
  const std::int64_t exact = units(a) + units(b);
  // Only -0 + -0 is -0 (half to even has no other way to it).
  if (exact == 0) return signed_zero(!ane16 && is_negative(a) && is_negative(b));
  return round_to_half(exact, -24, rounding);
}

Half negated(Half h) {
  return {static_cast<std::uint16_t>(h.bits ^ 0x8000)};
}

Half product(Half a, Half b, bool ane16, Rounding rounding) {
  if (is_nan(a) || is_nan(b)) return half_nan;
  const bool negative = is_negative(a) != is_negative(b);
  if (is_infinite(a) || is_infinite(b))
    return is_zero(a) || is_zero(b) ? invalid(ane16) : infinity(negative);
  const HalfParts p = parts(a), q = parts(b);
  return round_to_half(negative, static_cast<std::uint64_t>(p.significand * q.significand),
                       p.exponent + q.exponent - 20, rounding);
}

Half quotient(Half a, Half b, Rounding rounding) {
  if (is_nan(a) || is_nan(b)) return half_nan;
  const bool negative = is_negative(a) != is_negative(b);
  if ((is_infinite(a) && is_infinite(b)) || (is_zero(a) && is_zero(b))) return half_nan;
  if (is_infinite(a) || is_zero(b)) return infinity(negative);
  if (is_infinite(b)) return signed_zero(negative);
  const HalfParts p = parts(a), q = parts(b);
  const std::uint64_t n = static_cast<std::uint64_t>(p.significand) << 40;
  const auto d = static_cast<std::uint64_t>(q.significand);
  const std::uint64_t sticky = n % d != 0 ? 1 : 0;
  return round_to_half(negative, n / d << 1 | sticky, p.exponent - q.exponent - 41, rounding);
}

Half product_sum(Half a, Half b, Half c, bool ane16, Rounding rounding) {
  if (is_nan(a) || is_nan(b) || is_nan(c)) return half_nan;
  if (is_infinite(a) || is_infinite(b)) {
    if (is_zero(a) || is_zero(b)) return ane16 ? c : half_nan;  // 0 * inf is +0 in ane16
    return sum(infinity(is_negative(a) != is_negative(b)), c, ane16, rounding);
  }
  if (is_infinite(c)) return c;
  const Int128 exact = Int128{units(a)} * units(b) + (Int128{units(c)} << 24);
  if (exact == 0) {
    const bool negative_product = is_negative(a) != is_negative(b);
    const bool both_zero = (is_zero(a) || is_zero(b)) && is_zero(c);
    return signed_zero(!ane16 && both_zero && negative_product && is_negative(c));
  }
  return round_wide(exact, -48, rounding);
}

// Numbers of binary16 order as their bits do, once the negative ones are turned around.
int order(Half h) {
  const int magnitude = h.bits & 0x7fff;
  return is_negative(h) ? -magnitude : magnitude;
}

Half extreme(Half a, Half b, bool largest) {
  if (is_nan(a) || is_nan(b)) return half_nan;
  if (order(a) == order(b)) return is_negative(a) == largest ? b : a;  // zeros of both signs
  return (order(a) > order(b)) == largest ? a : b;
}

bool holds(PlanarOp op, Half a, Half b) {
  if (is_nan(a) || is_nan(b)) return op == PlanarOp::not_equal;
  switch (op) {
    case PlanarOp::equal:
      return order(a) == order(b);
    case PlanarOp::not_equal:
      return order(a) != order(b);
    case PlanarOp::less:
      return order(a) < order(b);
    case PlanarOp::less_equal:
      return order(a) <= order(b);
    case PlanarOp::greater:
      return order(a) > order(b);
    default:
      return order(a) >= order(b);
  }
}

}  // namespace

std::string_view name(PlanarOp op) {
  static constexpr std::string_view names[planar_ops] = {
      "add",       "sub",  "mul",        "div",     "max",           "min",    "equal",
      "not_equal", "less", "less_equal", "greater", "greater_equal", "muladd", "select"};
  return names[static_cast<std::size_t>(op)];
}

std::string_view name(Reduction r) {
  static constexpr std::string_view names[reductions] = {"sum", "mean",        "max",
                                                         "min", "sum_squares", "mean_squares"};
  return names[static_cast<std::size_t>(r)];
}

Half planar_oracle(PlanarOp op, const Profile& profile, Half a, Half b, Half c) {
  const bool ane16 = profile.id == ProfileId::ane16;
  const Rounding r = profile.rounding;
  a = entering(a, ane16), b = entering(b, ane16), c = entering(c, ane16);
  switch (op) {
    case PlanarOp::add:
      return sum(a, b, ane16, r);
    case PlanarOp::sub:
      return sum(a, negated(b), ane16, r);
    case PlanarOp::mul:
      return product(a, b, ane16, r);
    case PlanarOp::div:
      if (!ane16) return quotient(a, b, r);
      return product(a, activate_oracle(profile, activation(Function::reciprocal), b), ane16, r);
    case PlanarOp::max:
      return extreme(a, b, true);
    case PlanarOp::min:
      return extreme(a, b, false);
    case PlanarOp::equal:
    case PlanarOp::not_equal:
    case PlanarOp::less:
    case PlanarOp::less_equal:
    case PlanarOp::greater:
    case PlanarOp::greater_equal:
      return holds(op, a, b) ? one : Half{0};
    case PlanarOp::muladd:
      return product_sum(a, b, c, ane16, r);
    case PlanarOp::select: {
      const Half chosen = is_zero(a) ? c : b;
      return is_nan(chosen) ? half_nan : chosen;
    }
  }
  ANE_CHECK(false, "planar operation");
}

Half reduce_oracle(Reduction r, const Profile& profile, const Half* x, std::int64_t count,
                   std::int64_t stride) {
  ANE_CHECK(count > 0, "a reduction of nothing");
  const bool ane16 = profile.id == ProfileId::ane16;
  Half extreme_value = entering(x[0], ane16);
  const bool squares = r == Reduction::sum_squares || r == Reduction::mean_squares;
  float total = 0;  // [P2]
  for (std::int64_t k = 0; k < count; ++k) {
    const Half h = entering(x[k * stride], ane16);
    const float v = to_float(h);
    if (r == Reduction::max || r == Reduction::min)
      extreme_value = extreme(extreme_value, h, r == Reduction::max);
    else
      total += squares ? v * v : v;  // v * v is exact
  }
  if (r == Reduction::max || r == Reduction::min) return extreme_value;
  if (r == Reduction::mean || r == Reduction::mean_squares) total /= static_cast<float>(count);
  if (std::isnan(total)) return invalid(ane16);
  return round_to_half(static_cast<double>(total), profile.rounding);
}

std::int64_t argmax(const Profile& profile, const Half* x, std::int64_t count,
                    std::int64_t stride) {
  ANE_CHECK(count > 0, "argmax of nothing");
  const bool ane16 = profile.id == ProfileId::ane16;
  const auto rank = [&](std::int64_t k) {
    const Half h = entering(x[k * stride], ane16);
    return is_nan(h) ? 0x8000 : order(h);
  };
  std::int64_t best = 0;
  for (std::int64_t k = 1; k < count; ++k)
    if (rank(k) > rank(best)) best = k;
  return best;
}

}  // namespace ane::kernels::arith
