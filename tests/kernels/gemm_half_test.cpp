// Is the fast product of binary16 the oracle's, bit for bit, on every path?
#include <fmt/format.h>

#include <thread>

#include "gemm_cases.h"

namespace ane::kernels::arith {
namespace {

constexpr Half guard{0x1234};

// One product with operands in padded, possibly transposed arrays.
struct Case {
  Shape3 shape;
  std::vector<Half> x, w, bias, scale;  // w as [n][k]
  bool transposed = false;              // how w is handed over
  std::ptrdiff_t scale_stride = 0;

  Case(const Family& family, Shape3 s, Random& random) : shape(s) {
    for (std::int64_t i = 0; i < s.k * (s.pixels + 3); ++i) x.push_back(family.x(random));
    for (std::int64_t i = 0; i < s.n * s.k; ++i) w.push_back(family.w(random));
    if (random() % 2)
      for (std::int64_t i = 0; i < s.n; ++i) bias.push_back(family.bias(random));
    const auto scales = random() % 4;
    if (scales == 1) scale = {any_bits(random)};
    if (scales >= 2) {
      scale_stride = 1;
      for (std::int64_t i = 0; i < s.n; ++i)
        scale.push_back(scales == 2 ? any_bits(random) : of_exponent(random, -3, 3));
    }
    transposed = random() % 2;
  }

  std::ptrdiff_t stride() const { return shape.pixels + 3; }

  std::vector<Half> expected(const Profile& profile) const {
    std::vector<Half> y;
    std::vector<Half> column(static_cast<std::size_t>(shape.k));
    for (std::int64_t n = 0; n < shape.n; ++n) {
      for (std::int64_t p = 0; p < stride(); ++p) {
        if (p >= shape.pixels) {
          y.push_back(guard);
          continue;
        }
        for (std::int64_t k = 0; k < shape.k; ++k)
          column[static_cast<std::size_t>(k)] = x[static_cast<std::size_t>(k * stride() + p)];
        const auto row = static_cast<std::size_t>(n);
        const std::span<const Half> weights(w.data() + n * shape.k,
                                            static_cast<std::size_t>(shape.k));
        std::optional<Half> b, s;
        if (!bias.empty()) b = bias[row];
        if (!scale.empty()) s = scale[row * static_cast<std::size_t>(scale_stride)];
        y.push_back(mac_oracle(profile, column, weights, b, s).value);
      }
    }
    return y;
  }

