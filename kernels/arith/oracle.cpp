#include "kernels/arith/oracle.h"

#include <cmath>

#include "isa/error.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

constexpr std::int64_t overflow_at = std::int64_t{1} << 31;  // [N4] in units, [Q1] in products
constexpr int unit_exponent = -16;                           // [N3]
constexpr int lowest_product = -16;                          // [N2]

// significand * 2^exponent in units of 2^-16, half away from zero.
std::int64_t to_units(std::int64_t significand, int exponent) {
  const int shift = unit_exponent - exponent;
  if (shift <= 0) return significand << -shift;
  return (significand + (std::int64_t{1} << (shift - 1))) >> shift;
}

// [N3]
std::int64_t preload(Half bias) {
  const HalfParts b = parts(bias);
  const std::int64_t units = to_units(b.significand, b.exponent - 10);
  return b.negative ? -units : units;
}

bool beyond(std::int64_t sum) {
  return sum >= overflow_at || sum <= -overflow_at;
}

Half infinity_of(std::int64_t sum) {
  return {static_cast<std::uint16_t>(half_infinity.bits | (sum < 0 ? 0x8000 : 0))};
}

// value * 2^exponent * scale, the scale taken exactly and by [N1]; one rounding.
Half scaled(std::int64_t value, int exponent, std::optional<Half> scale, Rounding rounding) {
  if (!scale) return round_to_half(value, exponent, rounding);
  const HalfParts s = parts(*scale);
  const std::int64_t factor = s.negative ? -s.significand : s.significand;
  return round_to_half(value * factor, exponent + s.exponent - 10, rounding);
}

MacResult mac_fixed_point(std::span<const Half> x, std::span<const Half> w,
                          std::optional<Half> bias, std::optional<Half> scale, Rounding rounding) {
  MacResult r;
  std::int64_t sum = bias ? preload(*bias) : 0;
  for (std::size_t k = 0; k < x.size() && !beyond(sum); ++k) {
    const HalfParts a = parts(x[k]), b = parts(w[k]);
    const std::int64_t product = std::int64_t{a.significand} * b.significand;
    if (product == 0) continue;                      // [N6]
    if (a.exponent + b.exponent < lowest_product) {  // [N2]
      ++r.dropped;
      continue;
    }
    const std::int64_t units = to_units(product, a.exponent + b.exponent - 20);
    if (units == 0) ++r.underflowed;
    sum += a.negative != b.negative ? -units : units;
  }
  r.accumulator = sum;
  r.overflowed = beyond(sum);                                                               // [N4]
  r.value = r.overflowed ? infinity_of(sum) : scaled(sum, unit_exponent, scale, rounding);  // [N5]
  return r;
}

// [I1]
MacResult mac_float(std::span<const Half> x, std::span<const Half> w, std::optional<Half> bias,
                    std::optional<Half> scale, Rounding rounding) {
  MacResult r;
  float sum = bias ? to_float(*bias) : 0.0F;
  // Fused: a product of two 11-bit significands is exact in float32, so only the sum rounds.
  for (std::size_t k = 0; k < x.size(); ++k) sum += to_float(x[k]) * to_float(w[k]);
  r.accumulator32 = sum;
  // 24 by 11 bits: exact in double, so that the scale adds no rounding.
  double value = static_cast<double>(sum);
  if (scale) value *= static_cast<double>(to_float(*scale));
  r.value = round_to_half(value, rounding);
  r.overflowed = std::isinf(sum);
  return r;
}

}  // namespace

MacResult mac_oracle(const Profile& profile, std::span<const Half> x, std::span<const Half> w,
                     std::optional<Half> bias, std::optional<Half> scale) {
  ANE_CHECK(x.size() == w.size(), "inputs and weights differ in length");
  switch (profile.id) {
    case ProfileId::ane16:
      return mac_fixed_point(x, w, bias, scale, profile.rounding);
    case ProfileId::ieee:
      return mac_float(x, w, bias, scale, profile.rounding);
  }
  ANE_CHECK(false, "profile");
}

MacResult mac8_oracle(std::span<const std::int8_t> x, std::span<const std::int8_t> w,
                      std::int32_t x_zero, std::int32_t w_zero, std::int32_t bias, Half scale,
                      const Profile& profile) {
  ANE_CHECK(x.size() == w.size(), "inputs and weights differ in length");
  const bool ieee = profile.id == ProfileId::ieee;
  MacResult r;
  std::int64_t weights = 0;
  for (const std::int8_t v : w) weights += v - w_zero;
  std::int64_t sum = bias - x_zero * weights;  // [Q1]
  for (std::size_t k = 0; k < x.size() && !beyond(sum); ++k)
    sum += std::int64_t{x[k]} * (w[k] - w_zero);
  r.accumulator = sum;
  r.overflowed = beyond(sum);
  if (r.overflowed) {
    r.value = infinity_of(sum);
  } else if (ieee) {
    r.value = round_to_half(static_cast<double>(sum) * static_cast<double>(to_float(scale)),
                            profile.rounding);
  } else {
    r.value = scaled(round_to_11_bits(sum), 0, scale, profile.rounding);  // [Q2]
  }
  return r;
}

}  // namespace ane::kernels::arith
