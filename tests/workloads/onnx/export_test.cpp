// Graphs written as ONNX files and read again: the same bits by the machine's arithmetic.
#include <gtest/gtest.h>

#include "isa/error.h"
#include "tests/workloads/onnx/read_again.h"
#include "workloads/graph/layers.h"
#include "workloads/graph/seeded_values.h"
#include "workloads/onnx/write.h"

namespace ane::workloads {
namespace {

// With inputs of its own.
void expect_same_bits(const Graph& g) {
  Tensors inputs;
  SeededValues values(7);
  for (const ValueId v : g.inputs) {
    const Value& value = g.values[static_cast<std::size_t>(v)];
    const Extents& e = value.type.e;
    kernels::Tensor t(kernels::Format::fp32, {e.n, e.c, e.h, e.w});
    std::ranges::copy(values.uniform(e.count(), 0, 1), t.as<float>().begin());
    inputs[value.name] = std::move(t);
  }
  cases::expect_same_bits(g, inputs);
}

Numbers seeded(bool int8) {
  Numbers n;
  n.seed = 3;
  n.int8_activations = int8;
  if (int8) n.weights = isa::KernelFormat::int8c;
  return n;
}

// A bit of everything that networks are made of.
Graph mixed(bool int8) {
  Layers layers("mixed", seeded(int8));
  ValueId x = layers.graph().input("x", {Format::fp16, {.w = 9, .h = 8, .c = 4, .n = 2}});
  x = layers.conv(x, 8, {.kh = 3, .kw = 3, .activation = "relu6"});
  const ValueId skip = layers.conv(x, 8, {.kh = 3, .kw = 3, .groups = 2, .activation = "silu"});
  x = layers.add(layers.conv(skip, 8, {.kh = 1, .kw = 1}), x, "relu");
  x = layers.max_pool(x, 3, 2, 1);
  x = layers.group_norm(x, 4);
  const ValueId scale = layers.unary(
      layers.linear(layers.linear(layers.global_average(x), 4, "relu"), 8), "hard_sigmoid");
  x = layers.multiply(x, scale);
  x = layers.average_pool(x, 2, 2, 0);
  const Extents e = layers.extents(x);
  x = layers.reshape(x, {.w = e.w * e.h, .h = 1, .c = e.c, .n = e.n});
  x = layers.rms_norm(x);
  const ValueId q = layers.linear(x, 8), k = layers.linear(x, 4), v = layers.linear(x, 4);
  x = layers.add(layers.attention(q, k, v, 4, 2), x);
  x = layers.layer_norm(x, kernels::axis_c);
  x = layers.concat({layers.linear(x, 6, "gelu"), layers.slice_channels(x, 2, 3)}, kernels::axis_c);
  layers.graph().output(layers.softmax(layers.permute(x, {0, 2, 1, 3}), kernels::axis_h));
  return layers.graph().finish();
}

TEST(OnnxExport, ReadAgainAGraphGivesTheSameBits) {
  expect_same_bits(mixed(false));
}

TEST(OnnxExport, CodesStayCodes) {
  const Graph g = mixed(true);
  expect_same_bits(g);
  const auto products = [](const Graph& graph) {
    return std::ranges::count_if(graph.nodes, [](const Node& n) {
      return n.parameters && isa::is_integer(n.parameters->format);
    });
  };
  EXPECT_GT(products(g), 5);
  EXPECT_EQ(products(cases::read_again(g).graph), products(g));
}

TEST(OnnxExport, ShapesAloneAreNoFile) {
  Layers layers("shapes", {});
  const ValueId x = layers.graph().input("x", {Format::fp16, {.w = 1, .h = 1, .c = 4, .n = 1}});
  layers.graph().output(layers.linear(x, 8));
  const Graph g = layers.graph().finish();
  EXPECT_THROW(onnx::write_onnx(g), InputError);
}

}  // namespace
}  // namespace ane::workloads
