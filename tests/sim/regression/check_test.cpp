// anesim check: that it finds one changed bit, one changed rounding and one changed order of
// summing, and nothing where nothing changed.
#include "sim/regression/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "isa/error.h"
#include "kernels/arith/oracle.h"
#include "kernels/arith/round.h"
#include "kernels/arithmetic.h"

namespace ane::sim {
namespace {

using kernels::arith::Half;
using kernels::arith::Profile;
using testing::ElementsAre;

const std::vector<CheckCase>& stored() {
  static const std::vector<CheckCase> cases = [] {
    std::ifstream in(SOURCE_DIR "/tests/golden/check.txt");
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    return parse_check(text, "check.txt");
  }();
  return cases;
}
const CheckCase& stored(const std::string& name) {
  const auto at = std::ranges::find(stored(), name, &CheckCase::name);
  if (at == stored().end()) throw std::runtime_error("no golden for " + name);
  return *at;
}
CheckDifference against_stored(const std::string& name, const CheckOptions& options = {}) {
  return compare_case(stored(name), recompute(name, options));
}

// The scalar reference with another dot product.
class OtherDot : public kernels::Arithmetic {
 public:
  explicit OtherDot(const Profile& profile)
      : profile_(profile), base_(kernels::bit_arithmetic(profile)) {}
  kernels::Format format() const override { return base_.format(); }
  double dot8(std::span<const std::int8_t> x, std::span<const std::int8_t> w, int zero,
              std::int32_t bias, Half scale) const override {
    return base_.dot8(x, w, zero, bias, scale);
  }
  double unary(const kernels::arith::Activation& f, double x) const override {
    return base_.unary(f, x);
  }
  double elementwise(int operation, double a, double b) const override {
    return base_.elementwise(operation, a, b);
  }
  double reduce(int operation, std::span<const double> x) const override {
    return base_.reduce(operation, x);
  }
  std::int8_t quantise(double x, double scale, int zero) const override {
    return base_.quantise(x, scale, zero);
  }
  double dequantise(std::int8_t q, double scale, int zero) const override {
    return base_.dequantise(q, scale, zero);
  }
  double constant(double value) const override { return base_.constant(value); }
  std::vector<double> weights(const kernels::Parameters& p, int dilation_w,
                              int dilation_h) const override {
    return base_.weights(p, dilation_w, dilation_h);
  }

