// Are a program's bits the same on any number of host threads, and does a fault come back?
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <stdexcept>

#include "isa/error.h"
#include "random_graph.h"
#include "sim/ane/execute/workers.h"
#include "sim/ane/machine.h"
#include "workloads/compile/compile.h"
#include "workloads/graph/quantise.h"

namespace ane::sim {
namespace {

using kernels::Attributes;
using kernels::Tensor;
using kernels::TensorType;
using testing::random_parameters;
using testing::random_tensor;
using workloads::GraphBuilder;
using workloads::Tensors;
using workloads::ValueId;

TEST(Workers, EveryRangeIsDoneOnceAndNoneIsShorterThanAsked) {
  for (const int threads : {1, 2, 4}) {
    Workers workers(threads);
    EXPECT_EQ(workers.threads(), threads);
    for (const std::int64_t count : {0, 1, 7, 100, 1000})
      for (const std::int64_t least : {1, 3, 64, 5000}) {
        std::vector<std::atomic<int>> done(static_cast<std::size_t>(count));
        std::atomic<bool> short_range = false;
        workers.spread(count, least, [&](std::int64_t begin, std::int64_t end) {
          if (end - begin < std::min(count, least)) short_range = true;
          for (std::int64_t i = begin; i < end; ++i) ++done[static_cast<std::size_t>(i)];
        });
        for (const std::atomic<int>& times : done) ASSERT_EQ(times, 1);
        EXPECT_FALSE(short_range);
      }
  }
}

TEST(Workers, TheFaultOfTheFirstRangeComesBackAndWorkGoesOn) {
  Workers workers(4);
  for (int round = 0; round < 50; ++round) {
    try {
      workers.spread(1000, 1, [](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
          if (i >= 300) throw InputError("item", std::to_string(i));
      });
      FAIL() << "no fault";
    } catch (const InputError& e) {
      EXPECT_STREQ(e.what(), "300");
    }
    std::atomic<std::int64_t> sum = 0;
    workers.spread(1000, 1, [&](std::int64_t begin, std::int64_t end) { sum += end - begin; });
    EXPECT_EQ(sum, 1000);
  }
}

// A graph of a few operators, large enough to be shared, and its inputs.
struct RandomProgram {
  std::mt19937 rng;
  GraphBuilder b{"random"};
  Tensors inputs;
  int nodes = 0;

  explicit RandomProgram(unsigned seed) : rng(seed) {}

  int below(int n) { return static_cast<int>(rng() % static_cast<unsigned>(n)); }
  std::string next(const std::string& name) { return name + std::to_string(nodes++); }
  ValueId input(TensorType type) {
    const std::string name = next("x");
    inputs[name] = random_tensor(rng, type, 2);
    return b.input(name, type);
  }

  ValueId convolved(ValueId x) {
    const kernels::Extents e = b.type(x).e;
    Attributes a;
    const bool depthwise = below(3) == 0;
    a.groups = depthwise ? e.c : 1;
    const int k = e.h > 2 ? 3 : 1;
    a.stride_w = 1 + below(2);
    a.pad_left = a.pad_right = 1;
    a.pad_top = a.pad_bottom = k / 2;
    a.activation = below(2) == 0 ? "gelu" : "none";
    const std::int64_t cout = depthwise ? e.c : 8 + below(60);
    return b.conv(next("conv"), x, random_parameters(rng, cout, depthwise ? 1 : e.c, k, 3), a);
  }
  ValueId integer(ValueId x) {
    const workloads::QuantisedLayer q =
        workloads::quantise_layer(*random_parameters(rng, 40, b.type(x).e.c), 2.0F);
    Attributes scale;
    scale.scale = q.input_scale;
    return b.linear(next("i8"), b.node("quantise", next("q"), {x}, scale),
                    std::make_shared<kernels::Parameters>(q.parameters));
  }
  ValueId step(ValueId x) {
    const kernels::Extents e = b.type(x).e;
    Attributes a;
    switch (below(8)) {
      case 0:
        return b.linear(next("l"), x, random_parameters(rng, 16 + below(100), e.c), "relu");
      case 1:
        return convolved(x);
      case 2:
        a.axes = below(2) == 0 ? kernels::axis_c : kernels::axis_w;
        return b.node(below(2) == 0 ? "softmax" : "layer_norm", next("norm"), {x}, a);
      case 3:
        return b.elementwise(next("ew"), below(2) == 0 ? "add" : "mul", x,
                             input({isa::Format::fp16,
                                    {.w = below(2) == 0 ? 1 : e.w,
                                     .h = e.h,
                                     .c = below(2) == 0 ? 1 : e.c,
                                     .n = e.n}}));
      case 4:
        a.permutation = {0, 1, 3, 2};
        return b.node("transpose", next("t"), {x}, a);
      case 5:
        a.operation = below(2) == 0 ? "max" : "avg";
        a.kernel_w = 2;
        return e.w < 2 ? x : b.node("pool", next("pool"), {x}, a);
      case 6:
        return integer(x);
      default:
        return b.unary(next("u"), below(2) == 0 ? "sigmoid" : "square", x);
    }
  }
  void build() {
    ValueId x =
        input({isa::Format::fp16,
               {.w = 200 + below(400), .h = 1 + below(4), .c = 24 + below(40), .n = 1 + below(2)}});
    for (int i = 0; i < 5; ++i) x = step(x);
    b.output(x);
    if (b.type(x).e.h == 1) {
      b.output(b.node("matmul", next("mm"), {x, x}));
      b.output(b.reduce(next("sum"), "sum", kernels::axis_c | kernels::axis_h, x));
    }
    b.output(b.reduce(next("argmax"), "argmax", kernels::axis_c, x));
  }
};

RC_GTEST_PROP(Threads, RandomProgramsGiveTheSameBitsOnAnyNumberOfThem, (unsigned seed)) {
  static const Chip chip = load_chip("M4");
  RandomProgram random(seed);
  random.build();
  const workloads::Graph graph = random.b.finish();
  for (const char* name : {"ane16", "ieee"}) {
    const auto& profile = kernels::arith::profile_named(name);
    std::vector<std::vector<std::vector<std::byte>>> results;
    for (const int threads : {1, 2, 4}) {
      AneMachine machine(chip, workloads::compile(graph, chip.machine(), profile).program);
      for (const auto& [input, values] : random.inputs) machine.write(input, values);
      Workers workers(threads);
      machine.execute(workers);
      auto& outputs = results.emplace_back();
      for (const isa::TensorSymbol& t : machine.program().tensors)
        if (t.output) outputs.push_back(machine.read(t.name).bytes);
    }
    RC_ASSERT(!results[0].empty());
    RC_ASSERT(results[1] == results[0]);
    RC_ASSERT(results[2] == results[0]);
  }
}

}  // namespace
}  // namespace ane::sim
