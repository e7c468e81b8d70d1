// Unary functions: the tables of ane16 [N9] against a second implementation and the errors seen on
// silicon, the functions of ieee [I2] against MPFR, both for every input.
#include <gtest/gtest.h>
#include <mpfr.h>

#include <cmath>
#include <thread>
#include <vector>

#include "isa/error.h"
#include "kernels/arith/activation.h"
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
Half half(unsigned bits) {
  return {static_cast<std::uint16_t>(bits)};
}
double number(Half h) {
  return static_cast<double>(to_float(h));
}
double apply(const Profile& p, Function f, double x) {
  return number(activate_oracle(p, activation(f), to_half(x)));
}

// The real functions once more, in long double.
long double real(Function f, long double x) {
  switch (f) {
    case Function::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Function::tanh:
      return std::tanh(x);
    case Function::gelu:
      return x / 2 * std::erfc(-x / std::sqrt(2.0L));
    case Function::silu:
      return x / (1 + std::exp(-x));
    case Function::softplus:
      return std::max(x, 0.0L) + std::log1p(std::exp(-std::fabs(x)));
    case Function::elu:
      return x >= 0 ? x : std::expm1(x);
    case Function::erf:
      return std::erf(x);
    case Function::sin:
      return std::sin(x);
    case Function::cos:
      return std::cos(x);
    case Function::exp:
      return std::exp(x);
    case Function::log:
      return std::log(x);
    case Function::sqrt:
      return std::sqrt(x);
    case Function::rsqrt:
      return 1 / std::sqrt(x);
    case Function::reciprocal:
      return 1 / x;
    default:
      ADD_FAILURE() << info(f).name;
      return 0;
  }
}

struct Error {
  double absolute = 0, ulp = 0;  // ulp: of the result's binade, at least 2^-24
};
Error largest_error(Function f, double low, double high) {
  Error e;
  for (unsigned b = 0; b < 65536; ++b) {
    const Half x = half(b);
    if (is_nan(x) || is_infinite(x) || number(x) < low || number(x) > high) continue;
    const long double exact = real(f, static_cast<long double>(number(x)));
    const Half y = activate_oracle(ane16(), activation(f), x);
    if (is_infinite(y)) continue;
    const auto off = static_cast<double>(std::fabs(number(y) - exact));
    e.absolute = std::max(e.absolute, off);
    const int binade = std::max(exact == 0 ? -14 : std::ilogb(exact), -14);
    e.ulp = std::max(e.ulp, off / std::ldexp(1.0, binade - 10));
  }
  return e;
}

TEST(Activation, TheTablesLargestErrorsAreThoseSeenOnSilicon) {  // [N9], within 5 %
  const double quarter_period = 1.5707;
  EXPECT_NEAR(largest_error(Function::sigmoid, -8, 8).absolute, 3.4e-3, 0.05 * 3.4e-3);
  EXPECT_NEAR(largest_error(Function::tanh, -4, 4).absolute, 1.6e-3, 0.05 * 1.6e-3);
  EXPECT_NEAR(largest_error(Function::gelu, -4, 4).absolute, 6.2e-3, 0.05 * 6.2e-3);
  EXPECT_NEAR(largest_error(Function::silu, -8, 8).absolute, 1.5e-2, 0.05 * 1.5e-2);
  EXPECT_NEAR(largest_error(Function::erf, -2, 2).absolute, 8.6e-4, 0.05 * 8.6e-4);
  EXPECT_NEAR(largest_error(Function::sin, 0, quarter_period).absolute, 6.3e-4, 0.05 * 6.3e-4);
}

TEST(Activation, ReducedFunctionsErrNoMoreThanSilicon) {  // recorded beside the measured errors
  const double all = 65504, least = 6.2e-5;               // normal arguments
  const auto record = [](const char* name, double ours) {
    testing::Test::RecordProperty(name, std::to_string(ours));
    std::fprintf(stderr, "  %-16s %.3g\n", name, ours);
    return ours;
  };
  EXPECT_LE(record("exp_ulp", largest_error(Function::exp, -9.7, 11.08).ulp), 9.1);
  EXPECT_LE(record("log_absolute", largest_error(Function::log, least, all).absolute), 6.6e-3);
  EXPECT_LE(record("sqrt_ulp", largest_error(Function::sqrt, least, all).ulp), 1.2);
  EXPECT_LE(record("rsqrt_ulp", largest_error(Function::rsqrt, least, all).ulp), 2.15);
  EXPECT_LE(record("reciprocal_ulp", largest_error(Function::reciprocal, least, 16384).ulp), 13.5);
  EXPECT_LE(record("sin_all", largest_error(Function::sin, -all, all).absolute), 6.3e-4 * 1.05);
  EXPECT_LE(record("cos_all", largest_error(Function::cos, -all, all).absolute), 6.3e-4 * 1.05);
  EXPECT_LE(record("softplus_all", largest_error(Function::softplus, -all, 10.39).absolute),
            8.3e-3);
  EXPECT_LE(record("elu_all", largest_error(Function::elu, -all, all).absolute), 8e-3);
}

