// Is the fast INT8 product the oracle's, bit for bit, on every path?
#include <fmt/format.h>

#include <limits>

#include "gemm_cases.h"

namespace ane::kernels::arith {
namespace {

using Byte = std::int8_t;
constexpr std::int32_t overflowed = std::numeric_limits<std::int32_t>::min();

struct Case8 {
  Shape3 shape{};
  std::vector<Byte> x{}, w{};
  std::int32_t x_zero = 0;
  std::vector<std::int32_t> bias{};
  std::vector<Half> scale{};
  std::ptrdiff_t scale_stride = 0;

  std::ptrdiff_t stride() const { return shape.pixels + 5; }

  struct Result {
    std::vector<Half> y;
    std::vector<std::int32_t> sums;
  };

  Result expected(const Profile& profile) const {
    Result r;
    std::vector<Byte> column(static_cast<std::size_t>(shape.k));
    for (std::int64_t n = 0; n < shape.n; ++n)
      for (std::int64_t p = 0; p < shape.pixels; ++p) {
        for (std::int64_t k = 0; k < shape.k; ++k)
          column[static_cast<std::size_t>(k)] = x[static_cast<std::size_t>(k * stride() + p)];
        const auto row = static_cast<std::size_t>(n);
        const MacResult m = mac8_oracle(
            column, {w.data() + n * shape.k, static_cast<std::size_t>(shape.k)}, x_zero, 0,
            bias.empty() ? 0 : bias[row],
            scale.empty() ? to_half(1.0) : scale[row * static_cast<std::size_t>(scale_stride)],
            profile);
        r.y.push_back(m.value);
        r.sums.push_back(m.overflowed ? overflowed : static_cast<std::int32_t>(m.accumulator));
      }
    return r;
  }

  Result fast(const Profile& profile) const {
    const PackedWeights8 packed(w.data(), shape.n, shape.k, shape.k, 1);
    std::vector<Half> y(static_cast<std::size_t>(shape.n * stride()), Half{0x1234});
    std::vector<std::int32_t> sums(y.size(), 77);
    mac8(packed,
         {.pixels = shape.pixels,
          .x = x.data(),
          .x_stride = stride(),
          .x_zero = x_zero,
          .bias = bias.empty() ? nullptr : bias.data(),
          .scale = scale.empty() ? nullptr : scale.data(),
          .scale_stride = scale_stride,
          .y = y.data(),
          .y_stride = stride(),
          .accumulators = sums.data()},
         profile);
    Result r;
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (static_cast<std::int64_t>(i) % stride() < shape.pixels) {
        r.y.push_back(y[i]);
        r.sums.push_back(sums[i]);
      } else {
        EXPECT_EQ(y[i], Half{0x1234});
        EXPECT_EQ(sums[i], 77);
      }
    }
    return r;
  }
};

void expect_oracle(const Case8& c, const Paths& paths) {
  for (const Profile& profile : profiles()) {
    const Case8::Result want = c.expected(profile);
    for (const Path& path : paths.here) {
      use_simd(path.simd);
      const Case8::Result got = c.fast(profile);
      const auto where = fmt::format("{} {} [{} x {} x {}]", profile.name, path.name, c.shape.n,
                                     c.shape.k, c.shape.pixels);
      ASSERT_TRUE(got.sums == want.sums) << where;
      for (std::size_t i = 0; i < want.y.size(); ++i)
        ASSERT_EQ(got.y[i].bits, want.y[i].bits) << where << " at " << i << " sum " << want.sums[i];
    }
  }
}

Byte any_byte(Random& random) {
  const auto shape = random() % 8;
  return static_cast<Byte>(shape == 0 ? -128 : shape == 1 ? 127 : pick(random, -128, 127));
}

Case8 any_case(Random& random, Shape3 shape, bool large_bias) {
  Case8 c{.shape = shape};
  for (std::int64_t i = 0; i < shape.k * c.stride(); ++i) c.x.push_back(any_byte(random));
  for (std::int64_t i = 0; i < shape.n * shape.k; ++i) c.w.push_back(any_byte(random));
  if (random() % 2) c.x_zero = static_cast<std::int32_t>(pick(random, -128, 127));
  const std::int64_t reach = large_bias ? std::numeric_limits<std::int32_t>::max() : 100000;
  if (large_bias || random() % 2)
    for (std::int64_t i = 0; i < shape.n; ++i)
      c.bias.push_back(static_cast<std::int32_t>(
          large_bias
              ? (random() % 2 ? reach - pick(random, 0, 300000) : pick(random, -reach, reach))
              : pick(random, -reach, reach)));
  const auto scales = random() % 3;
  c.scale_stride = scales == 2 ? 1 : 0;
  for (std::int64_t i = 0; i < (scales == 2 ? shape.n : scales == 1 ? 1 : 0); ++i)
    c.scale.push_back(random() % 2 ? Half{static_cast<std::uint16_t>(pick(random, 1, 0x7c00))}
                                   : of_exponent(random, -15, 2));
  for (Half& s : c.scale) s.bits &= 0x7fff;
  return c;
}

TEST(GemmInt8, EqualsTheOracleOnEveryPathShapeAndTail) {
  Random random(11);
  const Paths paths;
  for (int i = 0; i < 600; ++i)
    expect_oracle(any_case(random, any_shape(random, 50), false), paths);
  expect_oracle(any_case(random, {40, 1201, 70}, false), paths);
}

TEST(GemmInt8, AnOverflowOfTheRunningSumIsInfinityBySignAndStays) {
  Random random(12);
  const Paths paths;
  for (int i = 0; i < 200; ++i) expect_oracle(any_case(random, any_shape(random, 50), true), paths);
  // 2^17 products of 2^14 reach 2^31 exactly at the last one; the one after would lead back.
  const std::int64_t k = (std::int64_t{1} << 17) + 1;
  Case8 c{.shape = {2, k, 1}};
  c.x.assign(static_cast<std::size_t>(k * c.stride()), -128);
  c.w.assign(static_cast<std::size_t>(2 * k), -128);
  c.w[static_cast<std::size_t>(k - 1)] = 127;
  c.w[static_cast<std::size_t>(k)] = 0;  // the second row stays one product below
  c.w[static_cast<std::size_t>(2 * k - 1)] = 0;
  ASSERT_EQ(c.expected(profile_named("ane16")).sums[0], overflowed);
  ASSERT_NE(c.expected(profile_named("ane16")).sums[1], overflowed);
  expect_oracle(c, paths);
}

TEST(GemmInt8, EverySumOfSixteenBitsIsRequantisedAsTheOracleDoes) {
  // w = 1, bias large: sums 128 apart cover 25 bits with every last byte.
  const Paths paths;
  Random random(13);
  Case8 c{.shape = {4096, 1, 256}};
  c.x.resize(static_cast<std::size_t>(c.stride()));
  for (int p = 0; p < 256; ++p) c.x[static_cast<std::size_t>(p)] = static_cast<Byte>(p - 128);
  c.w.assign(4096, 1);
  c.scale_stride = 1;
  for (int n = 0; n < 4096; ++n) {
    c.bias.push_back(static_cast<std::int32_t>(256 * (n - 2048) * (n % 5 == 0 ? 128 : 1)));
    c.scale.push_back(n % 3 == 0 ? to_half(1.0) : of_exponent(random, -15, 3));
    c.scale.back().bits &= 0x7fff;
  }
  expect_oracle(c, paths);
}

}  // namespace
}  // namespace ane::kernels::arith
