// ProteinMPNN's graphs, evaluated in float32, against the FP32 reference.
#include <gmock/gmock.h>

#include <numeric>

#include "isa/error.h"
#include "mpnn_data.h"
#include "workloads/compile/compile.h"
#include "workloads/mpnn/graph/graph.h"
#include "workloads/mpnn/graph/sampling.h"
#include "workloads/mpnn/reference.h"

namespace ane::workloads::mpnn {
namespace {

const ModelSpec small{16, 2, 3, 6};

Example example(std::int64_t length, bool with_missing = false) {
  Example e{made_up_protein(length), {}, {}};
  if (with_missing) e.input.mask[1] = 0;
  e.sequence = e.input.sequence;
  e.rank.resize(static_cast<std::size_t>(length));
  for (std::size_t i = 0; i < e.rank.size(); ++i)
    e.rank[i] = static_cast<std::int32_t>((i * 7 + 3) % e.rank.size());
  return e;
}

std::vector<std::int32_t> order_of(const Example& e) {
  std::vector<std::int32_t> order(e.rank.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[static_cast<std::size_t>(e.rank[i])] = static_cast<std::int32_t>(i);
  return order;
}

std::vector<float> expected(const Weights& w, const GraphOptions& o, const Example& e) {
  const Reference r(w);
  const Encoded encoded = r.encode(e.input);
  return o.pass == Pass::score ? r.score(encoded, e.sequence, order_of(e))
                               : r.unconditional(encoded);
}

TEST(MpnnGraph, EveryFormOfTheGraphIsTheSameFunctionAsTheReference) {
  const Weights w = seeded_weights(small);
  for (const Pass pass : {Pass::score, Pass::unconditional})
    for (const Gather gather : {Gather::texture, Gather::one_hot, Gather::host})
      for (const bool factored : {false, true})
        for (const std::int64_t batch : {1, 2}) {
          GraphOptions o;
          o.pass = pass, o.gather = gather, o.factored = factored, o.batch = batch, o.length = 13;
          std::vector<Example> examples{example(11, true)};
          if (batch == 2) examples.push_back(example(13));
          const auto results = evaluate(build_graph(w, o), kernels::float_arithmetic(),
                                        graph_inputs(w, o, examples));
          for (std::int64_t b = 0; b < batch; ++b) {
            const Example& e = examples[static_cast<std::size_t>(b)];
            const auto ours = answer_of(w, o, results, b, e.input.real);
            EXPECT_LT(farthest(ours, expected(w, o, e)), 2e-5)
                << name(gather) << " factored " << factored << " batch " << batch;
          }
        }
}

TEST(MpnnGraph, WhateverTheHeadLeavesToTheHostTheAnswerIsTheSame) {
  const Weights w = seeded_weights(small);
  for (const Head head : {Head::log_probs, Head::logits, Head::host}) {
    GraphOptions o;
    o.head = head, o.length = 8;
    const Example e = example(8);
    const auto results =
        evaluate(build_graph(w, o), kernels::float_arithmetic(), graph_inputs(w, o, {e}));
    EXPECT_LT(farthest(answer_of(w, o, results, 0, 8), expected(w, o, e)), 2e-5) << name(head);
    EXPECT_EQ(head_named(name(head)), head);
  }
}

TEST(MpnnGraph, MasksThatMaskNothingChangeNoBit) {
  const Weights w = seeded_weights(small);
  const std::vector<Example> one{example(9)};
  GraphOptions o;
  o.length = 9;
  const auto with =
      evaluate(build_graph(w, o), kernels::float_arithmetic(), graph_inputs(w, o, one));
  o.masked = false;
  const auto without =
      evaluate(build_graph(w, o), kernels::float_arithmetic(), graph_inputs(w, o, one));
  EXPECT_EQ(with.at("decoded").bytes, without.at("decoded").bytes);
}

TEST(MpnnGraph, AProteinHasTheSameBitsAloneAndPaddedAndInABatch) {
  const Weights w = seeded_weights(small);
  for (const bool factored : {false, true}) {
    GraphOptions o;
    o.factored = factored, o.length = 5;
    const auto alone =
        evaluate(build_graph(w, o), kernels::float_arithmetic(), graph_inputs(w, o, {example(5)}));
    const auto a = answer_of(w, o, alone, 0, 5);
    o.length = 12, o.batch = 3;
    const auto batch = evaluate(build_graph(w, o), kernels::float_arithmetic(),
                                graph_inputs(w, o, {example(12), example(5), example(7)}));
    const auto b = answer_of(w, o, batch, 1, 5);
    EXPECT_EQ(0, std::memcmp(a.data(), b.data(), a.size() * sizeof(float)));
  }
}

TEST(MpnnGraph, ShapesAloneMakeTheSameNodesAsValues) {
  const Weights w = seeded_weights(small);
  for (const Pass pass : {Pass::score, Pass::unconditional, Pass::encode, Pass::step})
    for (const Gather gather : {Gather::texture, Gather::one_hot})
      for (const bool factored : {false, true}) {
        GraphOptions o;
        o.pass = pass, o.gather = gather, o.factored = factored, o.length = 10, o.batch = 2;
        const Graph full = build_graph(w, o), bare = build_graph(small, o);
        ASSERT_EQ(full.nodes.size(), bare.nodes.size());
        for (std::size_t i = 0; i < full.nodes.size(); ++i) {
          EXPECT_EQ(full.nodes[i].name, bare.nodes[i].name);
          EXPECT_EQ(full.type(full.nodes[i].output), bare.type(bare.nodes[i].output));
          const auto &p = full.nodes[i].parameters, &q = bare.nodes[i].parameters;
          ASSERT_EQ(p == nullptr, q == nullptr);
          if (!p) continue;
          EXPECT_EQ(p->count(), q->count());
          EXPECT_EQ(p->has_bias, q->has_bias);
          EXPECT_EQ(p->has_bias, !p->bias.empty()) << full.nodes[i].name;
        }
      }
}

TEST(MpnnGraph, WorkIsThatOfTheCountedModel) {
  // research/workloads.md 1.4: embed 714, encoder 5171, decoder 3131 MFLOP literal at 106, of them
  // 8879 in products; 5442 factored. The graph leaves out the first layer's zero half of W1 and
  // counts MACs of products only.
  const auto gflop = [](bool factored) {
    GraphOptions o;
    o.length = 106, o.factored = factored, o.masked = false;
    const Graph g = build_graph(ModelSpec{}, o);
    std::int64_t macs = 0;
    for (const Node& n : g.nodes) macs += n.op->work(g.call(n)).macs.count;
    return 2e-9 * static_cast<double>(macs);
  };
  // Literal: 8.8786 less the first message's two thirds of W1, 2 * 5088 * 256 * 128.
  EXPECT_NEAR(gflop(false), 8.8786 - 2e-9 * 5088 * 256 * 128, 1e-3);
  EXPECT_LT(gflop(true), 5.45);
  EXPECT_GT(gflop(true), 5.2);
}

TEST(MpnnGraph, TheHostsGatherIsRefusedByTheAcceleratorByName) {
  isa::Machine m;
  m.texture_unit = true;
  const auto refusals = [&](Gather gather, bool texture) {
    m.texture_unit = texture;
    GraphOptions o;
    o.length = 10, o.gather = gather;
    const Graph g = build_graph(small, o);
    std::set<std::string> labels;
    for (const Node& n : g.nodes)
      if (const auto r = n.op->refuse(g.call(n), m)) labels.insert(r->label);
    return labels;
  };
  EXPECT_THAT(refusals(Gather::texture, true), testing::IsEmpty());
  EXPECT_THAT(refusals(Gather::texture, false), testing::ElementsAre("G1"));
  EXPECT_THAT(refusals(Gather::one_hot, false), testing::IsEmpty());
  EXPECT_THAT(refusals(Gather::host, true), testing::ElementsAre("G2"));
}

// Samples by the scalar reference in float32.
std::vector<Sample> sampled(const Weights& w, const GraphOptions& o,
                            const std::vector<Input>& inputs,
                            const std::vector<SampleOptions>& samples) {
  const Graph encode = build_graph(w, encode_options(o, inputs.size()));
  const Graph step = build_graph(w, step_options(o));
  return sample(w, o, inputs, samples, [&](Pass pass, const Tensors& in) {
    return evaluate(pass == Pass::encode ? encode : step, kernels::float_arithmetic(), in);
  });
}

TEST(MpnnGraph, StepsDrawWhatTheReferenceDraws) {
  const Weights w = seeded_weights(small);
  const Reference r(w);
  std::vector<Input> inputs{example(7, true).input, example(10).input};
  inputs[1].designed[4] = 0;
  for (const Gather gather : {Gather::texture, Gather::one_hot})
    for (const bool factored : {false, true}) {
      GraphOptions o;
      o.gather = gather, o.factored = factored, o.length = 12, o.batch = 2;
      std::vector<SampleOptions> samples(2);
      samples[0].temperature = 0.8f, samples[1].greedy = true, samples[1].seed = 5;
      const auto ours = sampled(w, o, inputs, samples);
      for (std::size_t b = 0; b < 2; ++b) {
        const Sample theirs = r.sample(r.encode(inputs[b]), samples[b]);
        EXPECT_EQ(ours[b].order, theirs.order);
        EXPECT_EQ(ours[b].sequence, theirs.sequence);
        EXPECT_LT(farthest(ours[b].log_probs, theirs.log_probs), 2e-5);
        EXPECT_LT(farthest(ours[b].probabilities, theirs.probabilities), 2e-4);
      }
    }
}

TEST(MpnnGraph, SamplesOfOneProteinShareItsEncodingAndNotTheirDraws) {
  const Weights w = seeded_weights(small);
  const Reference r(w);
  const Input in = example(9).input;
  GraphOptions o;
  o.length = 9, o.batch = 3;
  std::vector<SampleOptions> samples(3);
  for (std::size_t b = 0; b < 3; ++b) samples[b].seed = b, samples[b].temperature = 1.0f;
  const auto ours = sampled(w, o, {in}, samples);
  for (std::size_t b = 0; b < 3; ++b)
    EXPECT_EQ(ours[b].sequence, r.sample(r.encode(in), samples[b]).sequence);
  EXPECT_NE(ours[0].sequence, ours[1].sequence);
  EXPECT_THROW(sampled(w, o, {in, in}, samples), InputError);
}

TEST(MpnnGraph, CalibrationNamesEveryLayerOfEveryFormWithItsLargestInput) {
  const Weights w = seeded_weights(small);
  const Example e = example(10);
  const auto ranges = calibrate(w, {e.input});
  for (const bool factored : {false, true}) {
    GraphOptions o;
    o.length = 10, o.factored = factored, o.head = Head::logits;
    const Graph g = build_graph(w, o);
    Example same = e;  // calibration decodes in order of the places
    std::iota(same.rank.begin(), same.rank.end(), 0);
    const auto results = evaluate(g, kernels::float_arithmetic(), graph_inputs(w, o, {same}), true);
    std::map<int, const Tensor*> of_value;
    for (const Node& n : g.nodes) of_value[n.output] = &results.at(n.name);
    int compared = 0;
    for (const Node& n : g.nodes) {
      if (n.op->name != "linear") continue;
      ASSERT_TRUE(ranges.contains(n.name)) << n.name;
      if (!of_value.contains(n.inputs[0])) continue;
      float most = 0;
      for (const float v : of_value.at(n.inputs[0])->as<const float>())
        most = std::max(most, std::abs(v));
      EXPECT_NEAR(ranges.at(n.name), most, 1e-4 * static_cast<double>(most)) << n.name;
      ++compared;
    }
    EXPECT_GT(compared, 20);
  }
}

TEST(MpnnGraph, WrongRequestsAreTheUsersErrors) {
  GraphOptions o;
  o.length = 0;
  EXPECT_THROW(build_graph(small, o), InputError);
  EXPECT_THROW(gather_named("texure"), InputError);
  EXPECT_EQ(gather_named("one_hot"), Gather::one_hot);
  const Weights w = seeded_weights(small);
  o.length = 4;
  EXPECT_THROW(graph_inputs(w, o, {example(5)}), InputError);
  EXPECT_THROW(graph_inputs(w, o, {}), InputError);
}

}  // namespace
}  // namespace ane::workloads::mpnn
