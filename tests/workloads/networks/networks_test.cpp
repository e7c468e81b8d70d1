// Are the built-in networks the published ones? Their multiply-accumulates are, and they lower.
#include "workloads/networks/networks.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "isa/error.h"
#include "workloads/compile/compile.h"

namespace ane::workloads {
namespace {

LanguageModel model_named(const std::string& name) {
  return language_model({.name = name}, std::nullopt);
}
Graph call_of(const std::string& name, const LanguageCallShape& call) {
  return build_llm(model_named(name), call, 65536, {});
}

TEST(Networks, MultiplyAccumulatesArePublished) {
  for (const Network& n : networks()) {
    if (n.macs == 0) continue;
    const double macs = graph_macs(build_network(n, {}, {}));
    EXPECT_NEAR(macs / n.macs, 1, 0.03) << n.name << " has " << macs / 1e6 << " M";
  }
}

// Weights and biases of convolutions and products, with batch normalisation folded: the published
// counts have two more numbers a normalised channel.
TEST(Networks, ParametersArePublished) {
  for (const Network& n : networks()) {
    if (n.params == 0) continue;
    const Graph g = build_network(n, {}, {});
    double count = 0;
    for (const Node& node : g.nodes)
      if (node.parameters)
        count += static_cast<double>(
            node.parameters->cout *
            (node.parameters->cin * node.parameters->kh * node.parameters->kw + 1));
    EXPECT_NEAR(count / 1e6 / n.params, 1, 0.035) << n.name << " has " << count / 1e6 << " M";
  }
}

TEST(Networks, ANetworkIsFoundByItsOtherNames) {
  EXPECT_EQ(network_named("ResNet-50").name, "resnet50");
  EXPECT_EQ(network_named("MobileNetV2-1.0").name, "mobilenet_v2");
  EXPECT_EQ(network_named("deit_s").name, "deit_small");
  EXPECT_EQ(encoder_named("BERT_base").name, "bert-base");
  EXPECT_EQ(model_named("Llama-3.2-1B").hidden, 2048);
  for (const Network& n : networks()) EXPECT_EQ(&network_named(n.name), &n) << n.name;
}

TEST(Networks, EveryNetworkLowersInEveryKindOfNumbers) {
  isa::Machine machine;
  machine.int8_macs = true;
  machine.texture_unit = true;
  const auto& profile = kernels::arith::profile_named("ane16");
  for (const Network& n : networks()) {
    if (n.name == "sdxl_unet")
      continue;  // the blocks of the smaller denoisers, many times as often
    for (const Numbers& numbers : {Numbers{}, Numbers{.weights = isa::KernelFormat::pal4},
                                   Numbers{.int8_activations = true}}) {
      const Graph g = build_network(n, {}, numbers);
      // Kernels that reach further than the array's run elsewhere: the widest of DeepLab's.
      const auto wide = [&](const Node& node) {
        if (node.op->refuse == nullptr) return false;
        const auto refusal = node.op->refuse(g.call(node), machine);
        return refusal && refusal->label == "C1";
      };
      if (n.name.starts_with("deeplabv3") && std::ranges::any_of(g.nodes, wide)) continue;
      const Compiled c = compile(g, machine, profile, {.with_values = false});
      EXPECT_GT(c.program.words.size(), 100u) << n.name;
      EXPECT_EQ(c.tasks_of_node.size(), g.nodes.size());
    }
  }
}

TEST(Networks, ABatchMultipliesTheWork) {
  const Network& n = network_named("mobilenet_v2");
  EXPECT_DOUBLE_EQ(graph_macs(build_network(n, {.w = 224, .h = 224, .c = 3, .n = 4}, {})),
                   4 * graph_macs(build_network(n, {}, {})));
}

TEST(Networks, EncodersOfBothShapesDoTheSameWork) {
  const double baseline = graph_macs(build_encoder(encoder_named("distilbert"), 1, {}));
  const double apart = graph_macs(build_encoder(encoder_named("distilbert-ane"), 1, {}));
  EXPECT_DOUBLE_EQ(baseline, apart);
  // 6 layers of 12 * 768^2 weights and attention of 128 over 768.
  EXPECT_DOUBLE_EQ(baseline, 6.0 * 128 * (12.0 * 768 * 768 + 2.0 * 128 * 768));
}

// Between two transpositions each: 3 inputs of linear layers less than outputs, none between the
// two of a feed-forward, heads split and joined; the other form has none.
TEST(Networks, FeaturesLastAreTransposedAroundEveryLinearLayer) {
  const auto count = [](const char* name, std::string_view op) {
    const Graph g = build_encoder(encoder_named(name), 1, {});
    return std::ranges::count_if(g.nodes, [&](const Node& n) { return n.op->name == op; });
  };
  EXPECT_EQ(count("distilbert", "transpose"), 2 + 6 * (4 + 6 + 2));
  EXPECT_EQ(count("distilbert-ane", "transpose"), 6 * 12);  // each head's values
}

TEST(Networks, AModelsWeightsAddUpToItsParameters) {
  for (const LanguageModel& m : language_models()) {
    // Norms, biases, and the positions of GPT-2 and OPT are left out.
    const double weights = static_cast<double>(m.weights());
    const double room = 0.02;
    EXPECT_NEAR(weights / static_cast<double>(m.params), 1, room) << m.name;
  }
}

TEST(Networks, LayersWithAWindowAttendToItsKeys) {
  const LanguageModel m = model_named("gemma-3-1b");
  const double macs = graph_macs(call_of("gemma-3-1b", {.context = 4095}));
  EXPECT_DOUBLE_EQ(macs, static_cast<double>(m.weights()) +
                             2.0 * 4 * 256 * (4 * 4096 + 22 * 512));  // 4 layers of 26 see all
}

TEST(Networks, LinearAttentionMultipliesAStateInPlaceOfKeys) {
  const LanguageModel m = model_named("qwen3.5-4b");
  const auto macs = [](std::int64_t context) {
    return graph_macs(call_of("qwen3.5-4b", {.context = context}));
  };
  const double states = 24.0 * 32 * 3 * 128 * 128;  // by the key, by what is new, by the query
  EXPECT_DOUBLE_EQ(macs(511), static_cast<double>(m.weights()) + states + 8.0 * 2 * 16 * 256 * 512);
  EXPECT_DOUBLE_EQ(macs(1023) - macs(511), 8.0 * 2 * 16 * 256 * 512);
}

TEST(Networks, OfExpertsAProgramHasThoseThatATokenUses) {
  const LanguageModel m = model_named("gpt-oss-20b");
  const double all = static_cast<double>(m.layer_weights()), expert = 3.0 * 2880 * 2880;
  const double macs = graph_macs(call_of("gpt-oss-20b", {.context = 99}));
  EXPECT_DOUBLE_EQ(
      macs, 24 * (all - 2880 * 32 - 28 * expert) + 201088.0 * 2880 + 24.0 * 2 * 64 * 64 * 100);
}

TEST(Networks, DecodeMultipliesEveryWeightOnceAndAttendsToTheCache) {
  const LanguageModel m = model_named("llama-3.2-1b");
  const double macs = graph_macs(call_of("llama-3.2-1b", {.context = 511}));
  EXPECT_DOUBLE_EQ(macs, 16.0 * static_cast<double>(m.layer_weights()) + 128256.0 * 2048 +
                             16.0 * 2 * 32 * 64 * 512);
}

TEST(Networks, AProgramOfALanguageModelHasFixedShapes) {
  const auto macs = [](const LanguageCallShape& call) { return graph_macs(call_of("gpt2", call)); };
  const double blocks = 12.0 * 12 * 768 * 768, head = 50257.0 * 768;
  const auto attention = [](double tokens, double keys) { return 12 * 2 * 768 * tokens * keys; };
  EXPECT_DOUBLE_EQ(macs({.context = 100}), blocks + head + attention(1, 101));
  EXPECT_DOUBLE_EQ(macs({.context = 100, .capacity = 512}), blocks + head + attention(1, 512));
  // Padded positions are computed as well, all but the vocabulary.
  for (const KeyValueState state :
       {KeyValueState::device, KeyValueState::buffers, KeyValueState::host})
    EXPECT_DOUBLE_EQ(macs({.context = 512, .capacity = 512, .positions = 128, .state = state}),
                     128 * blocks + head + attention(128, 512));
  // A prompt in calls lies in a cache of its whole length.
  EXPECT_DOUBLE_EQ(macs({.phase = Phase::prefill, .tokens = 512, .call_tokens = 128}),
                   128 * blocks + head + attention(128, 512));
}

TEST(Networks, ACacheThatIsHandedOverIsAnInputAndAnOutputOfItsWindow) {
  const auto moved = [](KeyValueState state, bool kept) {
    const Graph g =
        call_of("gpt2", {.context = 512, .capacity = 512, .positions = 128, .state = state});
    std::int64_t bytes = 0;
    for (const auto* list : {&g.inputs, &g.outputs})
      for (const ValueId v : *list)
        if (g.values[static_cast<std::size_t>(v)].state == kept) bytes += g.type(v).e.count() * 2;
    return bytes;
  };
  const std::int64_t column = 2 * 12 * 768 * 2;      // bytes of a token's keys, values
  const std::int64_t own = (128 * 768 + 50257) * 2;  // tokens in, logits out
  EXPECT_EQ(moved(KeyValueState::device, true), column * (512 + 128));
  EXPECT_EQ(moved(KeyValueState::device, false), own);
  EXPECT_EQ(moved(KeyValueState::buffers, true), column * 2 * 384);
  EXPECT_EQ(moved(KeyValueState::buffers, false), own);
  EXPECT_EQ(moved(KeyValueState::host, true), 0);
  EXPECT_EQ(moved(KeyValueState::host, false), own + column * 2 * 384);
}

TEST(Networks, AModelIsToldByItsParameterCount) {
  EXPECT_FALSE(language_model({.name = "mine",
                               .params = 1557611200,
                               .layers = 48,
                               .hidden = 1600,
                               .ffn = 6400,
                               .heads = 25,
                               .kv_heads = 25,
                               .vocab = 50257},
                              true)
                   .gated);
  EXPECT_THROW(model_named("nobody"), InputError);
}

TEST(Networks, UnknownNamesAreErrorsWithTheNearest) {
  EXPECT_THROW(network_named("resnet5"), InputError);
  EXPECT_THROW(encoder_named("bert"), InputError);
}

}  // namespace
}  // namespace ane::workloads
