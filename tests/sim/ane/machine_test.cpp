// Does a program give the scalar reference's bits, for every operator, tiled or not, in both
// profiles?
#include "sim/ane/machine.h"

#include <gtest/gtest.h>

#include <limits>

#include "isa/error.h"
#include "kernels/arith/gemm.h"
#include "random_graph.h"
#include "workloads/compile/compile.h"
#include "workloads/graph/quantise.h"

namespace ane::sim {
namespace {

using kernels::Attributes;
using kernels::Tensor;
using kernels::TensorType;
using testing::random_parameters;
using testing::random_tensor;
using workloads::Graph;
using workloads::GraphBuilder;
using workloads::Tensors;

void write_inputs(AneMachine& machine, const Tensors& inputs) {
  for (const auto& [name, values] : inputs) machine.write(name, values);
}

// Runs the graph on the chip and demands equal bits of every output.
void expect_reference_bits(const Graph& graph, const Tensors& inputs, const char* chip_name = "M4",
                           const std::vector<std::string>& overrides = {}) {
  const Chip chip = load_chip(chip_name, overrides);
  for (const char* profile_name : {"ane16", "ieee"}) {
    const auto& profile = kernels::arith::profile_named(profile_name);
    const Tensors expected = workloads::evaluate(graph, kernels::bit_arithmetic(profile), inputs);
    for (const bool keep_in_l2 : {true, false}) {
      AneMachine machine(
          chip,
          workloads::compile(graph, chip.machine(), profile, {.keep_in_l2 = keep_in_l2}).program);
      EXPECT_TRUE(machine.races().empty()) << machine.races().front();
      write_inputs(machine, inputs);
      machine.execute();
      for (const auto& [name, want] : expected) {
        const Tensor got = machine.read(name);
        ASSERT_EQ(got.bytes.size(), want.bytes.size());
        ASSERT_TRUE(got.bytes == want.bytes)
            << graph.name << " " << profile_name << " output " << name << " differs"
            << (keep_in_l2 ? "" : " through memory");
      }
    }
  }
}

struct Case {
  std::mt19937 rng{1};
  GraphBuilder b{"case"};
  Tensors inputs;

