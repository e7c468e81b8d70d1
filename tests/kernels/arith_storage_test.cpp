// Is a framework's rounding between operators [H1] the same by exact integers, without branches,
// and by the compiler's own types? And are its products summed in float32 and rounded once [H2]?
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/arith/round.h"
#include "kernels/arith/storage.h"
#include "kernels/arithmetic.h"
#include "tests/kernels/compilers_half.h"

namespace ane::kernels {
namespace {

using arith::Storage;

std::uint32_t bits_of(float x) {
  return std::bit_cast<std::uint32_t>(x);
}

void expect_equal(float x) {
  for (const Storage s : {Storage::fp16, Storage::bf16})
    ASSERT_EQ(bits_of(arith::stored(s, x)), bits_of(arith::to_storage(s, x)))
        << std::hexfloat << x << " " << static_cast<int>(s);
}

TEST(Storage, BothRoundingsAgreeOnEveryEdge) {
  // Around every binary16 and bfloat16: the value, its ties with both neighbours, and a step
  // beside.
  for (std::uint32_t b = 0; b < 65536; ++b) {
    const float half = arith::to_float(arith::Half{static_cast<std::uint16_t>(b)});
    const float next = arith::to_float(arith::Half{static_cast<std::uint16_t>(b + 1)});
    const float brain = std::bit_cast<float>(b << 16);
    for (const float x : {half, brain, (half + next) / 2, std::bit_cast<float>(b << 16 | 0x8000u)})
      for (const int step : {-1, 0, 1})
        expect_equal(std::bit_cast<float>(bits_of(x) + static_cast<std::uint32_t>(step)));
  }
  std::mt19937 random(3);
  for (int i = 0; i < 2'000'000; ++i)
    expect_equal(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
}

TEST(Storage, TheValuesAtTheLimitsAreThoseOfTheFormats) {
  const auto fp16 = [](float x) { return arith::to_storage(Storage::fp16, x); };
  EXPECT_EQ(fp16(65504), 65504);
  EXPECT_EQ(fp16(std::nextafter(65520.0F, 0.0F)), 65504);
  EXPECT_EQ(fp16(65520), INFINITY);            // a tie goes to the even, 65536
  EXPECT_EQ(fp16(0x1p-25F), 0);                // a tie with 0
  EXPECT_EQ(fp16(0x1.000002p-25F), 0x1p-24F);  // the least subnormal
  EXPECT_EQ(fp16(0x1.8p-24F), 0x1p-23F);       // a tie to the even
  EXPECT_EQ(fp16(std::nextafter(0x1p-14F, 0.0F)), 0x1p-14F);
  EXPECT_EQ(fp16(2049), 2048);  // half away would give 2050
  EXPECT_EQ(fp16(2051), 2052);
  EXPECT_TRUE(std::signbit(fp16(-0x1p-30F)));
  const auto bf16 = [](float x) { return arith::to_storage(Storage::bf16, x); };
  EXPECT_EQ(bf16(257), 256);
  EXPECT_EQ(bf16(259), 260);
  EXPECT_EQ(bf16(65504), 65536);
  EXPECT_EQ(bf16(std::numeric_limits<float>::max()), INFINITY);
  EXPECT_EQ(bf16(0x1p-133F), 0x1p-133F);  // the least subnormal
  EXPECT_EQ(bf16(0x1p-134F), 0);
  for (std::uint32_t b = 0; b < 65536; ++b) {
    const float value = arith::compilers_float({static_cast<std::uint16_t>(b)});
    if (!std::isnan(value)) {
      EXPECT_EQ(fp16(value), value);
    }
  }
}

TEST(Storage, ProductsAreSummedInFloat32AndRoundedOnce) {  // [H1], [H2]
  const Arithmetic& fp16 = framework_arithmetic(Storage::fp16);
  const auto dot = [&](std::vector<double> x, std::vector<double> w, double bias) {
    return fp16.dot(x, w, &bias, nullptr);
  };
  // A sum in binary16 would stay at 2048, and one rounded before its bias would lose it.
  EXPECT_EQ(dot(std::vector<double>(4096, 1), std::vector<double>(4096, 1), 0), 4096);
  EXPECT_EQ(dot({2048, 1}, {1, 1}, 1), 2050);
  EXPECT_EQ(dot({256, 256}, {256, -256}, 0), 0);  // passes 65504 on the way
  EXPECT_EQ(dot({256}, {256}, 0), INFINITY);
  EXPECT_EQ(dot({0x1p-12}, {0x1p-12}, 0), 0x1p-24);
  // The accelerator drops or rounds such products; a framework keeps them.
  EXPECT_EQ(dot(std::vector<double>(4096, 0x1p-12), std::vector<double>(4096, 0.0005), 0),
            static_cast<double>(arith::stored(Storage::fp16, 0.0005F)));
}

TEST(Storage, AnOperatorsResultIsRoundedAtItsEnd) {  // [H3]
  Tensor t(Format::fp32, {3});
  t.as<float>()[0] = 1.0F / 3, t.as<float>()[1] = 70000, t.as<float>()[2] = -0x1p-26F;
  framework_arithmetic(Storage::fp16).keep(t);
  EXPECT_EQ(t.as<float>()[0], 0x1.554p-2F);
  EXPECT_EQ(t.as<float>()[1], INFINITY);
  EXPECT_EQ(t.as<float>()[2], 0);
}

TEST(Storage, CodesAreRoundedHalfToEven) {  // [H4]
  const Arithmetic& a = framework_arithmetic(Storage::fp32);
  EXPECT_EQ(a.quantise(2.5, 1, 0), 2);
  EXPECT_EQ(a.quantise(3.5, 1, 0), 4);
  EXPECT_EQ(a.quantise(-200, 1, 0), -128);
  EXPECT_EQ(a.quantise(200, 1, 5), 127);
}

}  // namespace
}  // namespace ane::kernels
