// Rounding to binary16: the one place where it happens. Everything that becomes a binary16 value in
// this project passes through here; the vector units of the fast paths are tested against it.
//
// Overflow [N5]: a magnitude of 65536 or more after rounding is infinity, under both roundings.
// half_away is the rounding unit of ane16, and has its zero: -0 becomes +0 [N5], and NaN, which
// that machine does not know, becomes +infinity [P1]. half_even is IEEE 754: -0 stays, NaN is
// half_nan.
#pragma once
#include <bit>
#include <cstdint>

#include "kernels/arith/half.h"
#include "kernels/arith/profile.h"

namespace ane::kernels::arith {

// magnitude * 2^exponent, negated if `negative`, rounded once. Any exponent.
constexpr Half round_to_half(bool negative, std::uint64_t magnitude, int exponent,
                             Rounding rounding) {
  const auto sign = static_cast<std::uint16_t>(negative ? 0x8000 : 0);
  const Half zero{rounding == Rounding::half_even ? sign : std::uint16_t{0}};
  if (magnitude == 0) return zero;
  const int leading = 63 - std::countl_zero(magnitude) + exponent;
  if (leading > 15) return {static_cast<std::uint16_t>(sign | half_infinity.bits)};
  const int binade = leading < -14 ? -14 : leading;
  const int shift = binade - 10 - exponent;  // bits that fall below the result's last place
  std::uint64_t kept = 0;
  if (shift <= 0) {
    kept = magnitude << -shift;
  } else if (shift <= 64) {
    kept = shift == 64 ? 0 : magnitude >> shift;
    const std::uint64_t half = std::uint64_t{1} << (shift - 1);
    const std::uint64_t rest = magnitude & (half | (half - 1));
    if (rest > half || (rest == half && (rounding == Rounding::half_away || (kept & 1) != 0)))
      ++kept;
  }
  if (kept == 0) return zero;
  // The leading bit of a normal number (1024) carries into the exponent field, and so does a
  // significand that rounding has brought to the next binade, up to infinity.
  const auto field = static_cast<std::uint64_t>(binade + 14) << 10;
  return {static_cast<std::uint16_t>(sign | (field + kept))};
}

// magnitude with sign, times 2^exponent.
constexpr Half round_to_half(std::int64_t value, int exponent, Rounding rounding) {
  const auto bits = static_cast<std::uint64_t>(value);
  return round_to_half(value < 0, value < 0 ? std::uint64_t{0} - bits : bits, exponent, rounding);
}

// `exact` must be the exact result of what is being rounded (or the nearest double to a real number
// that no double nor binary16 tie equals); then this is its only rounding.
constexpr Half round_to_half(double exact, Rounding rounding) {
  const auto bits = std::bit_cast<std::uint64_t>(exact);
  const bool negative = (bits >> 63) != 0;
  const int field = static_cast<int>((bits >> 52) & 2047);
  const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
  if (field == 2047) {
    if (fraction != 0) return rounding == Rounding::half_even ? half_nan : half_infinity;
    return {static_cast<std::uint16_t>((negative ? 0x8000 : 0) | half_infinity.bits)};
  }
  if (field == 0) return round_to_half(negative, fraction, -1074, rounding);
  return round_to_half(negative, fraction | (std::uint64_t{1} << 52), field - 1075, rounding);
}

// Host data enters the machine as the nearest binary16, ties to even, as every host library does
// it; this is a conversion before the machine, not one of its roundings.
constexpr Half to_half(double host_value) {
  return round_to_half(host_value, Rounding::half_even);
}

// [Q2] A sum as 11 significant bits, half away from zero, exponent unbounded.
constexpr std::int64_t round_to_11_bits(std::int64_t sum) {
  const auto bits = static_cast<std::uint64_t>(sum);
  const std::uint64_t magnitude = sum < 0 ? std::uint64_t{0} - bits : bits;
  const int shift = 64 - std::countl_zero(magnitude) - 11;
  if (shift <= 0) return sum;
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  const auto rounded = static_cast<std::int64_t>(((magnitude + half) >> shift) << shift);
  return sum < 0 ? -rounded : rounded;
}

}  // namespace ane::kernels::arith
