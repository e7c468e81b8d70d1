// The planar engine [P1], [P2]: the oracle against rules of the page and the compiler's _Float16,
// the fast paths against the oracle over patterns and at random.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "half_patterns.h"
#include "isa/error.h"
#include "kernels/arith/activation.h"
#include "kernels/arith/gemm.h"
#include "kernels/arith/planar.h"
#include "kernels/arith/round.h"
#include "tests/kernels/compilers_half.h"

namespace ane::kernels::arith {
namespace {

const Profile& ane16() {
  return profile_named("ane16");
}
const Profile& ieee() {
  return profile_named("ieee");
}
PlanarOp op_of(int i) {
  return static_cast<PlanarOp>(i);
}

// Every path that this host has; restores the best one.
class EveryPath {
 public:
  template <class Body>
  static void run(Body body) {
    for (const Simd path : {Simd::scalar, Simd::avx2, Simd::avx512}) {
      try {
        use_simd(path);
      } catch (const InputError&) {
        continue;  // the host lacks it
      }
      SCOPED_TRACE(std::string(simd_name()));
      body();
    }
    use_simd(Simd::best);
  }
};

Half compilers(PlanarOp op, Half x, Half y, Half z) {
  const auto a = static_cast<double>(compilers_float(x)),
             b = static_cast<double>(compilers_float(y));
  switch (op) {
    case PlanarOp::add:
      return compilers_half(a + b);
    case PlanarOp::sub:
      return compilers_half(a - b);
    case PlanarOp::mul:
      return compilers_half(a * b);
    case PlanarOp::div:
      return compilers_half(a / b);
    default:
      return compilers_half(std::fma(a, b, static_cast<double>(compilers_float(z))));
  }
}

TEST(Planar, TheIeeeOracleAgreesWithTheCompilerOverPatterns) {
  const std::vector<Half> p = half_patterns();
  std::mt19937 random(7);
  for (const PlanarOp op :
       {PlanarOp::add, PlanarOp::sub, PlanarOp::mul, PlanarOp::div, PlanarOp::muladd})
    for (const Half a : p)
      for (std::size_t i = 0; i < p.size(); i += 1 + random() % 8) {
        const Half c = p[random() % p.size()];
        ASSERT_EQ(planar_oracle(op, ieee(), a, p[i], c).bits, compilers(op, a, p[i], c).bits)
            << name(op) << ' ' << a.bits << ' ' << p[i].bits << ' ' << c.bits;
      }
}

TEST(Planar, EveryPathEqualsTheOracleOverAllPairsOfPatterns) {  // [B1], [P1]
  const std::vector<Half> p = half_patterns();
  const std::size_t n = p.size();
  std::vector<Half> a(n), c(n), y(n), expected(n * n);
  for (const Profile& profile : profiles())
    for (int i = 0; i < planar_ops; ++i) {
      const PlanarOp op = op_of(i);
      for (std::size_t r = 0; r < n; ++r)
        for (std::size_t j = 0; j < n; ++j)
          expected[r * n + j] = planar_oracle(op, profile, p[r], p[j], p[(r + 5 * j) % n]);
      for (const Simd path : {Simd::avx2, Simd::avx512}) {
        try {
          use_simd(path);
        } catch (const InputError&) {
          continue;
        }
        for (std::size_t r = 0; r < n; ++r) {
          std::fill(a.begin(), a.end(), p[r]);
          for (std::size_t j = 0; j < n; ++j) c[j] = p[(r + 5 * j) % n];
          if (is_ternary(op))
            planar(op, profile, a, p, c, y);
          else
            planar(op, profile, a, p, y);
          for (std::size_t j = 0; j < n; ++j)
            ASSERT_EQ(y[j].bits, expected[r * n + j].bits)
                << profile.name << ' ' << name(op) << ' ' << simd_name() << ' ' << p[r].bits << ' '
                << p[j].bits << ' ' << c[j].bits;
        }
      }
    }
  use_simd(Simd::best);
}

RC_GTEST_PROP(Planar, RandomSpansOfAnyLengthEqualTheOracleOnEveryPath, ()) {
  const auto n = static_cast<std::size_t>(*rc::gen::inRange(0, 2100));
  std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
  std::vector<Half> a(n), b(n), c(n), y(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t r = random();
    a[i] = {static_cast<std::uint16_t>(r)};
    b[i] = {static_cast<std::uint16_t>(r >> 16)};
    c[i] = {static_cast<std::uint16_t>(r >> 32)};
  }
  const PlanarOp op = op_of(*rc::gen::inRange(0, planar_ops));
  const Profile& profile = profiles()[*rc::gen::inRange<std::size_t>(0, profiles().size())];
  EveryPath::run([&] {
    if (is_ternary(op))
      planar(op, profile, a, b, c, y);
    else
      planar(op, profile, a, b, y);
    for (std::size_t i = 0; i < n; ++i)
      RC_ASSERT(y[i] == planar_oracle(op, profile, a[i], b[i], c[i]));
    if (is_ternary(op) || n == 0) return;
    planar(op, profile, a, b[0], y);
    for (std::size_t i = 0; i < n; ++i) RC_ASSERT(y[i] == planar_oracle(op, profile, a[i], b[0]));
    std::vector<Half> in_place = b;
    planar(op, profile, a[0], in_place, in_place);
    for (std::size_t i = 0; i < n; ++i)
      RC_ASSERT(in_place[i] == planar_oracle(op, profile, a[0], b[i]));
  });
}

std::uint16_t on_ane16(PlanarOp op, unsigned a, unsigned b, unsigned c = 0) {
  const auto h = [](unsigned v) { return Half{static_cast<std::uint16_t>(v)}; };
  return planar_oracle(op, ane16(), h(a), h(b), h(c)).bits;
}

TEST(Planar, SpecialValuesOfAne16AreThoseOfThePage) {     // [P1]
  EXPECT_EQ(on_ane16(PlanarOp::add, 0x7c00, 0xfc00), 0);  // inf - inf
  EXPECT_EQ(on_ane16(PlanarOp::sub, 0x7e00, 0x7c00), 0);  // NaN is +inf
  EXPECT_EQ(on_ane16(PlanarOp::mul, 0x0000, 0xfc00), 0);  // 0 * inf
  EXPECT_EQ(on_ane16(PlanarOp::add, 0x8000, 0x8000), 0);  // -0 becomes +0
  EXPECT_EQ(on_ane16(PlanarOp::mul, 0x8001, 0x0001), 0);  // so does a vanishing product
  EXPECT_EQ(on_ane16(PlanarOp::max, 0x8000, 0x8000), 0);
  EXPECT_EQ(on_ane16(PlanarOp::min, 0xfe00, 0x3c00), 0x3c00);  // NaN of either sign is +inf
  EXPECT_EQ(on_ane16(PlanarOp::div, 0x3c00, 0x8000), 0x7c00);  // 1 / -0
  EXPECT_EQ(on_ane16(PlanarOp::div, 0x0000, 0x0000), 0);
  EXPECT_EQ(on_ane16(PlanarOp::equal, 0x7e00, 0x7c00), 0x3c00);
  EXPECT_EQ(on_ane16(PlanarOp::select, 0x8000, 0x3c00, 0x8000), 0);
  EXPECT_EQ(on_ane16(PlanarOp::muladd, 0x7c00, 0x0000, 0x3c00), 0x3c00);
}

TEST(Planar, TiesGoAwayFromZeroInAne16AndToEvenInIeee) {
  const Half big = to_half(2048), one = to_half(1);
  EXPECT_EQ(to_float(planar_oracle(PlanarOp::add, ane16(), big, one)), 2050.0F);
  EXPECT_EQ(to_float(planar_oracle(PlanarOp::add, ieee(), big, one)), 2048.0F);
  EXPECT_EQ(on_ane16(PlanarOp::mul, 0x0001, 0x3800), 1);  // half of the least subnormal
}

TEST(Planar, DivisionOfAne16IsTheReciprocalTableAndAProduct) {
  for (unsigned b = 0; b < 65536; b += 7) {
    const Half d{static_cast<std::uint16_t>(b)}, a = to_half(3.25);
    const Half inverse = activate_oracle(ane16(), activation(Function::reciprocal), d);
    EXPECT_EQ(planar_oracle(PlanarOp::div, ane16(), a, d),
              planar_oracle(PlanarOp::mul, ane16(), a, inverse));
  }
}

RC_GTEST_PROP(Reduce, RandomShapesEqualTheOracleOnEveryPath, ()) {  // [P2]
  const ReduceShape s{*rc::gen::inRange(1, 20), *rc::gen::inRange(1, 600),
                      *rc::gen::element(1, 1, 2, 5, 33, 700)};
  if (s.outer * s.count * s.inner > 200000) return;
  std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
  const bool wild = *rc::gen::inRange(0, 4) == 0;
  std::vector<Half> x(static_cast<std::size_t>(s.outer * s.count * s.inner));
  for (Half& h : x) {
    const auto bits = static_cast<std::uint16_t>(random());
    h = wild ? Half{bits} : Half{static_cast<std::uint16_t>((bits & 0x83ff) | 0x3800)};
  }
  std::vector<Half> y(static_cast<std::size_t>(s.outer * s.inner));
  for (int i = 0; i < reductions; ++i)
    for (const Profile& profile : profiles())
      EveryPath::run([&] {
        const auto r = static_cast<Reduction>(i);
        reduce(r, profile, x.data(), s, y.data());
        for (std::int64_t o = 0; o < s.outer; ++o)
          for (std::int64_t k = 0; k < s.inner; ++k)
            RC_ASSERT(y[static_cast<std::size_t>(o * s.inner + k)] ==
                      reduce_oracle(r, profile,
                                    &x[static_cast<std::size_t>(o * s.count * s.inner + k)],
                                    s.count, s.inner));
      });
}

TEST(Reduce, SumsRunInFloat32InAscendingOrder) {  // [P2]
  // 2^24 + 1 + ... in float32 loses each 1 added after it, keeps those before it.
  std::vector<Half> x(4097, to_half(1));
  x[0] = Half{0x7bff};
  const Half sum = reduce_oracle(Reduction::sum, ane16(), x.data(), 4097, 1);
  EXPECT_TRUE(is_infinite(sum));
  const Half mean = reduce_oracle(Reduction::mean, ane16(), x.data(), 4097, 1);
  EXPECT_EQ(mean, round_to_half(static_cast<double>(69600.0F / 4097.0F), Rounding::half_away));
  std::vector<Half> squares(300, to_half(256));
  squares[0] = to_half(0.25);  // 0.0625 is kept beside 2^16, lost from 2^20 on: before it here
  EXPECT_TRUE(is_infinite(reduce_oracle(Reduction::sum_squares, ane16(), squares.data(), 300, 1)));
}

TEST(Reduce, ArgmaxTakesTheFirstOfEqualsAndNanByTheProfile) {
  const std::vector<Half> x{to_half(1), to_half(3), half_nan, half_infinity, to_half(3)};
  EXPECT_EQ(argmax(ane16(), x.data(), 5, 1), 2);
  EXPECT_EQ(argmax(ieee(), x.data(), 5, 1), 2);
  EXPECT_EQ(argmax(ieee(), x.data(), 2, 1), 1);
  EXPECT_EQ(argmax(ane16(), x.data() + 1, 2, 3), 0);
  const std::vector<Half> infinite{half_infinity, half_nan};
  EXPECT_EQ(argmax(ane16(), infinite.data(), 2, 1), 0);  // NaN is +inf, no more
  EXPECT_EQ(argmax(ieee(), infinite.data(), 2, 1), 1);
}

}  // namespace
}  // namespace ane::kernels::arith