  workloads::ValueId input(const std::string& name, TensorType type, double scale = 1) {
    inputs[name] = random_tensor(rng, type, scale);
    return b.input(name, type);
  }
  void check(workloads::ValueId out, const char* chip = "M4",
             const std::vector<std::string>& overrides = {}) {
    b.output(out);
    expect_reference_bits(b.finish(), inputs, chip, overrides);
  }
};

TEST(Program, LinearLayersWithActivationsGiveTheReferenceBits) {
  Case c;
  auto x = c.input("x", {isa::Format::fp16, {.w = 37, .h = 1, .c = 30, .n = 1}});
  x = c.b.linear("l1", x, random_parameters(c.rng, 50, 30), "relu");
  x = c.b.linear("l2", x, random_parameters(c.rng, 17, 50), "sigmoid");
  c.check(x);
}

TEST(Program, ATiledLinearLayerGivesTheSameBits) {
  Case c;
  auto x = c.input("x", {isa::Format::fp16, {.w = 300, .h = 1, .c = 24, .n = 1}});
  x = c.b.linear("l1", x, random_parameters(c.rng, 40, 24), "relu");
  x = c.b.linear("l2", x, random_parameters(c.rng, 8, 40));
  c.check(x, "M4", {"ane.l2=8KiB"});
}

TEST(Program, ConvolutionsOfEveryWindowGiveTheReferenceBits) {
  struct Window {
    int kh, kw, sy, sx, dy, dx, groups, pad;
  };
  for (const Window w : {Window{3, 3, 1, 1, 1, 1, 1, 1}, Window{1, 5, 1, 2, 1, 1, 1, 0},
                         Window{3, 3, 2, 2, 1, 1, 2, 1}, Window{3, 3, 1, 1, 1, 1, 8, 1},
                         Window{3, 2, 1, 1, 2, 2, 1, 2}, Window{1, 1, 2, 2, 1, 1, 1, 0}}) {
    Case c;
    const auto x = c.input("x", {isa::Format::fp16, {.w = 19, .h = 11, .c = 8, .n = 2}});
    Attributes a;
    a.stride_h = w.sy;
    a.stride_w = w.sx;
    a.dilation_h = w.dy;
    a.dilation_w = w.dx;
    a.groups = w.groups;
    a.pad_left = a.pad_right = a.pad_top = a.pad_bottom = w.pad;
    a.activation = "relu";
    const auto y = c.b.conv("conv", x, random_parameters(c.rng, 16, 8 / w.groups, w.kh, w.kw), a);
    for (const char* l2 : {"ane.l2=2MiB", "ane.l2=4KiB"}) {
      Case copy = c;
      copy.check(y, "M4", {l2});
    }
  }
}

TEST(Program, TheProductOfTwoActivationsGivesTheReferenceBits) {
  Case c;
  const auto a = c.input("a", {isa::Format::fp16, {.w = 21, .h = 1, .c = 16, .n = 3}});
  const auto b = c.input("b", {isa::Format::fp16, {.w = 33, .h = 1, .c = 16, .n = 3}});
  const auto y = c.b.node("matmul", "scores", {a, b});
  for (const char* l2 : {"ane.l2=2MiB", "ane.l2=3KiB"}) {
    Case copy = c;
    copy.check(y, "M4", {l2});
  }
}

TEST(Program, ElementwiseBroadcastsInEveryAxis) {
  for (const std::string op : {"add", "sub", "mul", "div", "max", "min", "less", "greater_equal"})
    for (const isa::Extents e : {isa::Extents{.w = 9, .h = 4, .c = 6, .n = 2},
                                 isa::Extents{.w = 1, .h = 4, .c = 6, .n = 1},
                                 isa::Extents{.w = 9, .h = 1, .c = 1, .n = 2},
                                 isa::Extents{.w = 1, .h = 1, .c = 6, .n = 1}}) {
      Case c;
      const auto a = c.input("a", {isa::Format::fp16, {.w = 9, .h = 4, .c = 6, .n = 2}});
      const auto b = c.input("b", {isa::Format::fp16, e});
      c.check(c.b.elementwise("ew", op, a, b, "tanh"));
    }
}

TEST(Program, ReductionsGiveTheReferenceBitsOnEveryAxis) {
  for (const std::string op :
       {"sum", "mean", "max", "min", "sum_squares", "mean_squares", "argmax"})
    for (unsigned axes = 1; axes < 16; ++axes) {
      Case c;
      const auto x = c.input("x", {isa::Format::fp16, {.w = 7, .h = 5, .c = 6, .n = 2}});
      c.check(c.b.reduce("red", op, axes, x), "M4", {"ane.l2=1KiB"});
    }
}

TEST(Program, PoolsGiveTheReferenceBits) {
  for (const std::string op : {"max", "avg"})
    for (const bool count_pad : {false, true}) {
      Case c;
      const auto x = c.input("x", {isa::Format::fp16, {.w = 17, .h = 13, .c = 5, .n = 2}});
      Attributes a;
      a.operation = op;
      a.kernel_h = a.kernel_w = 3;
      a.stride_h = a.stride_w = 2;
      a.pad_left = a.pad_right = a.pad_top = a.pad_bottom = 1;
      a.count_pad = count_pad;
      c.check(c.b.node("pool", "pool", {x}, a), "M4", {"ane.l2=512B"});
    }
}

TEST(Program, SoftmaxAndNormsGiveTheReferenceBits) {
  for (const std::string op : {"softmax", "log_softmax", "layer_norm"})
    for (const unsigned axes : {1U, 4U}) {
      Case c;
      const auto x = c.input("x", {isa::Format::fp16, {.w = 40, .h = 3, .c = 20, .n = 1}}, 2);
      Attributes a;
      a.axes = axes;
      a.epsilon = 1e-5;
      for (const char* l2 : {"ane.l2=2MiB", "ane.l2=4KiB"}) {
        Case copy = c;
        copy.check(copy.b.node(op, "op", {x}, a), "M4", {l2});
      }
    }
}

TEST(Program, GatherConcatSliceReshapeTransposeMoveTheRightBits) {
  Case c;
  auto table = c.input("table", {isa::Format::fp16, {.w = 30, .h = 1, .c = 12, .n = 1}});
  Tensor indices(isa::Format::i32, {1, 1, 4, 10});
  for (auto& i : indices.as<std::int32_t>()) i = static_cast<std::int32_t>(c.rng() % 30);
  const auto index = c.b.input("index", {isa::Format::i32, {.w = 10, .h = 4, .c = 1, .n = 1}});
  c.inputs["index"] = indices;
  auto x = c.b.node("gather", "gather", {table, index});
  Attributes a;
  a.permutation = {0, 2, 3, 1};
  auto y = c.b.node("transpose", "transpose", {x}, a);  // [1, 4, 10, 12]
  Attributes r;
  r.extents = {.w = 10, .h = 4, .c = 12, .n = 1};
  auto z = c.b.node("reshape", "reshape", {y}, r);
  Attributes k;
  k.axis = kernels::axis_c;
  auto both = c.b.node("concat", "concat", {x, z}, k);
  Attributes s;
  s.begin = {.w = 2, .h = 1, .c = 5, .n = 0};
  s.extents = {.w = 7, .h = 3, .c = 15, .n = 1};
  const auto out = c.b.node("slice", "slice", {both}, s);
  for (const char* l2 : {"ane.l2=2MiB", "ane.l2=1KiB"}) {
    Case copy = c;
    copy.check(out, "M4", {l2});
  }
}

TEST(Program, EveryWeightFormatGivesTheReferenceBits) {
  for (const auto format :
       {isa::KernelFormat::int8, isa::KernelFormat::int8c, isa::KernelFormat::pal1,
        isa::KernelFormat::pal2, isa::KernelFormat::pal4, isa::KernelFormat::pal6,
        isa::KernelFormat::pal8, isa::KernelFormat::int4b, isa::KernelFormat::sparse}) {
    Case c;
    const auto x = c.input("x", {isa::Format::fp16, {.w = 33, .h = 1, .c = 70, .n = 1}});
    auto p = random_parameters(c.rng, 37, 70);
    p->format = format;
    c.check(c.b.linear("l", x, p));
  }
}

// Between its taps a dilated kernel is zero: in a palette that had no zero, in a block's scale, and
// times an infinity, which is a NaN in `ieee`.
TEST(Program, DilatedKernelsOfEveryFormatGiveTheReferenceBits) {
  for (const auto format :
       {isa::KernelFormat::fp16, isa::KernelFormat::int8, isa::KernelFormat::int8c,
        isa::KernelFormat::pal1, isa::KernelFormat::pal4, isa::KernelFormat::pal8,
        isa::KernelFormat::int4b, isa::KernelFormat::sparse})
    for (const std::int64_t groups : {1, 12}) {
      Case c;
      const auto x = c.input("x", {isa::Format::fp16, {.w = 21, .h = 6, .c = 12, .n = 1}});
      const auto values = c.inputs["x"].as<float>();
      values[9] = std::numeric_limits<float>::infinity();
      values[70] = std::numeric_limits<float>::quiet_NaN();
      auto p = random_parameters(c.rng, 12, 12 / groups, 2, 2);
      for (float& w : p->weights) w += w < 0 ? -0.5F : 0.5F;  // no zero, nor anything near
      p->format = format;
      Attributes a;
      a.dilation_w = 3, a.dilation_h = 2, a.groups = groups;
      a.pad_left = a.pad_bottom = 1;
      c.check(c.b.conv("conv", x, p, a));
    }
}

// A window that sees padding alone has no part of the input as its source.
TEST(Program, WindowsInThePaddingAreRefused) {
  Case c;
  const auto x = c.input("x", {isa::Format::fp16, {.w = 9, .h = 5, .c = 4, .n = 1}});
  const auto refusal = [&](int kernel, int stride, int before, int behind) {
    Attributes a;
    a.stride_w = stride, a.pad_left = before, a.pad_right = behind;
    GraphBuilder b = c.b;
    b.output(b.conv("conv", x, random_parameters(c.rng, 4, 4, 1, kernel), a));
    const Graph graph = b.finish();
    const auto r = graph.nodes[0].op->refuse(graph.call(graph.nodes[0]), load_chip("M4").machine());
    return r ? r->label : "";
  };
  EXPECT_EQ(refusal(2, 1, 1, 1), "");
  EXPECT_EQ(refusal(2, 3, 1, 2), "");  // the stride ends before them
  EXPECT_EQ(refusal(2, 1, 0, 2), "C6");
  EXPECT_EQ(refusal(2, 1, 2, 0), "C6");
  Attributes pool;
  pool.operation = "avg";
  pool.kernel_w = pool.kernel_h = 2;
  pool.pad_right = 1;
  c.b.node("pool", "fits", {x}, pool);
  pool.pad_right = 3;
  EXPECT_THROW(c.b.node("pool", "beyond", {x}, pool), InputError);
  pool.pad_right = 0, pool.pad_bottom = 2;
  EXPECT_THROW(c.b.node("pool", "below", {x}, pool), InputError);
}

TEST(Program, IntegerLayersGiveTheReferenceBits) {
  Case c;
  const auto x = c.input("x", {isa::Format::fp16, {.w = 12, .h = 7, .c = 9, .n = 1}});
  const workloads::QuantisedLayer q =
      workloads::quantise_layer(*random_parameters(c.rng, 20, 9, 3, 3), 2.0F);
  Attributes scale, window;
  scale.scale = q.input_scale;
  window.pad_left = window.pad_right = window.pad_top = window.pad_bottom = 1;
  window.activation = "relu";
  auto y = c.b.node("quantise", "q", {x}, scale);
  y = c.b.conv("conv", y, std::make_shared<kernels::Parameters>(q.parameters), window);
  scale.zero = -3;
  y = c.b.node("quantise", "q2", {y}, scale);
  c.check(c.b.node("dequantise", "dq", {y}, scale));
}

TEST(Program, ViewsThatMoveNoDataGiveTheReferenceBits) {
  Case c;
  auto x = c.input("x", {isa::Format::fp16, {.w = 12, .h = 1, .c = 24, .n = 2}});
  x = c.b.linear("l1", x, random_parameters(c.rng, 24, 24), "relu");
  Attributes heads, part, joined;
  heads.extents = {.w = 12, .h = 1, .c = 6, .n = 8};
  const auto split = c.b.node("reshape", "split", {x}, heads);
  part.begin = {.w = 3, .h = 0, .c = 2, .n = 1};
  part.extents = {.w = 8, .h = 1, .c = 4, .n = 6};
  auto y = c.b.node("slice", "part", {split}, part);
  joined.extents = {.w = 8, .h = 1, .c = 12, .n = 2};  // of a slice with gaps: a copy
  y = c.b.node("reshape", "join", {y}, joined);
  y = c.b.linear("l2", y, random_parameters(c.rng, 5, 12));
  for (const char* l2 : {"ane.l2=2MiB", "ane.l2=2KiB"}) {
    Case copy = c;
    copy.check(copy.b.elementwise("sum", "add", y, y), "M4", {l2});
  }
}

TEST(Program, ReshapesOfWholeRowsGiveTheReferenceBits) {
  Case c;
  auto x = c.input("x", {isa::Format::fp16, {.w = 32, .h = 6, .c = 8, .n = 2}});
  x = c.b.unary("relu", "relu", x);
  Attributes rows, flat, odd;
  rows.extents = {.w = 32, .h = 24, .c = 2, .n = 2};
  flat.extents = {.w = 192, .h = 1, .c = 8, .n = 2};
  odd.extents = {.w = 24, .h = 8, .c = 8, .n = 2};  // rows of 48 B: padded in memory
  const auto a = c.b.unary("a", "abs", c.b.node("reshape", "rows", {x}, rows));
  const auto b = c.b.unary("b", "negate", c.b.node("reshape", "flat", {x}, flat));
  const auto d = c.b.unary("c", "square", c.b.node("reshape", "odd", {x}, odd));
  c.b.output(a);
  c.b.output(b);
  for (const char* l2 : {"ane.l2=2MiB", "ane.l2=2KiB"}) {
    Case copy = c;
    copy.check(d, "M4", {l2});
  }
}

TEST(Program, HostTensorsInFp32AreConvertedOnTheWay) {
  Case c;
  auto x = c.input("x", {isa::Format::fp32, {.w = 33, .h = 2, .c = 20, .n = 1}}, 1.0 / 3);
  x = c.b.node("cast", "in", {x});
  EXPECT_EQ(c.b.type(x).format, isa::Format::fp16);
  x = c.b.linear("l", x, random_parameters(c.rng, 10, 20), "tanh");
  const auto out = c.b.node("cast", "out", {x});
  EXPECT_EQ(c.b.type(out).format, isa::Format::fp32);
  for (const char* l2 : {"ane.l2=2MiB", "ane.l2=2KiB"}) {
    Case copy = c;
    copy.check(out, "M4", {l2});
  }
}

// The number of changes from one operator's tasks to another's, in program order.
int turns(const Graph& graph, const Chip& chip) {
  const AneMachine machine(
      chip,
      workloads::compile(graph, chip.machine(), kernels::arith::profile_named("ane16")).program);
  int changes = 0, last = 0;
  for (const TaskTrace& t : machine.time().tasks) {
    changes += t.operator_index != last;
    last = t.operator_index;
  }
  return changes;
}

TEST(Program, AChainLargerThanL2RunsTileByTileAndGivesTheReferenceBits) {
  Case c;
  auto x = c.input("x", {isa::Format::fp16, {.w = 96, .h = 3, .c = 24, .n = 2}});
  x = c.b.linear("l1", x, random_parameters(c.rng, 48, 24), "relu");
  x = c.b.unary("f", "tanh", x);
  const auto bias = c.b.constant("bias", random_tensor(c.rng, {isa::Format::fp16, {.c = 48}}));
  x = c.b.elementwise("b", "add", x, bias);
  x = c.b.linear("l2", x, random_parameters(c.rng, 32, 48));
  Attributes a;
  a.axes = kernels::axis_c;
  x = c.b.node("softmax", "softmax", {x}, a);
  c.b.output(x);
  const Graph graph = c.b.finish();
  const Chip chip = load_chip("M4", {"ane.l2=24KiB"});
  EXPECT_GT(turns(graph, chip), 10);
  EXPECT_EQ(turns(graph, load_chip("M4")), 4);
  EXPECT_EQ(turns(graph, load_chip("M4", {"ane.l2=24KiB", "ane.features.chains_tiles=false"})), 4);
  expect_reference_bits(graph, c.inputs, "M4", {"ane.l2=24KiB"});
}

TEST(Program, ConvolutionsLargerThanL2RunTileByTileAndGiveTheReferenceBits) {
  for (const bool residual : {false, true}) {
    Case c;
    const auto x = c.input("x", {isa::Format::fp16, {.w = 20, .h = 33, .c = 8, .n = 2}});
    Attributes window, depthwise, pool;
    window.pad_left = window.pad_right = window.pad_top = window.pad_bottom = 1;
    window.activation = "relu";
    depthwise = window;
    depthwise.groups = 24;
    if (!residual) depthwise.stride_w = depthwise.stride_h = 2;
    auto y = c.b.linear("expand", x, random_parameters(c.rng, 24, 8), "relu");
    y = c.b.conv("depthwise", y, random_parameters(c.rng, 24, 1, 3, 3), depthwise);
    y = c.b.linear("project", y, random_parameters(c.rng, 8, 24));
    if (residual) {
      y = c.b.elementwise("sum", "add", y, x);
    } else {
      y = c.b.conv("conv", y, random_parameters(c.rng, 8, 8, 3, 3), window);
      pool.operation = "max";
      pool.kernel_w = pool.kernel_h = 3;
      pool.stride_w = pool.stride_h = 2;
      pool.pad_left = pool.pad_right = pool.pad_top = pool.pad_bottom = 1;
      y = c.b.node("pool", "pool", {y}, pool);
    }
    c.b.output(y);
    const Graph graph = c.b.finish();
    const std::string l2 = "ane.l2=32KiB";
    EXPECT_GT(turns(graph, load_chip("M4", {l2})), 5) << residual;
    expect_reference_bits(graph, c.inputs, "M4", {l2});
  }
}

TEST(Program, WideConvolutionsAreCutInColumnsToo) {
  Case c;
  auto y = c.input("x", {isa::Format::fp16, {.w = 300, .h = 9, .c = 8, .n = 1}});
  Attributes window;
  window.pad_left = window.pad_right = window.pad_top = window.pad_bottom = 1;
  y = c.b.conv("a", y, random_parameters(c.rng, 12, 8, 3, 3), window);
  window.stride_w = 2;
  y = c.b.conv("b", y, random_parameters(c.rng, 8, 12, 3, 3), window);
  c.b.output(c.b.unary("c", "relu", y));
  const Graph graph = c.b.finish();
  EXPECT_GT(turns(graph, load_chip("M4", {"ane.l2=64KiB"})), 2);
  // Fewer columns than the whole in a task, and only 9 rows to begin with.
  const AneMachine machine(load_chip("M4", {"ane.l2=64KiB"}),
                           workloads::compile(graph, load_chip("M4", {"ane.l2=64KiB"}).machine(),
                                              kernels::arith::profile_named("ane16"))
                               .program);
  EXPECT_GT(machine.time().tasks.size(), 6u);
  expect_reference_bits(graph, c.inputs, "M4", {"ane.l2=64KiB"});
}

TEST(Program, AttentionLargerThanL2RunsTileByTileAndGivesTheReferenceBits) {
  for (const std::int64_t matrices : {1, 2, 4}) {
    Case c;
    const auto q = c.input("q", {isa::Format::fp16, {.w = 64, .h = 1, .c = 8, .n = 4}});
    const auto k = c.input("k", {isa::Format::fp16, {.w = 36, .h = 1, .c = 8, .n = matrices}});
    const auto v = c.input("v", {isa::Format::fp16, {.w = 8, .h = 1, .c = 36, .n = matrices}});
    auto x = c.b.node("matmul", "scores", {q, k});
    Attributes a;
    a.axes = kernels::axis_c;
    x = c.b.node("softmax", "softmax", {x}, a);
    c.b.output(c.b.node("matmul", "mix", {x, v}));
    const Graph graph = c.b.finish();
    // Queries of a group cannot be cut by their heads.
    const std::string l2 = matrices == 2 ? "ane.l2=40KiB" : "ane.l2=32KiB";
    EXPECT_GT(turns(graph, load_chip("M4", {l2})), 2) << matrices;
    expect_reference_bits(graph, c.inputs, "M4", {l2});
  }
}

TEST(Program, GroupsOfQueriesShareAMatrixInAProduct) {
  Case c;
  const auto q = c.input("q", {isa::Format::fp16, {.w = 5, .h = 1, .c = 8, .n = 6}});
  const auto k = c.input("k", {isa::Format::fp16, {.w = 40, .h = 1, .c = 8, .n = 2}});
  const auto out = c.b.node("matmul", "scores", {q, k});
  for (const char* l2 : {"ane.l2=2MiB", "ane.l2=2KiB"}) {
    Case copy = c;
    copy.check(out, "M4", {l2});
  }
}

TEST(Program, AChainOfIntegerLayersKeepsItsCodesBetweenThem) {
  Case c;
  auto x = c.input("x", {isa::Format::fp16, {.w = 20, .h = 6, .c = 16, .n = 1}});
  Attributes q;
  q.scale = 0.02;
  q.zero = 3;
  x = c.b.node("quantise", "in", {x}, q);
  for (int layer = 0; layer < 3; ++layer) {
    auto p = std::make_shared<kernels::Parameters>();
    p->cout = p->cin = 16;
    p->kh = p->kw = 3;
    p->format = isa::KernelFormat::i8;
    for (std::int64_t i = 0; i < p->count(); ++i)
      p->codes.push_back(static_cast<std::int8_t>(static_cast<int>(c.rng() % 255) - 127));
    p->scale = {{0x1400}};
    p->zero_in = layer == 0 ? 3 : -4;
    Attributes a;
    a.pad_left = a.pad_right = a.pad_top = a.pad_bottom = 1;
    a.activation = "relu";
    if (layer < 2) a.scale = 0.03, a.zero = -4;
    x = c.b.conv("conv" + std::to_string(layer), x, p, a);
    EXPECT_EQ(c.b.type(x).format, layer < 2 ? isa::Format::i8 : isa::Format::fp16);
  }
  for (const char* l2 : {"ane.l2=2MiB", "ane.l2=4KiB"}) {
    Case copy = c;
    copy.check(x, "M4", {l2});
  }
}

TEST(Program, ASumMayLeaveAsCodes) {
  Case c;
  const TensorType type{isa::Format::fp16, {.w = 9, .h = 3, .c = 5, .n = 1}};
  const auto a = c.input("a", type), b = c.input("b", type);
  Attributes t;
  t.operation = "add";
  t.activation = "relu";
  t.scale = 0.011;
  t.zero = -20;
  auto x = c.b.node("elementwise", "sum", {a, b}, t);
  EXPECT_EQ(c.b.type(x).format, isa::Format::i8);
  Attributes d;
  d.scale = 0.011;
  d.zero = -20;
  c.check(c.b.node("dequantise", "out", {x}, d));
}

TEST(Program, LayersThatShareParametersStoreThemOnce) {
  std::mt19937 rng(3);
  const auto shared = random_parameters(rng, 64, 64);
  const auto weights = [&](bool same) {
    GraphBuilder b("chain");
    auto x = b.input("x", {isa::Format::fp16, {.w = 16, .h = 1, .c = 64, .n = 1}});
    for (int i = 0; i < 4; ++i)
      x = b.linear("l" + std::to_string(i), x, same ? shared : random_parameters(rng, 64, 64));
    b.output(x);
    const Chip chip = load_chip("M4");
    return workloads::compile(b.finish(), chip.machine(), kernels::arith::profile_named("ane16"))
        .weight_bytes;
  };
  EXPECT_EQ(weights(false), 4 * weights(true));
}

TEST(Program, OutputsDoNotDependOnTheHostsInstructionSet) {
  std::mt19937 rng(7);
  GraphBuilder b("simd");
  const TensorType type{isa::Format::fp16, {.w = 100, .h = 1, .c = 300, .n = 1}};
  auto x = b.input("x", type);
  x = b.linear("l1", x, random_parameters(rng, 128, 300), "gelu");
  x = b.linear("l2", x, random_parameters(rng, 64, 128), "relu");
  b.output(x);
  const Graph graph = b.finish();
  const Tensor values = random_tensor(rng, type);
  const Chip chip = load_chip("M4");
  std::vector<std::vector<std::byte>> results;
  for (const auto path : {kernels::arith::Simd::scalar, kernels::arith::Simd::best}) {
    kernels::arith::use_simd(path);
    AneMachine machine(
        chip,
        workloads::compile(graph, chip.machine(), kernels::arith::profile_named("ane16")).program);
    machine.write("x", values);
    machine.execute();
    results.push_back(machine.read(machine.program().tensors.back().name).bytes);
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(Program, AnIndexBeyondItsTableIsAnError) {
  const auto gathered = [](std::int32_t index) {
    std::mt19937 rng(1);
    GraphBuilder b("gather");
    const TensorType table{isa::Format::fp16, {.w = 30, .h = 1, .c = 4, .n = 1}},
        at{isa::Format::i32, {.w = 2, .h = 1, .c = 1, .n = 1}};
    b.output(b.node("gather", "gather", {b.input("table", table), b.input("index", at)}));
    const Graph graph = b.finish();
    Tensor indices(isa::Format::i32, {1, 1, 1, 2});
    indices.as<std::int32_t>()[1] = index;
    const Chip chip = load_chip("M4");
    AneMachine machine(
        chip,
        workloads::compile(graph, chip.machine(), kernels::arith::profile_named("ane16")).program);
    machine.write("table", random_tensor(rng, table));
    machine.write("index", indices);
    machine.execute();
  };
  EXPECT_NO_THROW(gathered(29));
  EXPECT_THROW(gathered(30), InputError);
  EXPECT_THROW(gathered(-1), InputError);
}

}  // namespace
}  // namespace ane::sim