// What Macs return: log(1 + exp(x)) ends where exp passes the accumulator's 32768 [N4].
TEST(Activation, SoftplusEndsWhereItsExponentialPassesTheAccumulator) {  // [N9]
  EXPECT_EQ(apply(ane16(), Function::softplus, 10), 10);
  EXPECT_EQ(apply(ane16(), Function::softplus, 10.390625), 10.390625);
  for (const double x : {10.3984375, 10.5, 11.0, 12.0, 88.0, 1000.0, 65504.0})
    EXPECT_EQ(apply(ane16(), Function::softplus, x), 0) << x;
  EXPECT_EQ(activate_oracle(ane16(), activation(Function::softplus), half_infinity).bits, 0);
  EXPECT_EQ(apply(ieee(), Function::softplus, 12), 12);
}

// Second implementation: float32 operations made from exact double ones, knots found by search,
// binary16 by comparing distances.
double wide(float v) {
  return static_cast<double>(v);
}
float add(float a, float b) {
  return static_cast<float>(wide(a) + wide(b));
}
float multiply(float a, float b) {
  return static_cast<float>(wide(a) * wide(b));
}

float second_interpolation(const KnotTable& t, float v) {
  const float position = static_cast<float>(wide(add(v, -t.origin)) / wide(t.step));
  int s = 0;
  while (s < 31 && position >= static_cast<float>(s + 1)) ++s;
  const auto knot = [&](int i) { return compilers_float(t.knots[static_cast<std::size_t>(i)]); };
  return add(knot(s), multiply(add(knot(s + 1), -knot(s)), add(position, -static_cast<float>(s))));
}

Half nearest_away(double v) {
  unsigned low = 0, high = 0x7c00;
  while (high - low > 1) {
    const unsigned middle = (low + high) / 2;
    (decode_ordinary(half(middle)) <= std::fabs(v) ? low : high) = middle;
  }
  const double below = std::fabs(v) - decode_ordinary(half(low));
  const unsigned bits = decode_ordinary(half(high)) - std::fabs(v) <= below ? high : low;
  return half(bits == 0 ? 0 : bits | (v < 0 ? 0x8000 : 0));
}

Half second_table(const KnotTable& t, double x) {
  using R = KnotTable::Reduction;
  const double last = wide(t.origin) + 32 * wide(t.step);
  const auto outside = [&](KnotTable::Outside o, Half knot) {
    if (o == KnotTable::Outside::identity) return nearest_away(x);
    return o == KnotTable::Outside::zero ? half(0) : knot;
  };
  const auto scaled = [&](double m, double factor) {
    return nearest_away(wide(second_interpolation(t, static_cast<float>(m))) * factor);
  };
  switch (t.reduction) {
    case R::none:
      if (t.function == Function::softplus && x > 10.3972) return half(0);
      if (x < wide(t.origin)) return outside(t.below, t.knots[0]);
      if (x > last) return outside(t.above, t.knots[32]);
      return scaled(x, 1);
    case R::odd:
      return scaled(std::min(std::fabs(x), last), x < 0 ? -1 : 1);
    case R::exp2_fraction: {
      const float p = multiply(static_cast<float>(x), 1.44269504F);
      if (p > 100 || p < -100) return p > 0 ? half_infinity : half(0);
      int n = static_cast<int>(p);
      if (static_cast<float>(n) > p) --n;
      return scaled(static_cast<double>(add(p, static_cast<float>(-n))), std::pow(2.0, n));
    }
    case R::log2_mantissa: {
      if (x <= 0) return half(x == 0 ? 0xf98c : 0);
      if (std::isinf(x)) return half_infinity;
      int n = 0;
      double m = x;
      while (m >= 1) m /= 2, ++n;
      while (m < 0.5) m *= 2, --n;
      const float l = add(second_interpolation(t, static_cast<float>(m)), static_cast<float>(n));
      return nearest_away(wide(multiply(l, 0.693147182F)));
    }
    case R::one_octave:
    case R::two_octaves: {
      const bool root = t.function == Function::sqrt;
      if (x < 0 && t.reduction == R::two_octaves) return half(0);
      if (x == 0) return root ? half(0) : half_infinity;
      if (std::isinf(x)) return root ? half_infinity : half(0);
      const double base = t.reduction == R::one_octave ? 2 : 4;
      double m = std::fabs(x), factor = x < 0 ? -1 : 1;
      while (m >= base) m /= base, factor *= root ? 2 : 0.5;
      while (m < 1) m *= base, factor *= root ? 0.5 : 2;
      return scaled(m, factor);
    }
    case R::quarter_period: {
      if (std::isinf(x)) return half(0);
      const double quarter = std::acos(0.0);
      double rest = std::fabs(x), sign = x < 0 && t.function == Function::sin ? -1 : 1;
      const auto turns = static_cast<long>(rest / quarter);
      rest -= static_cast<double>(turns) * quarter;
      const long q = turns + (t.function == Function::cos ? 1 : 0);
      if (q % 4 >= 2) sign = -sign;
      return scaled(q % 2 == 1 ? quarter - rest : rest, sign);
    }
  }
  return half(0);
}

