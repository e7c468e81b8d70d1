// binary16 as bits, and what the bits mean. Nothing here rounds: rounding happens in round.h, in
// one place.
#pragma once
#include <bit>
#include <cstdint>

namespace ane::kernels::arith {

struct Half {
  std::uint16_t bits = 0;
  friend constexpr bool operator==(Half, Half) = default;
};
static_assert(sizeof(Half) == 2);

inline constexpr Half half_infinity{0x7c00};
inline constexpr Half half_nan{0x7e00};  // the only NaN that any profile gives as a result

constexpr bool is_negative(Half h) {
  return (h.bits & 0x8000) != 0;
}
constexpr bool is_nan(Half h) {
  return (h.bits & 0x7fff) > 0x7c00;
}
constexpr bool is_infinite(Half h) {
  return (h.bits & 0x7fff) == 0x7c00;
}
constexpr bool is_zero(Half h) {
  return (h.bits & 0x7fff) == 0;
}

// A binary16 as exact integers: value = significand * 2^(exponent - 10), significand < 2048 and
// without its sign. Exponent field 31 is an ordinary binade here [N1]: 0x7C00 is 65536.
struct HalfParts {
  bool negative = false;
  std::int32_t significand = 0;
  int exponent = -14;  // of the leading bit; -14 for subnormals and zero [N1], [N2]
};
constexpr HalfParts parts(Half h) {
  const int field = (h.bits >> 10) & 31;
  const std::int32_t fraction = h.bits & 1023;
  return {is_negative(h), field == 0 ? fraction : fraction + 1024, field == 0 ? -14 : field - 15};
}

// [N1] Every bit pattern as a number, exponent field 31 as an ordinary binade: what the MAC array
// of ane16 sees. Exact.
constexpr double decode_ordinary(Half h) {
  const HalfParts p = parts(h);
  const double scale =
      std::bit_cast<double>(static_cast<std::uint64_t>(p.exponent - 10 + 1023) << 52);
  const double magnitude = p.significand * scale;
  return p.negative ? -magnitude : magnitude;
}

// The value in the sense of IEEE 754. Exact; every NaN becomes the one quiet NaN.
constexpr float to_float(Half h) {
  const std::uint32_t sign = static_cast<std::uint32_t>(h.bits & 0x8000) << 16;
  if (is_nan(h)) return std::bit_cast<float>(0x7fc00000u);
  if (is_infinite(h)) return std::bit_cast<float>(sign | 0x7f800000u);
  return static_cast<float>(decode_ordinary(h));
}

}  // namespace ane::kernels::arith
