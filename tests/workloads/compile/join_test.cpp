// Additions that join a convolution, and parts of concatenations that are made in their place.
#include "workloads/graph/join.h"

#include <gtest/gtest.h>

#include <functional>

#include "kernels/arith/profile.h"
#include "workloads/compile/compile.h"
#include "workloads/graph/layers.h"

namespace ane::workloads {
namespace {

constexpr Extents small{.w = 32, .h = 8, .c = 32, .n = 1};

Graph residual(bool read_twice) {
  Layers l("residual", {});
  const ValueId x = l.graph().input("x", {Format::fp16, small});
  const ValueId y = l.linear(x, 32, "none", false);
  const ValueId sum = l.add(y, x, "relu");
  l.graph().output(sum);
  if (read_twice) l.graph().output(l.unary(y, "sigmoid"));
  return l.graph().finish();
}

int tasks(const Graph& g) {
  int sum = 0;
  for (const int n :
       compile(g, {}, kernels::arith::profile_named("ane16"), {.with_values = false}).tasks_of_node)
    sum += n;
  return sum;
}

TEST(Join, AnAdditionJoinsTheLayerThatMakesItsOperand) {
  const Graph apart = residual(false), one = joined(apart);
  ASSERT_EQ(one.nodes.size(), 1u);
  EXPECT_EQ(one.nodes[0].inputs.size(), 2u);
  EXPECT_EQ(one.nodes[0].attributes.activation, "relu");
  EXPECT_EQ(one.values.size(), apart.values.size() - 1);
  EXPECT_EQ(tasks(apart), 2);
  EXPECT_EQ(tasks(one), 1);
}

TEST(Join, AnOperandThatOthersReadStaysApart) {
  const Graph g = residual(true);
  EXPECT_EQ(joined(g).nodes.size(), g.nodes.size());
}

TEST(Join, PartsOfAConcatenationAreMadeInTheirPlace) {
  const auto graph = [](bool input_is_a_part) {
    Layers l("parts", {});
    const ValueId x = l.graph().input("x", {Format::fp16, small});
    const ValueId a = input_is_a_part ? x : l.linear(x, 32, "none", false);
    const ValueId b = l.linear(x, 32, "none", false);
    const ValueId c = l.concat({a, b}, kernels::axis_c);
    l.graph().output(l.linear(c, 16, "none", false));
    return l.graph().finish();
  };
  EXPECT_EQ(tasks(graph(false)), 3);  // three layers and no copy
  EXPECT_EQ(tasks(graph(true)), 3);   // two layers; the graph's own input is copied
}

// A sum of two layers, the first of which leaves as it is asked to.
Graph sum_of_layers(const std::function<void(Attributes& first, Attributes& sum)>& change,
                    bool first_is_output = false) {
  GraphBuilder b("sum");
  const ValueId x = b.input("x", {Format::fp16, small});
  const auto weights = [] {
    auto p = std::make_shared<kernels::Parameters>();
    p->cout = p->cin = 32;
    return p;
  };
  Attributes first, sum;
  sum.operation = "add";
  change(first, sum);
  const ValueId a = b.conv("a", x, weights(), first), c = b.linear("c", x, weights(), "relu");
  const ValueId y = b.node("elementwise", "sum", {a, c}, sum);
  b.output(y);
  if (first_is_output) b.output(a);
  return b.finish();
}
std::size_t nodes_left(const std::function<void(Attributes& first, Attributes& sum)>& change,
                       bool first_is_output = false) {
  return joined(sum_of_layers(change, first_is_output)).nodes.size();
}

TEST(Join, ALayerTakesTheSumWhereNothingStandsBetweenThem) {
  EXPECT_EQ(nodes_left([](Attributes&, Attributes&) {}), 2u);
  // A function before the sum, and an operand that the caller sees.
  EXPECT_EQ(nodes_left([](Attributes& first, Attributes&) { first.activation = "relu"; }), 3u);
  EXPECT_EQ(nodes_left([](Attributes&, Attributes&) {}, true), 3u);
  // A factor or a constant of the sum's own has no place in the layer.
  EXPECT_EQ(nodes_left([](Attributes&, Attributes& sum) { sum.mul = 2; }), 3u);
  EXPECT_EQ(nodes_left([](Attributes&, Attributes& sum) { sum.add = 2; }), 3u);
  EXPECT_EQ(nodes_left([](Attributes&, Attributes& sum) { sum.operation = "sub"; }), 3u);
}

TEST(Join, TheLayerLeavesAsTheSumDid) {
  const Graph g = joined(sum_of_layers([](Attributes&, Attributes& sum) {
    sum.activation = "clip";
    sum.alpha = -1, sum.beta = 2;
    sum.scale = 0.25, sum.zero = -7;
  }));
  ASSERT_EQ(g.nodes.size(), 2u);
  const Attributes& a = g.nodes.back().attributes;
  EXPECT_EQ(a.activation, "clip");
  EXPECT_EQ(a.alpha, -1);
  EXPECT_EQ(a.beta, 2);
  EXPECT_EQ(a.scale, 0.25);
  EXPECT_EQ(a.zero, -7);
  EXPECT_EQ(g.type(g.outputs[0]).format, Format::i8);
}

TEST(Join, OfTwoLayersTheLaterOneTakesTheSum) {
  GraphBuilder b("sum");
  const ValueId x = b.input("x", {Format::fp16, small});
  const auto weights = [] {
    auto p = std::make_shared<kernels::Parameters>();
    p->cout = p->cin = 32;
    return p;
  };
  // The other's result is there when it runs.
  const ValueId a = b.linear("a", x, weights()), c = b.linear("c", x, weights());
  b.output(b.elementwise("sum", "add", c, a));
  const Graph g = joined(b.finish());
  ASSERT_EQ(g.nodes.size(), 2u);
  EXPECT_EQ(g.nodes[0].name, "a");
  EXPECT_EQ(g.nodes[1].name, "c");
  EXPECT_EQ(g.nodes[1].inputs[1], g.nodes[0].output);
}

}  // namespace
}  // namespace ane::workloads