TEST(Activation, EveryInputOfEveryTableAgreesWithASecondImplementation) {  // [N9]
  for (const FunctionInfo& f : functions()) {
    if (!f.table_in_ane16) continue;
    const KnotTable* t = knot_table(activation(f.function));
    ASSERT_NE(t, nullptr);
    for (unsigned b = 0; b < 65536; ++b) {
      const double x = is_nan(half(b)) ? HUGE_VAL : number(half(b));
      ASSERT_EQ(activate_oracle(ane16(), activation(f.function), half(b)).bits,
                second_table(*t, x).bits)
          << f.name << " of " << x;
    }
  }
}

TEST(Activation, TheFastPathEqualsTheOracleForEveryInput) {
  std::vector<Half> x(65536), y(65536);
  for (unsigned b = 0; b < 65536; ++b) x[b] = half(b);
  for (const Profile& p : profiles())
    for (const FunctionInfo& f : functions()) {
      activate(p, activation(f.function), x, y);
      for (unsigned b = 0; b < 65536; ++b)
        ASSERT_EQ(y[b], activate_oracle(p, activation(f.function), x[b])) << f.name << ' ' << b;
    }
}

TEST(Activation, Ane16GivesNoNanAndNoNegativeZero) {  // [P1]
  for (const FunctionInfo& f : functions()) {
    if (f.function == Function::none) continue;
    for (const Half y : activation_table(ane16(), activation(f.function))) {
      ASSERT_FALSE(is_nan(y)) << f.name;
      ASSERT_NE(y.bits, 0x8000) << f.name;
    }
  }
}

TEST(Activation, SpecialValuesOfAne16AreThoseOfThePage) {  // [P1]
  const auto bits = [](Function f, unsigned x) {
    return activate_oracle(ane16(), activation(f), half(x)).bits;
  };
  EXPECT_EQ(bits(Function::sqrt, 0xbc00), 0);  // sqrt(-1)
  EXPECT_EQ(bits(Function::rsqrt, 0xbc00), 0);
  EXPECT_EQ(bits(Function::log, 0xbc00), 0);
  EXPECT_EQ(bits(Function::reciprocal, 0x0000), 0x7c00);
  EXPECT_EQ(bits(Function::reciprocal, 0x8000), 0x7c00);
  EXPECT_EQ(apply(ane16(), Function::log, 0), -45440);
  EXPECT_EQ(bits(Function::relu, 0x7e01), 0x7c00);  // NaN enters as +inf
  EXPECT_EQ(bits(Function::abs, 0xfe00), 0x7c00);
  EXPECT_EQ(bits(Function::gelu, 0x7c00), 0x7c00);
  EXPECT_EQ(bits(Function::gelu, 0xfc00), 0);
  EXPECT_EQ(apply(ane16(), Function::gelu, 5), 5);
  EXPECT_EQ(apply(ane16(), Function::tanh, -60000),
            number(activate_oracle(ane16(), activation(Function::tanh), to_half(-4))));
  EXPECT_TRUE(std::isinf(apply(ane16(), Function::exp, 11.1)));
  EXPECT_FALSE(std::isinf(apply(ane16(), Function::exp, 11.0859375)));
  EXPECT_EQ(apply(ane16(), Function::exp, 0), 1);
  EXPECT_EQ(apply(ane16(), Function::log, 1), 0);
  EXPECT_EQ(apply(ane16(), Function::square, 256), HUGE_VAL);
}

