// Weight formats [Q4]: exact sizes, what survives the round trip, and how far codes may be off.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "isa/error.h"
#include "kernels/arith/palette.h"
#include "kernels/arith/round.h"
#include "kernels/arith/weights.h"

namespace ane::kernels::arith {
namespace {

using enum isa::KernelFormat;
constexpr KernelFormat every_format[] = {fp16, int8, int8c, pal1,  pal2,
                                         pal4, pal6, pal8,  int4b, sparse};

const Profile& ane16() {
  return profile_named("ane16");
}
double number(Half h) {
  return static_cast<double>(to_float(h));
}

std::vector<float> normal(std::size_t n, unsigned seed, double sigma = 0.1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> d(0, sigma);
  std::vector<float> w(n);
  for (float& v : w) v = static_cast<float>(d(random));
  return w;
}

std::vector<Half> through(KernelFormat f, std::span<const float> w, std::int64_t row_length,
                          std::int64_t block = 32, PaletteFit fit = PaletteFit::k_means) {
  const auto stream = encode_weights(fit_weights(f, w, block, fit), w, row_length);
  return decode_weights(f, block, stream, std::ssize(w) / row_length, row_length, ane16());
}

double root_mean_square(std::span<const float> w, std::span<const Half> decoded) {
  double sum = 0;
  for (std::size_t i = 0; i < w.size(); ++i)
    sum += std::pow(static_cast<double>(w[i]) - number(decoded[i]), 2);
  return std::sqrt(sum / static_cast<double>(w.size()));
}

TEST(Weights, CodesOfAPaletteAreTheirTableAndIndices) {
  std::mt19937 random(4);
  for (const auto& [format, bits] :
       {std::pair{i8, 8}, {i8p1, 1}, {i8p2, 2}, {i8p4, 4}, {i8p6, 6}}) {
    EXPECT_TRUE(isa::is_integer(format));
    WeightCoding coding{format, 32, {}};
    std::vector<float> w(7 * 45);
    if (format == i8) {
      for (float& v : w) v = static_cast<float>(static_cast<int>(random() % 255) - 127);
    } else {
      for (int c = 0; c < 1 << bits; ++c) coding.table.push_back(to_half(c * 3 - 90));
      for (float& v : w) v = to_float(coding.table[random() % coding.table.size()]);
    }
    const auto stream = encode_weights(coding, w, 45);
    EXPECT_EQ(std::ssize(stream), format == i8 ? 315 : (1 << bits) + (315 * bits + 7) / 8);
    EXPECT_EQ(std::ssize(stream), encoded_bytes(format, 32, 7, 45, 0));
    const std::vector<std::int8_t> codes = decode_codes(format, stream, 7, 45);
    for (std::size_t i = 0; i < w.size(); ++i)
      ASSERT_EQ(static_cast<float>(codes[i]), w[i]) << bits;
    EXPECT_THROW(decode_codes(format, std::span(stream).first(stream.size() - 1), 7, 45),
                 InputError);
  }
  EXPECT_FALSE(isa::is_integer(sparse));
}

TEST(Weights, AStreamHasTheBytesThatItsFormatSays) {
  const std::vector<float> w = normal(7 * 45, 1);
  const auto bytes = [&](KernelFormat f) {
    return std::ssize(encode_weights(fit_weights(f, w), w, 45));
  };
  EXPECT_EQ(bytes(fp16), 630);
  EXPECT_EQ(bytes(int8), 2 + 315);
  EXPECT_EQ(bytes(int8c), 14 + 315);
  EXPECT_EQ(bytes(pal1), 4 + 40);
  EXPECT_EQ(bytes(pal2), 8 + 79);
  EXPECT_EQ(bytes(pal4), 32 + 158);
  EXPECT_EQ(bytes(pal6), 128 + 237);
  EXPECT_EQ(bytes(pal8), 512 + 315);
  EXPECT_EQ(bytes(int4b), 2 * 7 * 2 + 158);
  EXPECT_EQ(bytes(sparse), 40 + 2 * 315);
}

RC_GTEST_PROP(Weights, SizesAreKnownWithoutTheValues, ()) {
  const auto channels = *rc::gen::inRange<std::int64_t>(1, 20);
  const auto length = *rc::gen::inRange<std::int64_t>(1, 100);
  const auto block = *rc::gen::element<std::int64_t>(8, 16, 32, 64);
  std::vector<float> w =
      normal(static_cast<std::size_t>(channels * length), *rc::gen::arbitrary<unsigned>());
  prune(w, 0.4);
  const std::int64_t nonzero = std::ssize(w) - std::ranges::count(w, 0.0F);
  RC_ASSERT(std::ssize(w) - nonzero ==
            static_cast<std::int64_t>(0.4 * static_cast<double>(w.size())));
  for (const KernelFormat f : every_format) {
    const auto stream = encode_weights(fit_weights(f, w, block), w, length);
    RC_ASSERT(std::ssize(stream) == encoded_bytes(f, block, channels, length, nonzero));
    RC_ASSERT(decode_weights(f, block, stream, channels, length, ane16()).size() == w.size());
    const std::span<const std::uint8_t> cut(stream.data(), stream.size() - 1);
    RC_ASSERT_THROWS_AS(decode_weights(f, block, cut, channels, length, ane16()), InputError);
  }
}

TEST(Weights, Fp16AndSparseKeepEveryBinary16Value) {
  std::vector<float> w;
  for (unsigned b = 0; b < 0x7c00; b += 3) {
    w.push_back(to_float(Half{static_cast<std::uint16_t>(b)}));
    w.push_back(-w.back());
    if (b % 5 == 0) w.push_back(0);
  }
  w.resize(w.size() / 16 * 16);
  for (const KernelFormat f : {fp16, sparse}) {
    const std::vector<Half> back = through(f, w, 16);
    for (std::size_t i = 0; i < w.size(); ++i) ASSERT_EQ(to_float(back[i]), w[i]);
  }
}

TEST(Weights, FewDifferentValuesSurviveAPaletteExactly) {
  std::mt19937 random(3);
  for (const KernelFormat f : {pal1, pal2, pal4, pal6, pal8}) {
    std::vector<Half> values(std::size_t{1} << palette_bits(f));
    for (Half& h : values) h = to_half(std::ldexp(static_cast<double>(random() % 2001) - 1000, -9));
    std::vector<float> w(900);
    for (float& v : w) v = to_float(values[random() % values.size()]);
    const std::vector<Half> back = through(f, w, 30);
    for (std::size_t i = 0; i < w.size(); ++i) ASSERT_EQ(to_float(back[i]), w[i]);
  }
}

TEST(Weights, CodesAreOffByNoMoreThanHalfAStep) {
  const std::vector<float> w = normal(64 * 96, 5);
  float largest = 0;
  for (const float v : w) largest = std::max(largest, std::fabs(v));
  const auto worst = [&](KernelFormat f) {
    const std::vector<Half> back = through(f, w, 96);
    double off = 0;
    for (std::size_t i = 0; i < w.size(); ++i)
      off = std::max(off, std::fabs(number(back[i]) - static_cast<double>(w[i])));
    return off;
  };
  const double step = static_cast<double>(largest) / 127;
  EXPECT_LE(worst(int8), 0.5 * step * 1.05);
  EXPECT_GE(worst(int8), 0.45 * step);
  EXPECT_LE(worst(int8c), 0.5 * step * 1.05);
  EXPECT_LE(worst(int4b), 0.5 * static_cast<double>(largest) / 7 * 1.05);
}

TEST(Weights, FinerFormatsAreCloserAndKMeansBeatsEvenSteps) {
  const std::vector<float> w = normal(128 * 128, 9);
  const auto error = [&](KernelFormat f, PaletteFit fit = PaletteFit::k_means) {
    return root_mean_square(w, through(f, w, 128, 32, fit));
  };
  EXPECT_LT(error(int8c), error(int8));
  EXPECT_LT(error(pal2), error(pal1));
  EXPECT_LT(error(pal4), error(pal2));
  EXPECT_LT(error(pal6), error(pal4));
  EXPECT_LT(error(pal8), error(pal6));
  for (const KernelFormat f : {pal2, pal4, pal6, pal8})
    EXPECT_LT(error(f), error(f, PaletteFit::uniform));
  // Lloyd-Max quantisers of a normal density: 0.6028, 0.3428, 0.0975 of sigma (Max 1960, table I).
  EXPECT_NEAR(error(pal1), 0.6028 * 0.1, 0.01 * 0.1);
  EXPECT_NEAR(error(pal2), 0.3428 * 0.1, 0.01 * 0.1);
  EXPECT_NEAR(error(pal4), 0.0975 * 0.1, 0.01 * 0.1);
}

TEST(Weights, OneCodingServesAllStreamsOfALayer) {
  // Each engine has a stream of its own; together they hold what one stream would.
  const std::vector<float> w = normal(32 * 40, 11);
  for (const KernelFormat f : every_format) {
    const WeightCoding coding = fit_weights(f, w);
    const std::vector<Half> whole = through(f, w, 40);
    for (std::size_t c = 0; c < 32; ++c) {
      const auto row = std::span(w).subspan(c * 40, 40);
      const auto part = decode_weights(f, 32, encode_weights(coding, row, 40), 1, 40, ane16());
      for (std::size_t i = 0; i < 40; ++i) ASSERT_EQ(part[i], whole[c * 40 + i]);
    }
  }
}

TEST(Weights, LayersOfZerosAndOfTinyWeightsAreEncoded) {
  const std::vector<float> zeros(64, 0.0F), tiny(64, 6e-8F);
  for (const KernelFormat f : every_format) {
    for (const Half h : through(f, zeros, 32)) ASSERT_EQ(h.bits, 0);
    for (const Half h : through(f, tiny, 32)) ASSERT_EQ(h.bits, 1);
  }
}

TEST(Weights, AWeightBeyondBinary16IsAnErrorThatNamesIt) {
  const std::vector<float> w{1, 70000};
  EXPECT_THROW(fit_weights(int8, w), InputError);
  const std::vector<float> nan{NAN};
  EXPECT_THROW(fit_weights(fp16, nan), InputError);
}

TEST(Weights, ProductsOfCodeAndScaleAreRoundedByTheProfile) {
  // 1027 * 3 = 3081 units of 2^-10, between 3080 and 3082.
  const std::vector<std::uint8_t> stream{0x03, 0x3c, 3};
  const auto at = [&](const char* profile) {
    return decode_weights(int8, 32, stream, 1, 1, profile_named(profile))[0].bits;
  };
  EXPECT_EQ(at("ane16"), 0x4205);
  EXPECT_EQ(at("ieee"), 0x4204);
}

TEST(Weights, OfEquallyNearEntriesTheLowerOneIsTakenAndOfEqualWeightsTheFirstArePruned) {
  const std::vector<Half> table{to_half(-1), to_half(0), to_half(2)};
  EXPECT_EQ(nearest_in_palette(table, -0.5F), 0u);
  EXPECT_EQ(nearest_in_palette(table, 1), 1u);
  EXPECT_EQ(nearest_in_palette(table, 1.001F), 2u);
  std::vector<float> w{1, -1, 2, 1, -1, 1};
  prune(w, 0.5);
  EXPECT_EQ(w, (std::vector<float>{0, 0, 2, 0, -1, 1}));
}

}  // namespace
}  // namespace ane::kernels::arith
