// A second implementation of binary16: the compiler's _Float16. Clang 14 has it for no host here;
// there numbers are scaled by powers of two and rounded by the host's own double arithmetic.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/arith/half.h"

namespace ane::kernels::arith {

#ifdef __clang__

inline float compilers_float(Half h) {
  const int exponent = h.bits >> 10 & 31, fraction = h.bits & 1023;
  const float sign = (h.bits & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) return fraction != 0 ? NAN : sign * INFINITY;
  return sign * std::ldexp(static_cast<float>(exponent == 0 ? fraction : fraction + 1024),
                           std::max(exponent, 1) - 25);
}

inline Half compilers_half(double v) {
  if (std::isnan(v)) return half_nan;
  const auto sign = static_cast<std::uint16_t>(std::signbit(v) ? 0x8000 : 0);
  const auto signed_bits = [&](long bits) { return Half{static_cast<std::uint16_t>(bits | sign)}; };
  if (std::isinf(v)) return signed_bits(0x7c00);
  if (v == 0) return signed_bits(0);
  int exponent = 0;
  std::frexp(v, &exponent);
  const int last = std::max(exponent - 11, -24);  // of the last place
  // Where rounding carries into the next binade, the sum of both fields does as well.
  const long places = std::lrint(std::ldexp(std::fabs(v), -last));  // to nearest, ties to even
  return signed_bits(std::min(static_cast<long>(last + 24) * 1024 + places, 0x7c00L));
}

#else

inline float compilers_float(Half h) {
  return static_cast<float>(std::bit_cast<_Float16>(h));
}

inline Half compilers_half(double v) {
  return std::isnan(v) ? half_nan : std::bit_cast<Half>(static_cast<_Float16>(v));
}

#endif

}  // namespace ane::kernels::arith