TEST(Activation, ExactFunctionsRoundOnce) {
  EXPECT_EQ(apply(ane16(), Function::relu6, 7), 6);
  EXPECT_EQ(apply(ane16(), Function::round, 2.5), 3);
  EXPECT_EQ(apply(ieee(), Function::round, 2.5), 2);
  const Activation leaky{Function::leaky_relu, to_half(0.125), {}};
  EXPECT_EQ(number(activate_oracle(ane16(), leaky, to_half(-3))), -0.375);
  const Activation clip{Function::clip, to_half(-1), to_half(2)};
  EXPECT_EQ(number(activate_oracle(ane16(), clip, to_half(3))), 2);
  EXPECT_EQ(number(activate_oracle(ane16(), clip, half(0x7e00))), 2);
  EXPECT_EQ(number(activate_oracle(ieee(), clip, to_half(-3))), -1);
  EXPECT_EQ(apply(ane16(), Function::hard_swish, 4), 4);
  EXPECT_EQ(apply(ane16(), Function::hard_swish, -4), 0);
}

TEST(Activation, ManyThreadsMakeOneTable) {
  const Activation a{Function::leaky_relu, to_half(0.3), {}};
  std::vector<const Half*> seen(8);
  std::vector<std::jthread> threads;
  for (auto& s : seen)
    threads.emplace_back([&s, &a] { s = activation_table(profile_named("ane16"), a).data(); });
  threads.clear();
  for (const Half* s : seen) EXPECT_EQ(s, seen[0]);
}

TEST(Activation, AnUnknownFunctionIsAnErrorWithTheNearestName) {
  try {
    function_named("gleu");
    FAIL();
  } catch (const InputError& e) {
    EXPECT_NE(e.note().find("gelu"), std::string::npos);
  }
}

// ---- ieee against MPFR: 200 bits, then a double whose last bit is sticky, then the compiler.
class Mpfr {
 public:
  Mpfr() { mpfr_init2(v_, 200); }
  ~Mpfr() { mpfr_clear(v_); }
  Mpfr(const Mpfr&) = delete;
  Mpfr& operator=(const Mpfr&) = delete;
  operator mpfr_ptr() { return v_; }

 private:
  mpfr_t v_;
};

bool evaluate(Function f, double x, Mpfr& y) {
  const mpfr_rnd_t n = MPFR_RNDN;
  Mpfr t;
  mpfr_set_d(y, x, n);
  switch (f) {
    case Function::sigmoid:
    case Function::silu:
      mpfr_neg(t, y, n), mpfr_exp(t, t, n), mpfr_add_ui(t, t, 1, n);
      if (f == Function::sigmoid) mpfr_set_ui(y, 1, n);
      return mpfr_div(y, y, t, n), true;
    case Function::tanh:
      return mpfr_tanh(y, y, n), true;
    case Function::gelu:
      mpfr_set_ui(t, 2, n), mpfr_sqrt(t, t, n), mpfr_div(t, y, t, n), mpfr_neg(t, t, n);
      mpfr_erfc(t, t, n), mpfr_mul(y, y, t, n);
      return mpfr_div_ui(y, y, 2, n), true;
    case Function::softplus:
      return mpfr_exp(y, y, n), mpfr_log1p(y, y, n), true;
    case Function::elu:
      return x < 0 && mpfr_expm1(y, y, n), true;
    case Function::erf:
      return mpfr_erf(y, y, n), true;
    case Function::sin:
      return mpfr_sin(y, y, n), true;
    case Function::cos:
      return mpfr_cos(y, y, n), true;
    case Function::exp:
      return mpfr_exp(y, y, n), true;
    case Function::log:
      return mpfr_log(y, y, n), true;
    case Function::sqrt:
      return mpfr_sqrt(y, y, n), true;
    case Function::rsqrt:
      return mpfr_sqrt(y, y, n), mpfr_ui_div(y, 1, y, n), true;
    case Function::reciprocal:
      return mpfr_ui_div(y, 1, y, n), true;
    case Function::hard_swish:
      if (x <= -3) mpfr_set_ui(y, 0, n);
      if (x > -3 && x < 3) mpfr_add_ui(t, y, 3, n), mpfr_mul(y, y, t, n), mpfr_div_ui(y, y, 6, n);
      return true;
    default:
      return false;
  }
}

