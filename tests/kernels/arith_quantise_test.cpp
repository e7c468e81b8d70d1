// FP16 to INT8 and back [Q2], [Q3]: exact integers against float arithmetic, for every input.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/arith/gemm.h"
#include "kernels/arith/oracle.h"
#include "kernels/arith/quantise.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

const Profile& ane16() {
  return profile_named("ane16");
}
const Profile& ieee() {
  return profile_named("ieee");
}

TEST(Quantise, EveryInputAtUnitScaleIsRoundedHalfAwayAndClamped) {  // [Q3], exhaustive on silicon
  for (unsigned b = 0; b < 65536; ++b) {
    const Half x{static_cast<std::uint16_t>(b)};
    const double v = is_nan(x) ? HUGE_VAL : static_cast<double>(to_float(x));
    const double expected = std::fmin(std::fmax(std::round(v), -128), 127);
    ASSERT_EQ(quantise(x, to_half(1), 0, ane16()), static_cast<int>(expected)) << v;
  }
}

TEST(Quantise, SpansEqualTheExactQuotientForEveryInputScaleAndZeroPoint) {
  std::vector<Half> x(65536);
  for (unsigned b = 0; b < 65536; ++b) x[b] = {static_cast<std::uint16_t>(b)};
  std::vector<std::int8_t> q(x.size());
  std::vector<Half> scales{{0x0001}, {0x0003}, {0x03ff}, {0x0400}, {0x7bff}};
  for (unsigned s = 0x1a37; s < 0x4c00; s += 0x2b1)
    scales.push_back({static_cast<std::uint16_t>(s)});
  for (const Simd path : {Simd::scalar, Simd::best}) {
    use_simd(path);
    for (const Profile& p : profiles())
      for (const Half scale : scales)
        for (const int zero : {0, -128, 127, 3}) {
          quantise(x, scale, zero, p, q);
          for (unsigned b = 0; b < 65536; b += path == Simd::scalar ? 13 : 1)
            ASSERT_EQ(q[b], quantise(x[b], scale, zero, p))
                << b << ' ' << scale.bits << ' ' << zero;
        }
  }
}

TEST(Quantise, TheExactQuotientAgreesWithLongDouble) {
  for (unsigned s = 1; s < 0x7c00; s += 1009)
    for (unsigned b = 0; b < 0x7c00; b += 61) {
      const Half x{static_cast<std::uint16_t>(b)}, scale{static_cast<std::uint16_t>(s)};
      const long double v = static_cast<long double>(to_float(x)) / to_float(scale);
      const long double away = std::fmin(std::round(v), 127.0L);
      const long double even = std::fmin(std::nearbyint(v), 127.0L);
      ASSERT_EQ(quantise(x, scale, 0, ane16()), static_cast<int>(away));
      ASSERT_EQ(quantise(x, scale, 0, ieee()), static_cast<int>(even));
    }
}

TEST(Quantise, DequantisedCodesAreExactProductsRoundedOnce) {
  std::vector<std::int8_t> codes(256);
  std::iota(codes.begin(), codes.end(), std::int8_t{-128});
  std::vector<Half> y(256);
  for (const Profile& p : profiles())
    for (unsigned s = 1; s < 0x7c00; s += 173) {
      const Half scale{static_cast<std::uint16_t>(s)};
      dequantise(codes, scale, -5, p, y);
      for (std::size_t i = 0; i < 256; ++i)
        ASSERT_EQ(y[i],
                  round_to_half((codes[i] + 5) * static_cast<double>(to_float(scale)), p.rounding));
    }
}

TEST(Quantise, RequantisedSumsAreThoseOfTheMacReference) {  // [Q2]
  const std::vector<std::int8_t> w{1};
  for (int sum = -2147483647; sum < 2147000000; sum += 40503) {
    const std::vector<std::int8_t> x{0};
    for (const Profile& p : profiles())
      ASSERT_EQ(requantise(sum, to_half(0.0123), p),
                mac8_oracle(x, w, 0, 0, sum, to_half(0.0123), p).value);
  }
  EXPECT_EQ(to_float(requantise(2049, to_half(1), ane16())), 2050.0F);
  EXPECT_EQ(to_float(requantise(2049, to_half(1), ieee())), 2048.0F);
}

}  // namespace
}  // namespace ane::kernels::arith
