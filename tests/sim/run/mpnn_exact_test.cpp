// The published network at full size: the program's bits against the scalar reference, and which
// of the machine's approximations moves the answer. Minutes a case on one core, so off by default:
//   sim_tests --gtest_also_run_disabled_tests --gtest_filter='MpnnExact*:MpnnCauses*'
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>

#include "kernels/arithmetic.h"
#include "sim/ane/machine.h"
#include "workloads/compile/compile.h"
#include "workloads/mpnn/graph/graph.h"
#include "workloads/mpnn/metrics.h"
#include "workloads/mpnn/reference.h"

namespace ane::sim {
namespace {

using namespace workloads::mpnn;
using workloads::Tensors;

const std::string data = SOURCE_DIR "/../shared/mpnn/";

// A structure by its name, or an ideal helix of so many residues that bends.
Input protein(const std::string& name) {
  if (name.find_first_not_of("0123456789") != std::string::npos)
    return to_input(read_structure(data + name + ".pdb"));
  Input in;
  in.real = std::stoll(name);
  for (std::int64_t i = 0; i < in.real; ++i) {
    for (const double phase : {-0.5, 0.0, 0.45, 0.5}) {
      const double t = 1.7453 * static_cast<double>(i) + phase;
      in.atoms.push_back(static_cast<float>(2.3 * std::cos(t) + 12 * std::cos(0.05 * t)));
      in.atoms.push_back(static_cast<float>(2.3 * std::sin(t)));
      in.atoms.push_back(static_cast<float>(0.4 * static_cast<double>(i) + phase));
    }
    in.residue_index.push_back(static_cast<std::int32_t>(i));
    in.sequence.push_back(static_cast<std::int32_t>(i * 7 % 20));
  }
  in.mask.assign(static_cast<std::size_t>(in.real), 1.0F);
  in.designed = in.mask;
  in.chain_code.assign(static_cast<std::size_t>(in.real), 1);
  return in;
}

struct Job {
  Weights weights;
  GraphOptions options;
  workloads::Graph graph;
  Tensors inputs;
  Input input;
};

Job job(const std::string& name, const std::string& precision) {
  Job j{.weights = load_weights(data + "trained_v0.pt"),
        .options = {},
        .graph = {},
        .inputs = {},
        .input = protein(name)};
  j.options.length = j.input.length();
  if (precision == "int8w") j.options.weights = isa::KernelFormat::int8c;
  if (precision == "w8a8") j.options.ranges = calibrate(j.weights, {j.input});
  Example e{j.input, j.input.sequence, {}};
  for (std::int64_t i = 0; i < j.input.length(); ++i)
    e.rank.push_back(static_cast<std::int32_t>(i));
  j.graph = build_graph(j.weights, j.options);
  j.inputs = graph_inputs(j.weights, j.options, {e});
  return j;
}

struct Case {
  std::string protein, precision, profile;
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.protein << '_' << c.precision << '_' << c.profile;
}

class MpnnExact : public testing::TestWithParam<Case> {};

TEST_P(MpnnExact, DISABLED_ProgramsGiveTheReferenceBits) {
  if (!std::filesystem::exists(data + "trained_v0.pt")) GTEST_SKIP() << "no data";
  const Job j = job(GetParam().protein, GetParam().precision);
  const auto& profile = kernels::arith::profile_named(GetParam().profile);
  const Chip chip = load_chip("M4", {});
  AneMachine machine(chip, workloads::compile(j.graph, chip.machine(), profile).program);
  for (const auto& [name, values] : j.inputs) machine.write(name, values);
  machine.execute();
  const Tensors want = workloads::evaluate(j.graph, kernels::bit_arithmetic(profile), j.inputs);
  EXPECT_TRUE(machine.read("decoded").bytes == want.at("decoded").bytes);
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* protein : {"6MRR", "5L33", "64", "128", "256", "512"})
    for (const char* precision : {"fp16", "int8w", "w8a8"})
      for (const char* profile : {"ane16", "ieee"}) all.push_back({protein, precision, profile});
  return all;
}
INSTANTIATE_TEST_SUITE_P(, MpnnExact, testing::ValuesIn(cases()),
                         [](const auto& test) { return testing::PrintToString(test.param); });

// Two profiles mixed: whose accumulator, GELU, other functions (layer norm's rsqrt) and planar
// operations.
class Mixed final : public kernels::Arithmetic {
 public:
  struct Choice {
    const char *mac, *gelu, *others, *planar;
  };
  explicit Mixed(const Choice& c)
      : mac_(of(c.mac)), gelu_(of(c.gelu)), others_(of(c.others)), planar_(of(c.planar)) {}
  kernels::Format format() const override { return kernels::Format::fp16; }
  double dot(std::span<const double> x, std::span<const double> w, const double* bias,
             const double* scale) const override {
    return mac_.dot(x, w, bias, scale);
  }
  double dot8(std::span<const std::int8_t> x, std::span<const std::int8_t> w, int zero_in,
              std::int32_t bias, kernels::arith::Half scale) const override {
    return mac_.dot8(x, w, zero_in, bias, scale);
  }
  double unary(const kernels::arith::Activation& f, double x) const override {
    return (f.function == kernels::arith::Function::gelu ? gelu_ : others_).unary(f, x);
  }
  double elementwise(int operation, double a, double b) const override {
    return planar_.elementwise(operation, a, b);
  }
  double reduce(int operation, std::span<const double> x) const override {
    return planar_.reduce(operation, x);
  }
  std::int8_t quantise(double x, double scale, int zero) const override {
    return planar_.quantise(x, scale, zero);
  }
  double dequantise(std::int8_t q, double scale, int zero) const override {
    return planar_.dequantise(q, scale, zero);
  }
  double constant(double value) const override { return mac_.constant(value); }
  std::vector<double> weights(const kernels::Parameters& p, int dilation_w,
                              int dilation_h) const override {
    return mac_.weights(p, dilation_w, dilation_h);
  }