TEST(Activation, EveryInputOfIeeeIsCorrectlyRoundedByMpfr) {  // [I2]
  Mpfr y;
  for (const FunctionInfo& f : functions()) {
    for (unsigned b = 0; b < 0xfc00; ++b) {
      if (is_nan(half(b)) || is_infinite(half(b))) continue;
      if (!evaluate(f.function, number(half(b)), y)) break;
      double d = mpfr_get_d(y, MPFR_RNDZ);
      if (mpfr_cmp_d(y, d) != 0) d = std::bit_cast<double>(std::bit_cast<std::uint64_t>(d) | 1);
      const Half expected = compilers_half(d);
      const Half ours = activate_oracle(ieee(), activation(f.function), half(b));
      ASSERT_EQ(ours.bits & (is_zero(ours) ? 0x7fff : 0xffff),
                expected.bits & (is_zero(expected) ? 0x7fff : 0xffff))
          << f.name << " of " << number(half(b));
    }
  }
}

TEST(Activation, InfinitiesAndNansOfIeeeAreThoseOfTheRealFunctionsLimits) {  // [I2]
  const auto at = [](Function f, unsigned b) {
    return activate_oracle(ieee(), activation(f), half(b)).bits;
  };
  for (const FunctionInfo& f : functions())
    if (f.function != Function::none) {
      EXPECT_EQ(at(f.function, 0xfe01), 0x7e00) << f.name;
    }
  EXPECT_EQ(at(Function::gelu, 0x7c00), 0x7c00);
  EXPECT_EQ(at(Function::gelu, 0xfc00) & 0x7fff, 0);
  EXPECT_EQ(at(Function::silu, 0xfc00) & 0x7fff, 0);
  EXPECT_EQ(at(Function::silu, 0x7c00), 0x7c00);
  EXPECT_EQ(at(Function::softplus, 0x7c00), 0x7c00);
  EXPECT_EQ(at(Function::elu, 0xfc00), 0xbc00);
  EXPECT_EQ(at(Function::sqrt, 0xbc00), 0x7e00);
  EXPECT_EQ(at(Function::log, 0x0000), 0xfc00);
  EXPECT_EQ(at(Function::reciprocal, 0x8000), 0xfc00);
  EXPECT_EQ(at(Function::exp, 0xfc00), 0);
}

TEST(Activation, ParametersThatAreNoNumbersBoundNothing) {  // [I2]
  const auto clip = [](double low, double high, double x) {
    Activation a = activation(Function::clip);
    a.alpha = to_half(low), a.beta = to_half(high);
    std::array<Half, 1> y{};
    const std::array<Half, 1> in{to_half(x)};
    activate(ieee(), a, in, y);
    EXPECT_EQ(y[0].bits, activate_oracle(ieee(), a, in[0]).bits);
    return static_cast<double>(to_float(y[0]));
  };
  EXPECT_EQ(clip(-1, 2, -3), -1);
  EXPECT_EQ(clip(-1, 2, 3), 2);
  EXPECT_EQ(clip(-1, 4, 3), 3);  // another bound, another table
  EXPECT_EQ(clip(5, 2, 0), 2);   // a lower bound above the upper one loses
  EXPECT_EQ(clip(5, 2, 9), 2);
  // Comparisons with NaN are false.
  EXPECT_EQ(clip(NAN, 2, -3), -3);
  EXPECT_EQ(clip(NAN, 2, 3), 2);
  EXPECT_EQ(clip(-1, NAN, 3), 3);
  EXPECT_EQ(clip(-1, NAN, -3), -1);
  Activation leaky = activation(Function::leaky_relu);
  leaky.alpha = half_nan;
  EXPECT_EQ(activate_oracle(ieee(), leaky, to_half(1)).bits, to_half(1).bits);
  EXPECT_EQ(activate_oracle(ieee(), leaky, to_half(-1)).bits, half_nan.bits);
}

TEST(FunctionTables, GiveWhatActivateGivesForEveryResultOfTheMachine) {
  int clamping = 0;
  for (const Profile& profile : profiles())
    for (const FunctionInfo& f : functions()) {
      const FunctionTable table = function_table(profile, activation(f.function));
      clamping += table.clamps ? 1 : 0;
      std::vector<Half> x;
      for (std::uint32_t bits = 0; bits < 65536; ++bits) {
        const Half h{static_cast<std::uint16_t>(bits)};
        if (!is_nan(h) || (profile.id == ProfileId::ieee && h == half_nan)) x.push_back(h);
      }
      std::vector<Half> expected(x.size());
      activate(profile, activation(f.function), x, expected);
      apply(table, x.data(), std::ssize(x));
      EXPECT_TRUE(x == expected) << f.name << " " << profile.name;
    }
  EXPECT_EQ(clamping, 2);  // ReLU in both profiles
}

}  // namespace
}  // namespace ane::kernels::arith