 protected:
  Profile profile_;
  const kernels::Arithmetic& base_;
};

class OtherRounding : public OtherDot {
 public:
  explicit OtherRounding(const Profile& profile) : OtherDot(profile) {
    profile_.rounding = profile.rounding == kernels::arith::Rounding::half_away
                            ? kernels::arith::Rounding::half_even
                            : kernels::arith::Rounding::half_away;
  }
  double dot(std::span<const double> x, std::span<const double> w, const double* bias,
             const double* scale) const override {
    const auto half = [](double v) { return kernels::arith::to_half(v); };
    std::vector<Half> a(x.size()), b(w.size());
    std::ranges::transform(x, a.begin(), half);
    std::ranges::transform(w, b.begin(), half);
    const Half result =
        kernels::arith::mac_oracle(profile_, a, b, bias ? std::optional(half(*bias)) : std::nullopt,
                                   scale ? std::optional(half(*scale)) : std::nullopt)
            .value;
    return static_cast<double>(kernels::arith::to_float(result));
  }
};

class OtherOrder : public OtherDot {
 public:
  using OtherDot::OtherDot;
  double dot(std::span<const double> x, std::span<const double> w, const double* bias,
             const double* scale) const override {
    std::vector<double> a(x.rbegin(), x.rend()), b(w.rbegin(), w.rend());
    return base_.dot(a, b, bias, scale);
  }
};

template <class Arithmetic>
CheckOptions with() {
  return {.evaluate =
              [](const workloads::Graph& graph, const Profile& profile,
                 const workloads::Tensors& inputs) {
                return workloads::evaluate(graph, Arithmetic(profile), inputs, true);
              },
          .change = {}};
}

TEST(Check, EveryCaseEqualsItsGolden) {
  for (const std::string& name : check_names()) {
    const CheckDifference d = against_stored(name);
    EXPECT_TRUE(d.equal()) << name << ": " << d.tensor << " " << d.shape
                           << testing::PrintToString(d.metrics)
                           << testing::PrintToString(d.weights);
  }
}

TEST(Check, TheScalarReferenceGivesTheMachinesBits) {
  const CheckOptions reference{.evaluate =
                                   [](const workloads::Graph& graph, const Profile& profile,
                                      const workloads::Tensors& inputs) {
                                     return workloads::evaluate(
                                         graph, kernels::bit_arithmetic(profile), inputs, true);
                                   },
                               .change = {}};
  for (const char* name :
       {"readqc mlp fp16 ane16", "readqc mlp fp16 ieee", "readqc mlp w8a8 ane16",
        "mpnn score fp16 ane16", "mpnn score w8a8 ieee", "llm prefill fp16 ane16",
        "llm decode pal4 ieee", "encoder shaped fp16 ane16"})
    EXPECT_TRUE(against_stored(name, reference).equal()) << name;
}

TEST(Check, FindsOneBitInOneWeight) {
  int changed = 0;
  const CheckOptions one_bit{.evaluate = {},
                             .change = [&](const std::string& name, std::span<float> values) {
                               if (!name.starts_with("dense2.weight")) return;
                               Half h = kernels::arith::to_half(static_cast<double>(values[17]));
                               h.bits ^= 1;
                               values[17] = kernels::arith::to_float(h);
                               ++changed;
                             }};
  const CheckDifference d = against_stored("readqc mlp fp16 ane16", one_bit);
  ASSERT_EQ(changed, 1);
  EXPECT_FALSE(d.equal());
  EXPECT_TRUE(d.same_input);
  EXPECT_THAT(d.weights, ElementsAre("dense2"));
}

TEST(Check, FindsOneBitInOneWeightOfALanguageModel) {
  int changed = 0;
  const CheckOptions one_bit{.evaluate = {},
                             .change = [&](const std::string& name, std::span<float> values) {
                               if (name != "conv4") return;
                               Half h = kernels::arith::to_half(static_cast<double>(values[5]));
                               h.bits ^= 1;
                               values[5] = kernels::arith::to_float(h);
                               ++changed;
                             }};
  const CheckDifference d = against_stored("llm prefill fp16 ieee", one_bit);
  ASSERT_EQ(changed, 1);
  EXPECT_THAT(d.weights, ElementsAre("conv4"));
}

TEST(Check, FindsALargeChangeOfOneWeightInTheTensorBehindIt) {
  const CheckOptions negated{.evaluate = {},
                             .change = [](const std::string& name, std::span<float> values) {
                               if (name == "dense2.weight")
                                 for (float& v : values.first(128)) v = -v;
                             }};
  const CheckDifference d = against_stored("readqc mlp fp16 ane16", negated);
  EXPECT_EQ(d.tensor, "dense2");
  EXPECT_EQ(d.first, d.last);
  EXPECT_LT(d.first, 2);  // output channel 0 of two reads
  EXPECT_NE(d.was, d.is);
  EXPECT_GT(d.ulps.more, 0);
  EXPECT_FALSE(d.metrics.empty());
}

TEST(Check, FindsAnotherRoundingRule) {
  for (const char* name :
       {"readqc mlp fp16 ane16", "mpnn score fp16 ane16", "llm decode fp16 ane16",
        "llm prefill int8w ieee", "encoder written fp16 ane16"}) {
    const CheckDifference d = against_stored(name, with<OtherRounding>());
    EXPECT_FALSE(d.equal()) << name;
    EXPECT_TRUE(d.weights.empty()) << name;
    EXPECT_FALSE(d.tensor.empty()) << name;
    EXPECT_GE(d.first, 0) << name;
  }
}

TEST(Check, FindsAnotherOrderOfSumming) {
  // The ANE's own accumulator is fixed point, where order matters only through its truncation.
  for (const char* name :
       {"readqc mlp fp16 ieee", "mpnn score fp16 ieee", "encoder shaped fp16 ieee"}) {
    const CheckDifference d = against_stored(name, with<OtherOrder>());
    EXPECT_FALSE(d.equal()) << name;
    EXPECT_TRUE(d.weights.empty()) << name;
    EXPECT_FALSE(d.tensor.empty()) << name;
    EXPECT_GT(d.ulps.equal, 0) << name;
  }
}

TEST(Check, CountsDistancesInUnitsInTheLastPlace) {
  const auto with_bits = [](std::vector<std::uint16_t> bits) {
    CheckCase c;
    c.name = "x";
    const auto n = std::ssize(bits);
    c.tensors.push_back(
        {.name = "t", .elements = n, .digest = std::to_string(bits.back()), .bits = bits});
    return c;
  };
  // 0 and -0 are one value; across zero the distance adds up.
  const CheckDifference d = compare_case(with_bits({0x0000, 0x3c00, 0x0001, 0x3c00, 0x3c00}),
                                         with_bits({0x8000, 0x3c01, 0x8001, 0x3c0f, 0x7c00}));
  EXPECT_EQ(d.ulps.equal, 1);
  EXPECT_EQ(d.ulps.one, 1);
  EXPECT_EQ(d.ulps.two_three, 1);
  EXPECT_EQ(d.ulps.four_fifteen, 1);
  EXPECT_EQ(d.ulps.more, 1);
  EXPECT_EQ(d.first, 0);
  EXPECT_EQ(d.was, "0000");
}

TEST(Check, TextKeepsEveryCase) {
  const std::string text = to_text(stored());
  const std::vector<CheckCase> again = parse_check(text, "again");
  ASSERT_EQ(again.size(), stored().size());
  EXPECT_EQ(to_text(again), text);
  EXPECT_THAT(again.back().tensors, testing::ContainerEq(stored().back().tensors));
}

TEST(Check, RefusesLinesThatDoNotRead) {
  for (const char* bad : {"input 00", "case a\nnumber 1", "case a\ntensor t 2 00 3c00",
                          "case a\ntensor t 1 00 3c0g", "case a\nmetric m high"})
    EXPECT_THROW(parse_check(bad, "bad.txt"), InputError) << bad;
}

TEST(CheckCommand, ExitsWithOneForADifferenceAndTwoForNoFile) {
  const std::string program = ANESIM_PROGRAM;
  const std::string file = testing::TempDir() + "anesim_check_" + std::to_string(getpid()) + ".txt";
  const std::string one = " check --case 'readqc mlp fp16 ane16' --file " + file;
  const auto status = [&](const std::string& arguments) {
    return WEXITSTATUS(std::system((program + arguments + " >/dev/null 2>&1").c_str()));
  };
  std::remove(file.c_str());
  EXPECT_EQ(status(one), 2);
  EXPECT_EQ(status(one + " --update"), 0);  // makes the file
  EXPECT_EQ(status(one), 0);
  std::ofstream(file) << "";
  EXPECT_EQ(status(one), 1);
  EXPECT_EQ(status(one + " --update"), 0);
  EXPECT_EQ(status(one), 0);
  std::string text = to_text({stored("readqc mlp fp16 ane16")});
  const std::size_t at = text.find("tensor dense1");
  text[text.find(' ', at + 14) + 3] ^= 1;
  std::ofstream(file) << text;
  EXPECT_EQ(status(one), 1);
  std::remove(file.c_str());
}

TEST(Check, TellsTheBlockAndTheMetricThatDiffer) {
  CheckCase a{.name = "c", .input = "i", .weights = {}, .tensors = {}, .metrics = {{"m", 1}}};
  CheckTensor t{.name = "t", .elements = 600, .digest = "x", .bits = {}};
  t.bits.assign(10, 7);  // blocks of 64
  a.tensors = {t};
  CheckCase b = a;
  b.tensors[0].digest = "y";
  b.tensors[0].bits[3] = 8;
  CheckDifference d = compare_case(a, b);
  EXPECT_EQ(d.tensor, "t");
  EXPECT_EQ(d.first, 3 * 64);
  EXPECT_EQ(d.last, 4 * 64 - 1);
  b = a;
  b.tensors[0].digest = "y";
  b.tensors[0].bits[9] = 8;
  d = compare_case(a, b);
  EXPECT_EQ(d.first, 9 * 64);
  EXPECT_EQ(d.last, 599);
  b = a;
  b.metrics[0].value = 1 + 0.9e-5;
  EXPECT_TRUE(compare_case(a, b).equal());
  b.metrics[0].value = 1 + 1.1e-5;
  EXPECT_EQ(compare_case(a, b).metrics.size(), 1u);
}

}  // namespace
}  // namespace ane::sim
