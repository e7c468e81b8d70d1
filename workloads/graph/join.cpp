#include "workloads/graph/join.h"

#include <algorithm>

#include "kernels/ops/ops.h"

namespace ane::workloads {
namespace {

bool adds(const Graph& g, const Node& n) {
  const Attributes& a = n.attributes;
  return n.op == &kernels::elementwise_operator && a.operation == "add" && a.mul == 0 &&
         a.add == 0 && n.inputs[0] != n.inputs[1] && g.type(n.inputs[0]) == g.type(n.inputs[1]) &&
         g.type(n.inputs[0]).format == Format::fp16;
}

// The node that takes the addition `n`, or -1.
int taker(const Graph& g, const Node& n, const std::vector<int>& uses,
          const std::vector<bool>& gone) {
  int best = -1;
  for (const ValueId v : n.inputs) {
    const int producer = g.values[static_cast<std::size_t>(v)].producer;
    if (producer < 0 || gone[static_cast<std::size_t>(producer)] ||
        uses[static_cast<std::size_t>(v)] != 1)
      continue;
    const Node& p = g.nodes[static_cast<std::size_t>(producer)];
    if ((p.op == &kernels::conv_operator || p.op == &kernels::linear_operator) &&
        p.inputs.size() == 1 && p.attributes.activation == "none" && p.attributes.scale <= 0)
      best = std::max(best, producer);
  }
  return best;
}

}  // namespace

Graph joined(const Graph& g) {
  std::vector<int> uses(g.values.size(), 0);
  for (const Node& n : g.nodes)
    for (const ValueId v : n.inputs) ++uses[static_cast<std::size_t>(v)];
  for (const ValueId v : g.outputs) uses[static_cast<std::size_t>(v)] += 2;

  std::vector<Node> nodes = g.nodes;
  std::vector<bool> gone(nodes.size(), false);
  std::vector<bool> dropped(g.values.size(), false);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!adds(g, g.nodes[i])) continue;
    const int at = taker(g, g.nodes[i], uses, gone);
    if (at < 0) continue;
    const Node& add = g.nodes[i];
    Node& p = nodes[static_cast<std::size_t>(at)];
    const ValueId made = p.output;
    Node one = p;
    one.inputs.push_back(add.inputs[add.inputs[0] == made ? 1 : 0]);
    one.output = add.output;
    one.attributes.activation = add.attributes.activation;
    one.attributes.alpha = add.attributes.alpha;
    one.attributes.beta = add.attributes.beta;
    one.attributes.scale = add.attributes.scale;
    one.attributes.zero = add.attributes.zero;
    nodes[i] = std::move(one);
    gone[static_cast<std::size_t>(at)] = true;
    dropped[static_cast<std::size_t>(made)] = true;
  }

  Graph out;
  out.name = g.name;
  std::vector<ValueId> renamed(g.values.size(), -1);
  for (std::size_t v = 0; v < g.values.size(); ++v) {
    if (dropped[v]) continue;
    renamed[v] = static_cast<ValueId>(out.values.size());
    out.values.push_back(g.values[v]);
  }
  const auto rename = [&](std::vector<ValueId>& list) {
    for (ValueId& v : list) v = renamed[static_cast<std::size_t>(v)];
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (gone[i]) continue;
    Node& n = nodes[i];
    rename(n.inputs);
    n.output = renamed[static_cast<std::size_t>(n.output)];
    out.values[static_cast<std::size_t>(n.output)].producer = static_cast<int>(out.nodes.size());
    out.nodes.push_back(std::move(n));
  }
  out.inputs = g.inputs;
  out.outputs = g.outputs;
  rename(out.inputs);
  rename(out.outputs);
  return out;
}

}  // namespace ane::workloads
