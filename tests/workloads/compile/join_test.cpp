// Additions that join a convolution, and parts of concatenations that are made in their place.
#include "workloads/graph/join.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace ane::workloads
