#include "workloads/graph/static_quantise.h"

#include <algorithm>
#include <cmath>

#include "kernels/ops/ops.h"
#include "workloads/graph/quantise.h"

namespace ane::workloads {
namespace {

constexpr float usual_range = 127.0F / 32;  // about four deviations of a normalised tensor

bool is_layer(const Node& n) {
  return n.op == &kernels::conv_operator || n.op == &kernels::linear_operator;
}

bool can_quantise(const Node& n) {
  return (is_layer(n) || n.op == &kernels::elementwise_operator) && n.attributes.scale == 0;
}

}  // namespace

ActivationRanges activation_ranges(const Graph& g, const Tensors& inputs) {
  Graph tapped = g;
  tapped.outputs.clear();
  for (const Node& n : g.nodes)
    if (is_layer(n)) tapped.outputs.push_back(n.inputs[0]);
  std::ranges::sort(tapped.outputs);
  tapped.outputs.erase(std::unique(tapped.outputs.begin(), tapped.outputs.end()),
                       tapped.outputs.end());
  ActivationRanges ranges;
  for (const auto& [name, t] : evaluate(tapped, kernels::float_arithmetic(), inputs)) {
    double largest = 0;
    for (std::int64_t i = 0; i < t.size(); ++i) {
      const double v = std::fabs(kernels::element(t, i));
      if (std::isfinite(v)) largest = std::max(largest, v);
    }
    ranges[name] = static_cast<float>(largest);
  }
  return ranges;
}

Graph statically_quantised(const Graph& g, isa::KernelFormat codes, const ActivationRanges& ranges,
                           const std::function<bool(const std::string&)>& keep) {
  const auto taken = [&](const Node& n) {
    return is_layer(n) && n.parameters != nullptr && !isa::is_integer(n.parameters->format) &&
           g.type(n.inputs[0]).format == Format::fp16 && !keep(n.name);
  };
  // Values that layers of codes read, and whether nothing else does.
  std::vector<int> by_codes(g.values.size(), 0), in_all(g.values.size(), 0);
  for (const Node& n : g.nodes)
    for (std::size_t k = 0; k < n.inputs.size(); ++k) {
      const auto v = static_cast<std::size_t>(n.inputs[k]);
      ++in_all[v];
      if (k == 0 && taken(n)) ++by_codes[v];
    }
  for (const ValueId v : g.outputs) ++in_all[static_cast<std::size_t>(v)];

  Graph out = g;
  out.nodes.clear();
  std::vector<ValueId> as_codes(g.values.size(), -1);
  const auto range_of = [&](ValueId v) {
    const auto at = ranges.find(g.values[static_cast<std::size_t>(v)].name);
    return at == ranges.end() ? usual_range : at->second;
  };
  const auto scale_of = [&](ValueId v) {
    return quantise_layer(Parameters{}, range_of(v)).input_scale;
  };
  const auto codes_of = [&](ValueId v) {
    ValueId& made = as_codes[static_cast<std::size_t>(v)];
    if (made >= 0) return made;
    const Value& from = g.values[static_cast<std::size_t>(v)];
    made = static_cast<ValueId>(out.values.size());
    out.values.push_back({.name = from.name + ":codes",
                          .type = {Format::i8, from.type.e},
                          .producer = static_cast<int>(out.nodes.size()),
                          .constant = {}});
    Node n{.op = &kernels::quantise_operator,
           .name = from.name + ":quantise",
           .attributes = {},
           .parameters = {},
           .inputs = {v},
           .output = made};
    n.attributes.scale = scale_of(v);
    out.nodes.push_back(std::move(n));
    return made;
  };
  for (const Node& old : g.nodes) {
    Node n = old;
    if (taken(old)) {
      const ValueId x = old.inputs[0];
      n.inputs[0] = codes_of(x);
      auto p = std::make_shared<Parameters>(*old.parameters);
      if (p->weights.empty())
        p->format = codes;
      else
        *p = quantise_layer(*p, range_of(x), codes).parameters;
      n.parameters = std::move(p);
    }
    const auto made = static_cast<std::size_t>(n.output);
    if (by_codes[made] > 0 && by_codes[made] == in_all[made] && can_quantise(n)) {
      n.attributes.scale = scale_of(n.output);
      out.values[made].type.format = Format::i8;
      as_codes[made] = n.output;
    }
    out.values[made].producer = static_cast<int>(out.nodes.size());
    out.nodes.push_back(std::move(n));
  }
  return out;
}

}  // namespace ane::workloads
