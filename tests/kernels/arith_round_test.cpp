// Rounding to binary16 against a second implementation: the compiler's _Float16 for half to even,
// and a search among neighbouring values for half away from zero.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/arith/round.h"
#include "tests/kernels/compilers_half.h"

namespace ane::kernels::arith {
namespace {

// Nearest value by comparing distances in long double (64-bit significand); ties to larger
// magnitude.
Half away_by_search(double v) {
  const double m = std::fabs(v);
  std::uint16_t low = 0, high = 0x7c00;  // decode_ordinary(0x7c00) is 65536, where overflow begins
  while (high - low > 1) {
    const auto middle = static_cast<std::uint16_t>((low + high) / 2);
    (decode_ordinary(Half{middle}) <= m ? low : high) = middle;
  }
  const long double below = static_cast<long double>(m) - decode_ordinary(Half{low});
  const long double above = static_cast<long double>(decode_ordinary(Half{high})) - m;
  const std::uint16_t nearest = above <= below ? high : low;
  if (nearest == 0) return {0};
  return {static_cast<std::uint16_t>(nearest | (std::signbit(v) ? 0x8000 : 0))};
}

void expect_both(double v) {
  EXPECT_EQ(round_to_half(v, Rounding::half_even).bits, compilers_half(v).bits) << v;
  EXPECT_EQ(round_to_half(v, Rounding::half_away).bits, away_by_search(v).bits) << v;
}

TEST(Round, EveryBinary16ValueConvertsToItselfAndAgreesWithTheCompiler) {
  for (unsigned b = 0; b < 65536; ++b) {
    const Half h{static_cast<std::uint16_t>(b)};
    const auto theirs = compilers_float(h);
    if (is_nan(h)) {
      EXPECT_TRUE(std::isnan(to_float(h)));
      EXPECT_EQ(to_half(static_cast<double>(to_float(h))), half_nan);
      continue;
    }
    EXPECT_EQ(std::bit_cast<std::uint32_t>(to_float(h)), std::bit_cast<std::uint32_t>(theirs));
    EXPECT_EQ(to_half(static_cast<double>(to_float(h))), h);
  }
}

TEST(Round, ExponentField31IsAnOrdinaryBinadeForTheMacArray) {  // [N1]
  EXPECT_EQ(decode_ordinary(Half{0x7c00}), 65536.0);
  EXPECT_EQ(decode_ordinary(Half{0x7e00}), 98304.0);
  EXPECT_EQ(decode_ordinary(Half{0xffff}), -131008.0);
  EXPECT_EQ(decode_ordinary(Half{0x0001}), std::ldexp(1.0, -24));
  EXPECT_EQ(decode_ordinary(Half{0x03ff}), std::ldexp(1023.0, -24));
}

TEST(Round, MidpointsAndTheirNeighboursAgreeWithTheSecondImplementation) {
  for (unsigned b = 0; b < 0x7c00; ++b) {
    const double v = decode_ordinary(Half{static_cast<std::uint16_t>(b)});
    const double next = decode_ordinary(Half{static_cast<std::uint16_t>(b + 1)});
    const double middle = (v + next) / 2;
    for (const double d : {middle, std::nextafter(middle, 0.0), std::nextafter(middle, 1e9),
                           std::nextafter(v, 1e9), v}) {
      expect_both(d);
      expect_both(-d);
    }
  }
}

TEST(Round, TheRoundingOfAne16HasNoNegativeZeroAndNoNan) {  // [N5], [P1]
  EXPECT_EQ(round_to_half(-0.0, Rounding::half_away).bits, 0);
  EXPECT_EQ(round_to_half(-1e-9, Rounding::half_away).bits, 0);
  EXPECT_EQ(round_to_half(-0.0, Rounding::half_even).bits, 0x8000);
  EXPECT_EQ(round_to_half(-1e-9, Rounding::half_even).bits, 0x8000);
  EXPECT_EQ(round_to_half(std::numeric_limits<double>::quiet_NaN(), Rounding::half_away),
            half_infinity);
}

TEST(Round, ValuesBeyondTheRangeAreInfinite) {  // [N5]
  for (const Rounding r : {Rounding::half_away, Rounding::half_even}) {
    EXPECT_EQ(round_to_half(65519.99, r).bits, 0x7bff);
    EXPECT_EQ(round_to_half(65520.0, r).bits, 0x7c00);
    EXPECT_EQ(round_to_half(-1e300, r).bits, 0xfc00);
    EXPECT_EQ(round_to_half(-std::numeric_limits<double>::infinity(), r).bits, 0xfc00);
  }
}

RC_GTEST_PROP(Round, RandomDoublesAgreeWithTheSecondImplementation, (std::uint64_t bits)) {
  // Exponents over and around the range of binary16.
  const auto exponent = static_cast<std::uint64_t>(1023 - 28 + bits % 48);
  const std::uint64_t kept = bits & ~(std::uint64_t{2047} << 52);
  const auto v = std::bit_cast<double>(kept | (exponent << 52));
  RC_ASSERT(round_to_half(v, Rounding::half_even).bits == compilers_half(v).bits);
  RC_ASSERT(round_to_half(v, Rounding::half_away).bits == away_by_search(v).bits);
}

RC_GTEST_PROP(Round, ScaledIntegersRoundAsTheDoubleOfTheSameValue, (std::int64_t value)) {
  const std::int64_t v = value >> (value & 63);
  const std::int64_t exact = v % (std::int64_t{1} << 53);
  for (int exponent = -70; exponent < 40; ++exponent)
    for (const Rounding r : {Rounding::half_away, Rounding::half_even}) {
      if (exact == 0) continue;
      RC_ASSERT(round_to_half(exact, exponent, r) ==
                round_to_half(std::ldexp(static_cast<double>(exact), exponent), r));
    }
}

TEST(Round, SumsAreCutToElevenBitsHalfAway) {  // [Q2]
  EXPECT_EQ(round_to_11_bits(2047), 2047);
  EXPECT_EQ(round_to_11_bits(-2049), -2050);
  EXPECT_EQ(round_to_11_bits(4097), 4096);
  EXPECT_EQ(round_to_11_bits(4098), 4100);
  EXPECT_EQ(round_to_11_bits(-2147483647), -2147483648LL);
  EXPECT_EQ(round_to_11_bits(0), 0);
}

}  // namespace
}  // namespace ane::kernels::arith
