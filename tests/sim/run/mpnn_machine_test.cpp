// ProteinMPNN on the simulated machine: the program's bits are those of the scalar reference, in
// every form of the graph, and a protein's own whatever it is computed with.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "sim/ane/machine.h"
#include "workloads/compile/compile.h"
#include "workloads/files/npy.h"
#include "workloads/mpnn/graph/sampling.h"
#include "workloads/mpnn/metrics.h"
#include "workloads/mpnn/reference.h"

namespace ane::sim {
namespace {

using kernels::Tensor;
using namespace workloads::mpnn;
using workloads::Graph;
using workloads::Tensors;

const std::string golden_folder = SOURCE_DIR "/../shared/mpnn/";

Example made_up(std::int64_t length) {
  Example e;
  Input& in = e.input;
  in.real = length;
  for (std::int64_t i = 0; i < length; ++i) {
    for (const double phase : {-0.5, 0.0, 0.45, 0.5}) {
      const double t = 1.7453 * static_cast<double>(i) + phase;
      in.atoms.push_back(static_cast<float>(2.3 * std::cos(t) + 12 * std::cos(0.05 * t)));
      in.atoms.push_back(static_cast<float>(2.3 * std::sin(t)));
      in.atoms.push_back(static_cast<float>(0.4 * static_cast<double>(i) + phase));
    }
    in.residue_index.push_back(static_cast<std::int32_t>(i));
    in.sequence.push_back(static_cast<std::int32_t>(i * 7 % 20));
    e.rank.push_back(static_cast<std::int32_t>((i * 5 + 2) % length));
  }
  in.mask.assign(static_cast<std::size_t>(length), 1.0f);
  in.designed = in.mask;
  in.chain_code.assign(static_cast<std::size_t>(length), 1);
  e.sequence = in.sequence;
  return e;
}

Tensors run(const Graph& graph, const Tensors& inputs, const Chip& chip, const char* profile) {
  AneMachine machine(
      chip,
      workloads::compile(graph, chip.machine(), kernels::arith::profile_named(profile)).program);
  EXPECT_TRUE(machine.races().empty()) << machine.races().front();
  for (const auto& [name, values] : inputs) machine.write(name, values);
  machine.execute();
  Tensors out;
  for (const workloads::ValueId v : graph.outputs) {
    const std::string& name = graph.values[static_cast<std::size_t>(v)].name;
    out[name] = machine.read(name);
  }
  return out;
}

TEST(MpnnMachine, ProgramsGiveTheReferenceBitsInEveryForm) {
  const Weights w = seeded_weights({16, 1, 2, 5});
  const Chip chip = load_chip("M4", {});
  for (const Gather gather : {Gather::texture, Gather::one_hot})
    for (const bool factored : {false, true})
      for (const Pass pass : {Pass::score, Pass::unconditional, Pass::encode}) {
        GraphOptions o;
        o.gather = gather, o.factored = factored, o.pass = pass, o.length = 9, o.batch = 2;
        o.head = Head::log_probs;
        const Graph g = build_graph(w, o);
        const Tensors in = graph_inputs(w, o, {made_up(9), made_up(7)});
        for (const char* profile : {"ane16", "ieee"}) {
          const Tensors want = workloads::evaluate(
              g, kernels::bit_arithmetic(kernels::arith::profile_named(profile)), in);
          const Tensors got = run(g, in, chip, profile);
          ASSERT_EQ(got.size(), want.size());
          for (const auto& [name, t] : want)
            EXPECT_TRUE(got.at(name).bytes == t.bytes)
                << name << " " << profile << " " << workloads::mpnn::name(gather) << factored;
        }
      }
}

TEST(MpnnMachine, SamplingGivesTheReferenceBitsAtEveryStep) {
  const Weights w = seeded_weights({16, 1, 2, 5});
  const Chip chip = load_chip("M4", {});
  for (const Gather gather : {Gather::texture, Gather::one_hot})
    for (const char* profile : {"ane16", "ieee"}) {
      GraphOptions o;
      o.gather = gather, o.length = 8, o.batch = 2;
      const Graph encode = build_graph(w, encode_options(o, 2));
      const Graph step = build_graph(w, step_options(o));
      std::vector<SampleOptions> samples(2);
      samples[0].temperature = 1.0f, samples[1].greedy = true;
      const std::vector<Input> inputs{made_up(8).input, made_up(6).input};
      const auto on_machine = sample(w, o, inputs, samples, [&](Pass pass, const Tensors& in) {
        return run(pass == Pass::encode ? encode : step, in, chip, profile);
      });
      const auto reference = sample(w, o, inputs, samples, [&](Pass pass, const Tensors& in) {
        return workloads::evaluate(pass == Pass::encode ? encode : step,
                                   kernels::bit_arithmetic(kernels::arith::profile_named(profile)),
                                   in);
      });
      for (std::size_t b = 0; b < 2; ++b) {
        EXPECT_EQ(on_machine[b].sequence, reference[b].sequence);
        EXPECT_TRUE(on_machine[b].log_probs == reference[b].log_probs) << profile;
      }
    }
}

TEST(MpnnMachine, ConditionalProbabilitiesAreThoseOfAScoreAPlace) {
  const Weights w = seeded_weights({16, 1, 2, 5});
  const Chip chip = load_chip("M4", {});
  const Example e = made_up(7);
  std::vector<std::int32_t> order(7);
  for (std::size_t i = 0; i < 7; ++i)
    order[static_cast<std::size_t>(e.rank[i])] = static_cast<std::int32_t>(i);
  for (const Gather gather : {Gather::texture, Gather::one_hot})
    for (const bool factored : {false, true}) {
      GraphOptions o;
      o.gather = gather, o.factored = factored, o.length = 8, o.batch = 3;
      const auto together =
          conditional(w, o, e.input, e.sequence, order, [&](Pass pass, const Tensors& in) {
            const GraphOptions which =
                pass == Pass::encode ? encode_options(o, 1) : decode_options(o);
            return run(build_graph(w, which), in, chip, "ane16");
          });
      ASSERT_EQ(together.size(), 7U * 21U);
      o.batch = 1;
      for (std::size_t i = 0; i < 7; ++i) {
        Example last = e;
        last.rank[i] = 7;
        const auto alone = answer_of(
            w, o, run(build_graph(w, o), graph_inputs(w, o, {last}), chip, "ane16"), 0, 7);
        EXPECT_EQ(0, std::memcmp(&together[i * 21], &alone[i * 21], 21 * sizeof(float)))
            << i << name(gather) << factored;
      }
    }
}

// The operators of one message, from its edges to the sum over the slots, and the neighbours that
// are gathered for it, run on one tile before the next. With less L2 than an edge tensor needs.
TEST(MpnnMachine, MessagesRunTileByTileWithTheirGathersAndGiveTheReferenceBits) {
  const Weights w = seeded_weights({16, 1, 2, 5});
  for (const char* l2 : {"ane.l2=32KiB", "ane.l2=48KiB"})
    for (const Gather gather : {Gather::texture, Gather::one_hot}) {
      const Chip chip = load_chip("M4", {l2});
      GraphOptions o;
      o.length = 100, o.batch = 2, o.gather = gather;
      const Graph g = build_graph(w, o);
      const Tensors in = graph_inputs(w, o, {made_up(100), made_up(77)});
      const auto compiled =
          workloads::compile(g, chip.machine(), kernels::arith::profile_named("ane16"));
      const auto tasks = [&](const std::string& name) {
        for (std::size_t i = 0; i < g.nodes.size(); ++i)
          if (g.nodes[i].name == name) return compiled.tasks_of_node[i];
        ADD_FAILURE() << name;
        return 0;
      };
      const std::string message = "decoder_layers.0.";
      EXPECT_GE(tasks(message + "W1.edge"), 2);
      EXPECT_GE(tasks(message + "sum"), tasks(message + "W1.edge"));
      if (gather == Gather::texture) {
        EXPECT_GE(tasks(message + "W1.type"), tasks(message + "W1.edge"));
        // Every tile of the message before the next: the edges' tasks have others between them.
        const AneMachine machine(chip, compiled.program);
        std::string order;
        for (const TaskTrace& t : machine.time().tasks) {
          const std::string& name = g.nodes[static_cast<std::size_t>(t.operator_index)].name;
          if (name == message + "W1.edge") order += 'e';
          if (name == message + "W1.gather") order += 'g';
          if (name == message + "sum") order += 's';
        }
        EXPECT_EQ(order.substr(0, 6), "egsegs") << order;
      }
      for (const char* profile : {"ane16", "ieee"})
        EXPECT_TRUE(run(g, in, chip, profile).at("decoded").bytes ==
                    workloads::evaluate(
                        g, kernels::bit_arithmetic(kernels::arith::profile_named(profile)), in)
                        .at("decoded")
                        .bytes)
            << profile << name(gather) << l2;
    }
}

TEST(MpnnMachine, EightBitLayersGiveTheReferenceBits) {
  const Weights w = seeded_weights({16, 1, 1, 5});
  const Chip chip = load_chip("M4", {});
  GraphOptions o;
  o.length = 9;
  o.ranges = {{"W_e", 4.0f}, {"encoder_layers.0.W2", 3.0f}, {"decoder_layers.0.W2", 3.0f}};
  const Graph g = build_graph(w, o);
  const Tensors in = graph_inputs(w, o, {made_up(9)});
  const Tensors want =
      workloads::evaluate(g, kernels::bit_arithmetic(kernels::arith::profile_named("ane16")), in);
  EXPECT_TRUE(run(g, in, chip, "ane16").at("decoded").bytes == want.at("decoded").bytes);
}

TEST(MpnnMachine, AProteinHasTheSameBitsAloneAndPaddedAndInABatch) {
  const Weights w = seeded_weights({16, 1, 2, 5});
  const Chip chip = load_chip("M4", {});
  for (const char* profile : {"ane16", "ieee"}) {
    GraphOptions o;
    o.length = 4;  // fewer than the neighbours asked for
    const auto alone = answer_of(
        w, o, run(build_graph(w, o), graph_inputs(w, o, {made_up(4)}), chip, profile), 0, 4);
    o.length = 16, o.batch = 3;
    const Tensors in = graph_inputs(w, o, {made_up(16), made_up(4), made_up(9)});
    const auto batch = answer_of(w, o, run(build_graph(w, o), in, chip, profile), 1, 4);
    EXPECT_EQ(0, std::memcmp(alone.data(), batch.data(), alone.size() * sizeof(float))) << profile;
  }
}

TEST(MpnnMachine, HalfPrecisionStaysNearTheReferenceOn5L33) {
  if (!std::filesystem::exists(golden_folder + "5L33.pdb")) GTEST_SKIP() << "no data";
  const Weights w = load_weights(golden_folder + "trained_v0.pt");
  const Chip chip = load_chip("M4", {});
  GraphOptions o;
  o.length = 106;
  Example e{to_input(read_structure(golden_folder + "5L33.pdb")), {}, {}};
  e.sequence = e.input.sequence;
  for (std::int32_t i = 0; i < 106; ++i) e.rank.push_back(i);
  const auto golden =
      workloads::read_npy(golden_folder + "trained_v0/5L33/forward_identity_logp.npy").floats();
  const Tensors in = graph_inputs(w, o, {e});
  const auto difference = [&](const char* profile) {
    const auto ours = answer_of(w, o, run(build_graph(w, o), in, chip, profile), 0, 106);
    const AnswerDifference d = compare(golden, ours, e.input.mask);
    RecordProperty(std::string(profile) + "_max_abs", std::to_string(d.max_abs));
    std::printf("%s: max |change| %.4f, mean KL %.2e, top-1 %.4f\n", profile, d.max_abs, d.mean_kl,
                d.top1);
    return d;
  };
  const AnswerDifference ieee = difference("ieee");
  EXPECT_LT(ieee.max_abs, 1e-2);
  EXPECT_GE(ieee.top1, 0.995);
  difference("ane16");
}

}  // namespace
}  // namespace ane::sim