  std::vector<Half> fast(const Profile& profile) const {
    std::vector<Half> turned(w.size());
    for (std::int64_t n = 0; n < shape.n; ++n)
      for (std::int64_t k = 0; k < shape.k; ++k)
        turned[static_cast<std::size_t>(k * shape.n + n)] =
            w[static_cast<std::size_t>(n * shape.k + k)];
    const PackedWeights packed =
        transposed ? PackedWeights(profile, turned.data(), shape.n, shape.k, 1, shape.n)
                   : PackedWeights(profile, w.data(), shape.n, shape.k, shape.k, 1);
    std::vector<Half> y(static_cast<std::size_t>(shape.n * stride()), guard);
    mac(packed, {.pixels = shape.pixels,
                 .x = x.data(),
                 .x_stride = stride(),
                 .bias = bias.empty() ? nullptr : bias.data(),
                 .scale = scale.empty() ? nullptr : scale.data(),
                 .scale_stride = scale_stride,
                 .y = y.data(),
                 .y_stride = stride()});
    return y;
  }
};

// The first difference as text, empty if there is none: a vector printer would drown it.
std::string difference(const Case& c, const std::vector<Half>& got, const std::vector<Half>& want) {
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (got[i] == want[i]) continue;
    const auto row = static_cast<std::int64_t>(i) / c.stride();
    const auto pixel = static_cast<std::int64_t>(i) % c.stride();
    return fmt::format("[{} x {} x {}] row {} pixel {}: {:#06x}, oracle {:#06x}", c.shape.n,
                       c.shape.k, c.shape.pixels, row, pixel, got[i].bits, want[i].bits);
  }
  return "";
}

void expect_oracle(const Case& c, const Paths& paths) {
  for (const Profile& profile : profiles()) {
    const std::vector<Half> want = c.expected(profile);
    for (const Path& path : paths.here) {
      use_simd(path.simd);
      ASSERT_EQ(difference(c, c.fast(profile), want), "") << profile.name << " " << path.name;
    }
  }
}

class GemmHalf : public testing::TestWithParam<Family> {};

TEST_P(GemmHalf, EqualsTheOracleOnEveryPathShapeAndTail) {
  Random random(20240607);
  const Paths paths;
  for (int i = 0; i < 300; ++i)
    expect_oracle(Case(GetParam(), any_shape(random, 40), random), paths);
}

TEST_P(GemmHalf, EqualsTheOracleOverLongSums) {
  Random random(7);
  const Paths paths;
  for (const Shape3 s : {Shape3{13, 1500, 35}, {3, 700, 5}, {33, 300, 70}})
    expect_oracle(Case(GetParam(), s, random), paths);
}

INSTANTIATE_TEST_SUITE_P(Families, GemmHalf, testing::ValuesIn(families()),
                         [](const auto& family) { return family.param.name; });

TEST(GemmHalfExhaustive, EveryActivationTimesDirectedWeights) {
  const Paths paths;
  Random random(1);
  Case c(families()[0], {1, 1, 1}, random);
  c.bias.clear();
  c.scale.clear();
  c.transposed = false;
  c.w.clear();
  for (int field = 0; field < 32; ++field)
    for (const int fraction : {0, 1, 1023})
      c.w.push_back({static_cast<std::uint16_t>((field % 2) << 15 | field << 10 | fraction)});
  c.shape = {static_cast<std::int64_t>(c.w.size()), 1, 65536};
  c.x.resize(65536 + 3);
  for (std::size_t i = 0; i < 65536; ++i) c.x[i] = {static_cast<std::uint16_t>(i)};
  expect_oracle(c, paths);
}

// k products of x * w, then the result.
std::uint16_t ones(const Profile& profile, const std::vector<double>& x) {
  std::vector<Half> h, w(x.size(), to_half(1.0));
  for (const double v : x) h.push_back(to_half(v));
  const PackedWeights packed(profile, w.data(), 1, static_cast<std::int64_t>(w.size()), 0, 1);
  Half y;
  mac(packed, {.pixels = 1, .x = h.data(), .x_stride = 1, .y = &y, .y_stride = 1});
  return y.bits;
}

TEST(GemmHalfTraps, OverflowStaysAndSmallProductsVanishAsOnSilicon) {
  const Paths paths;
  const Profile& ane16 = profile_named("ane16");
  for (const Path& path : paths.here) {
    use_simd(path.simd);
    EXPECT_EQ(ones(ane16, std::vector<double>(32752, 1.0)), to_half(32752.0).bits) << path.name;
    EXPECT_EQ(ones(ane16, std::vector<double>(32768, 1.0)), half_infinity.bits) << path.name;
    EXPECT_EQ(ones(ane16, {16384, 16376}), to_half(32768.0).bits) << path.name;
    EXPECT_EQ(ones(ane16, {16384, 16384, -16384, -16384, 1}), half_infinity.bits) << path.name;
    EXPECT_EQ(ones(ane16, {-16384, -16384, 1}), half_infinity.bits | 0x8000) << path.name;
    EXPECT_EQ(ones(ane16, {16384, 0x1p-16, -16384}), to_half(0x1p-16).bits) << path.name;
    EXPECT_EQ(ones(ane16, {16384, 0x1p-18, -16384}), 0) << path.name;
    EXPECT_EQ(ones(ane16, {0x1p-17}), to_half(0x1p-16).bits) << path.name;
    EXPECT_EQ(ones(ane16, {-0x1p-18}), 0) << path.name;
    EXPECT_EQ(ones(ane16, {2048, 1}), to_half(2050.0).bits) << path.name;
    EXPECT_EQ(ones(profile_named("ieee"), {2048, 1}), to_half(2048.0).bits) << path.name;
  }
}

TEST(GemmHalfShapes, NothingIsWrittenForNoPixelsOrNoRows) {
  const Paths paths;
  for (const Path& path : paths.here) {
    use_simd(path.simd);
    const Half w = to_half(1.0);
    Half y = guard;
    for (const std::int64_t n : {0, 1}) {
      const PackedWeights packed(profile_named("ane16"), &w, n, 1, 1, 1);
      mac(packed, {.pixels = 1 - n, .x = &w, .x_stride = 1, .y = &y, .y_stride = 1});
      EXPECT_EQ(y, guard) << path.name;
    }
  }
}

TEST(GemmHalfThreads, PixelsSplitOverThreadsGiveTheBitsOfOneCall) {
  Random random(99);
  const Family family = families()[1];
  for (const Profile& profile : profiles()) {
    const std::int64_t n = 40, k = 200, pixels = 3000;
    std::vector<Half> x, w;
    for (std::int64_t i = 0; i < k * pixels; ++i) x.push_back(family.x(random));
    for (std::int64_t i = 0; i < n * k; ++i) w.push_back(family.w(random));
    const PackedWeights packed(profile, w.data(), n, k, k, 1);
    const auto part = [&](std::vector<Half>& y, std::int64_t from, std::int64_t to) {
      mac(packed, {.pixels = to - from,
                   .x = x.data() + from,
                   .x_stride = pixels,
                   .y = y.data() + from,
                   .y_stride = pixels});
    };
    std::vector<Half> one(static_cast<std::size_t>(n * pixels)), two = one;
    part(one, 0, pixels);
    std::thread other(part, std::ref(two), 0, 1237);
    part(two, 1237, pixels);
    other.join();
    EXPECT_TRUE(one == two) << profile.name;
  }
}

TEST(GemmHalfThreads, PanelsOfRowsGiveTheBitsOfOneCallAndAFunctionFollowsEveryResult) {
  Random random(7);
  for (const Family& family : families())
    for (const Profile& profile : profiles()) {
      const std::int64_t n = 23, k = 70, pixels = 45;
      std::vector<Half> x, w, bias, function(65536);
      for (std::int64_t i = 0; i < k * pixels; ++i) x.push_back(family.x(random));
      for (std::int64_t i = 0; i < n * k; ++i) w.push_back(family.w(random));
      for (std::int64_t i = 0; i < n; ++i) bias.push_back(family.bias(random));
      for (Half& f : function) f = any_bits(random);
      const PackedWeights packed(profile, w.data(), n, k, k, 1);
      MacProduct product{.pixels = pixels,
                         .x = x.data(),
                         .x_stride = pixels,
                         .bias = bias.data(),
                         .y_stride = pixels};
      std::vector<Half> one(static_cast<std::size_t>(n * pixels)), parts = one;
      product.y = one.data();
      mac(packed, product);
      product.y = parts.data();
      product.function = {.results = function.data()};
      ASSERT_GE(packed.panels(), 2);
      for (std::int64_t panel = packed.panels(); panel-- > 0;) {
        product.panels = {.begin = panel, .end = panel + 1};
        mac(packed, product);
      }
      for (Half& y : one) y = function[y.bits];
      EXPECT_TRUE(one == parts) << family.name << " " << profile.name;
    }
}

}  // namespace
}  // namespace ane::kernels::arith