 private:
  static const kernels::Arithmetic& of(const char* profile) {
    return kernels::bit_arithmetic(kernels::arith::profile_named(profile));
  }
  const kernels::Arithmetic &mac_, &gelu_, &others_, &planar_;
};

TEST(MpnnCauses, DISABLED_TheTableOfGeluIsMostOfTheChange) {
  if (!std::filesystem::exists(data + "trained_v0.pt")) GTEST_SKIP() << "no data";
  const Job j = job("5L33", "fp16");
  const Reference reference(j.weights);
  std::vector<std::int32_t> order(106);
  for (std::int32_t i = 0; i < 106; ++i) order[static_cast<std::size_t>(i)] = i;
  const auto exact = reference.score(reference.encode(j.input), j.input.sequence, order);
  const auto change = [&](const Mixed::Choice& c) {
    const Tensors out = workloads::evaluate(j.graph, Mixed(c), j.inputs);
    const AnswerDifference d =
        compare(exact, answer_of(j.weights, j.options, out, 0, 106), j.input.mask);
    std::printf(
        "mac %-6s gelu %-6s other functions %-6s planar %-6s: max |change| %.4f, mean KL "
        "%.2e, top-1 %.4f\n",
        c.mac, c.gelu, c.others, c.planar, d.max_abs, d.mean_kl, d.top1);
    std::fflush(stdout);
    return d;
  };
  const AnswerDifference all = change({"ane16", "ane16", "ane16", "ane16"});
  const AnswerDifference exact_gelu = change({"ane16", "ieee", "ane16", "ane16"});
  const AnswerDifference only_gelu = change({"ieee", "ane16", "ieee", "ieee"});
  const AnswerDifference only_mac = change({"ane16", "ieee", "ieee", "ieee"});
  change({"ieee", "ieee", "ane16", "ieee"});
  EXPECT_LT(exact_gelu.mean_kl, 0.1 * all.mean_kl);
  EXPECT_GT(only_gelu.mean_kl, 0.5 * all.mean_kl);
  EXPECT_LT(only_mac.mean_kl, 0.1 * all.mean_kl);
}

}  // namespace
}  // namespace ane::sim
