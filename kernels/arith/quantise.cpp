#include "kernels/arith/quantise.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "isa/error.h"
#include "kernels/arith/oracle.h"
#include "kernels/arith/planar_select.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

void check(Half scale, int zero) {
  ANE_CHECK(!is_negative(scale) && !is_zero(scale) && scale.bits < half_infinity.bits,
            "a scale must be finite and greater than zero [Q3]");
  ANE_CHECK(zero >= -128 && zero <= 127, "a zero point is an int8");
}

std::int8_t clamped(std::int64_t code) {
  return static_cast<std::int8_t>(std::clamp<std::int64_t>(code, -128, 127));
}

}  // namespace

std::int8_t quantise(Half x, Half scale, int zero, const Profile& profile) {
  check(scale, zero);
  if (is_nan(x)) return 127;
  if (is_infinite(x)) return is_negative(x) ? -128 : 127;
  const HalfParts a = parts(x), s = parts(scale);
  // |x| / scale = n / d exactly; the exponents are at most 29 apart.
  const int shift = a.exponent - s.exponent;
  const std::int64_t n = std::int64_t{a.significand} << std::max(shift, 0);
  const std::int64_t d = std::int64_t{s.significand} << std::max(-shift, 0);
  std::int64_t quotient = n / d;
  const std::int64_t twice = 2 * (n % d);
  const bool tie_up = profile.rounding == Rounding::half_away || quotient % 2 != 0;
  if (twice > d || (twice == d && tie_up)) ++quotient;
  return clamped((a.negative ? -quotient : quotient) + zero);
}

Half dequantise(std::int8_t q, Half scale, int zero, const Profile& profile) {
  check(scale, zero);
  const HalfParts s = parts(scale);
  return round_to_half(std::int64_t{q - zero} * s.significand, s.exponent - 10, profile.rounding);
}

Half requantise(std::int64_t sum, Half scale, const Profile& profile) {
  ANE_CHECK(std::abs(sum) < std::int64_t{1} << 31, "an INT8 sum in range");
  const std::int64_t kept = profile.id == ProfileId::ane16 ? round_to_11_bits(sum) : sum;
  const HalfParts s = parts(scale);
  return round_to_half(kept * (s.negative ? -s.significand : s.significand), s.exponent - 10,
                       profile.rounding);
}

void quantise(std::span<const Half> x, Half scale, int zero, const Profile& profile,
              std::span<std::int8_t> q) {
  ANE_CHECK(x.size() == q.size(), "input and output differ in length");
  check(scale, zero);
  // Numbers of 11 bits: a quotient that float32 rounds is no nearer than 2^-22 of itself to a
  // half, so neither the division nor the rounding after it decides wrongly. NaN enters as
  // +infinity under both profiles.
  const Profile& machine = profile_named("ane16");
  const bool away = profile.rounding == Rounding::half_away;
  const float s = to_float(scale), offset = static_cast<float>(zero);
  constexpr std::size_t piece = 512;
  std::array<float, piece> wide;
  for (std::size_t i = 0; i < x.size(); i += piece) {
    const std::size_t n = std::min(piece, x.size() - i);
    planar_paths::widen(machine, &x[i], wide.data(), static_cast<std::int64_t>(n));
    for (std::size_t j = 0; j < n; ++j) {
      // Beyond 600 every zero point clamps; this keeps the conversion to int in range.
      const float v = std::min(std::max(wide[j] / s, -600.0F), 600.0F);
      // 1.5 * 2^23 makes float32's own last place the integers: half to even.
      const float rounded = away ? static_cast<float>(static_cast<int>(v + std::copysign(0.5F, v)))
                                 : (v + 12582912.0F) - 12582912.0F;
      const float code = std::min(std::max(rounded + offset, -128.0F), 127.0F);
      q[i + j] = static_cast<std::int8_t>(static_cast<int>(code));
    }
  }
}

void dequantise(std::span<const std::int8_t> q, Half scale, int zero, const Profile& profile,
                std::span<Half> y) {
  ANE_CHECK(q.size() == y.size(), "input and output differ in length");
  std::array<Half, 256> value;
  for (int code = -128; code < 128; ++code)
    value[static_cast<std::size_t>(code + 128)] =
        dequantise(static_cast<std::int8_t>(code), scale, zero, profile);
  for (std::size_t i = 0; i < q.size(); ++i) y[i] = value[static_cast<std::size_t>(q[i] + 128)];
}

Half symmetric_scale(double largest, int largest_code) {
  const Half scale = to_half(largest / largest_code);
  return is_zero(scale) ? Half{1} : scale;
}

}  // namespace ane::kernels::arith
