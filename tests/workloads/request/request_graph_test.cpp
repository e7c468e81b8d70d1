// Does a request's graph do the work that the request states?
#include <gtest/gtest.h>

#include "isa/error.h"
#include "workloads/compile/compile.h"
#include "workloads/networks/networks.h"
#include "workloads/request/job.h"
#include "workloads/request/kind.h"

namespace ane::workloads {
namespace {

isa::Machine machine() {
  isa::Machine m;
  m.int8_macs = m.texture_unit = m.streams_int8_weights = true;
  return m;
}

Graph graph(const std::string& spec, const isa::Machine& m = machine()) {
  return graph_of(parse_request(spec), m);
}

double nominal(const std::string& text) {
  const Request r = parse_request(text);
  return r.work->nominal_flop(r);
}

std::int64_t weight_bytes(const std::string& spec, const isa::Machine& m = machine()) {
  return compile(graph(spec, m), m, kernels::arith::profile_named("ane16"), {.with_values = false})
      .weight_bytes;
}

TEST(RequestGraph, MultiplyAccumulatesAreHalfTheNominalFlop) {
  for (const char* text :
       {"kind=conv cin=64 cout=96 h=20 w=30 kh=3 kw=3 stride=2 pad=valid",
        "kind=conv cin=32 cout=32 h=8 w=8 kh=3 kw=3 groups=32 depth=4",
        "kind=conv cin=256 cout=256 h=16 w=16 kh=3 kw=3 depth=5 cin_first=64 batch=2",
        "kind=conv cin=48 cout=16 h=4 w=4 depth=1", "kind=matmul m=64 n=256 k=128 depth=3",
        "kind=matmul m=10 n=20 k=30 batch=4 bmm=1", "kind=matmul m=2 n=100 k=70000",
        "kind=matmul m=1 n=128256 k=4096", "kind=op op=mha shape=197x768 heads=12",
        "kind=op op=sdpa shape=8x128x64"})
    EXPECT_DOUBLE_EQ(2 * graph_macs(graph(text)), nominal(text)) << text;
}

TEST(RequestGraph, AProductOfTooManyPartsIsRefusedAtOnce) {
  EXPECT_THROW(graph("kind=matmul m=1 n=1000000000000000 k=1"), InputError);
  EXPECT_THROW(graph("kind=matmul m=1 n=1 k=1000000000000000"), InputError);
}

TEST(RequestGraph, AConvolutionHasTheOutputThatTheRequestStates) {
  for (const char* pad : {"same", "valid"}) {
    const Graph g =
        graph(std::string("kind=conv cin=8 cout=24 h=30 w=62 kh=5 kw=3 depth=3 pad=") + pad);
    EXPECT_EQ(g.type(g.outputs[0]).e, (Extents{.w = 62, .h = 30, .c = 24, .n = 1}))
        << kernels::to_string(g.type(g.outputs[0]));
  }
}

TEST(RequestGraph, SharedWeightsAreStoredOnce) {
  const std::string chain = "kind=conv cin=256 cout=256 h=1 w=64 depth=8 shared_weights=";
  EXPECT_EQ(weight_bytes(chain + "0"), 8 * weight_bytes(chain + "1"));
}

TEST(RequestGraph, CompressedWeightsAreSmallerWhereTheChipStreamsThem) {
  const std::string product = "kind=matmul m=1 n=1024 k=1024 weights=";
  const double full = static_cast<double>(weight_bytes(product + "fp16"));
  EXPECT_NEAR(static_cast<double>(weight_bytes(product + "lut4")) / full, 0.25, 0.01);
  EXPECT_NEAR(static_cast<double>(weight_bytes(product + "int8")) / full, 0.5, 0.01);
  EXPECT_NEAR(static_cast<double>(weight_bytes(product + "sparse75")) / full, 0.3125, 0.01);
  isa::Machine folds = machine();
  folds.streams_int8_weights = false;
  EXPECT_EQ(weight_bytes(product + "int8", folds), weight_bytes(product + "fp16", folds));
  EXPECT_LT(weight_bytes(product + "lut4", folds), weight_bytes(product + "fp16", folds));
}

TEST(RequestGraph, IntegerActivationsStayIntegersBetweenTheLayersOfAChain) {
  const Graph g = graph("kind=conv cin=64 cout=64 h=8 w=8 depth=3 weights=int8 activations=int8");
  std::vector<std::string> ops;
  for (const Node& n : g.nodes) ops.emplace_back(n.op->name);
  EXPECT_EQ(ops, (std::vector<std::string>{"quantise", "conv", "conv", "conv"}));
  EXPECT_EQ(g.type(g.nodes[1].output).format, Format::i8);
  EXPECT_EQ(g.type(g.outputs[0]).format, Format::fp16);
  isa::Machine older = machine();
  older.int8_macs = false;
  EXPECT_EQ(graph("kind=conv cin=64 cout=64 h=8 w=8 depth=3 weights=int8 activations=int8", older)
                .nodes.size(),
            3u);
}

TEST(RequestGraph, HostTensorsInFp32AreCastInside) {
  const Graph g = graph("kind=conv cin=64 cout=64 h=1 w=64 io=fp32");
  EXPECT_EQ(g.type(g.inputs[0]).format, Format::fp32);
  EXPECT_EQ(g.type(g.outputs[0]).format, Format::fp32);
  EXPECT_EQ(g.nodes.size(), 3u);
}

TEST(RequestGraph, WhatHasNoGraphIsAnErrorWithTheChoices) {
  EXPECT_THROW(graph("kind=launch"), InputError);
  EXPECT_THROW(graph("kind=op op=fft shape=8x8"), InputError);
  EXPECT_THROW(graph("kind=op op=mha shape=8x8"), InputError);
  EXPECT_THROW(graph("kind=conv cin=10 cout=10 h=4 w=4 groups=4"), InputError);
}

TEST(RequestGraph, ElementsThatFillNoPlaneEndInARowThatIsNotFull) {
  for (const std::int64_t elements : {1'000'003, 999'983, 4097, 31}) {
    const Graph g = graph("kind=elementwise op=relu elements=" + std::to_string(elements));
    const std::int64_t made = g.type(g.inputs[0]).e.count();
    EXPECT_GE(made, elements);
    EXPECT_LT(made, elements + 4096);
  }
}

TEST(RequestGraph, APromptTakesAsManyCallsAsItsTokensAskFor) {
  const auto calls = [](int tokens) {
    const isa::Machine m = machine();
    const Request r = parse_request(
        "kind=llm name=mine layers=1 hidden=64 ffn=128 heads=2 kv_heads=2 vocab=100 phase=prefill "
        "call_tokens=64 tokens=" +
        std::to_string(tokens));
    return job_of(r, {.machine = m}).stages.at(0).calls;
  };
  EXPECT_EQ(calls(64), 1);
  EXPECT_EQ(calls(65), 2);
  EXPECT_EQ(calls(128), 2);
}

}  // namespace
}  // namespace ane::workloads
