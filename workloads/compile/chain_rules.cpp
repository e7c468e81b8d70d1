#include "workloads/compile/chain_rules.h"

#include <algorithm>

#include "isa/error.h"
#include "kernels/ops/ops.h"

namespace ane::workloads {

using kernels::Axis;
using kernels::axis_c;
using kernels::axis_h;
using kernels::axis_n;
using kernels::axis_w;
using kernels::Operator;

Rule rule_of(const Graph& g, const Node& n) {
  const Attributes& a = n.attributes;
  constexpr unsigned all = axis_n | axis_h | axis_w;
  const Operator* op = n.op;
  const auto same = [&] {
    Rule r{.axes = all};
    r.follow.fill(all);
    return r;
  };
  const auto windowed = [&](std::int64_t kh, std::int64_t kw) {
    Rule r = same();
    r.h = {kh, a.stride_h, a.pad_top};
    r.w = {kw, a.stride_w, a.pad_left};
    return r;
  };
  if (op == &kernels::conv_operator || op == &kernels::linear_operator) {
    const kernels::Parameters& p = *n.parameters;
    return windowed(a.dilation_h * (p.kh - 1) + 1, a.dilation_w * (p.kw - 1) + 1);
  }
  if (op == &kernels::pool_operator) return windowed(a.kernel_h, a.kernel_w);
  if (op == &kernels::unary_operator || op == &kernels::quantise_operator ||
      op == &kernels::dequantise_operator)
    return same();
  if (op == &kernels::gather_operator && a.operation != "host")
    return {axis_h | axis_w, {0, axis_h | axis_w}};
  if (op == &kernels::reduce_operator) return {all & ~a.axes, {all & ~a.axes}};
  const bool over_channels = a.axes == unsigned{axis_c};
  if (op == &kernels::elementwise_operator ||
      (over_channels && (op == &kernels::softmax_operator || op == &kernels::log_softmax_operator ||
                         op == &kernels::layer_norm_operator))) {
    ANE_CHECK(n.inputs.size() <= Rule{}.follow.size(), "a rule holds fewer inputs");
    Rule r{.axes = all};
    for (std::size_t i = 0; i < n.inputs.size(); ++i)
      for (const Axis axis : positions)
        if (kernels::extent(g.type(n.inputs[i]).e, axis) > 1) r.follow[i] |= axis;
    return r;
  }
  if (op == &kernels::matmul_operator) {
    const std::int64_t items = g.type(n.inputs[0]).e.n, matrices = g.type(n.inputs[1]).e.n;
    if (matrices == 1) return {axis_n | axis_w, {axis_n | axis_w, 0}};
    if (matrices == items) return {axis_n | axis_w, {axis_n | axis_w, axis_n}};
    return {axis_w, {axis_w, 0}};
  }
  return {};
}

Span span_read(const Window& w, const Span& out, std::int64_t extent) {
  const std::int64_t top = out.begin * w.stride - w.pad;
  const std::int64_t begin = std::clamp<std::int64_t>(top, 0, extent - 1);
  const std::int64_t end = std::min(extent, top + (out.count - 1) * w.stride + w.kernel);
  return {begin, std::max<std::int64_t>(1, end - begin)};
}

std::optional<std::size_t> maker(const Graph& g, const Chain& chain, ValueId v, std::size_t end) {
  const int producer = g.values[static_cast<std::size_t>(v)].producer;
  if (producer < 0) return std::nullopt;
  for (std::size_t k = end; k-- > 0;)  // most come from the node just before
    if (chain.nodes[k] == producer) return k;
  return std::nullopt;
}

Members members_of(const Graph& g, const Chain& chain) {
  Members m{{}, std::vector<std::size_t>(chain.nodes.size(), chain.nodes.size())};
  for (std::size_t k = 0; k < chain.nodes.size(); ++k) {
    m.rules.push_back(rule_of(g, node(g, chain, k)));
    for (const ValueId v : node(g, chain, k).inputs)
      if (const auto from = maker(g, chain, v, k)) m.reader[*from] = k;
  }
  return m;
}

std::vector<Span> spans(const Graph& g, const Chain& chain, const Members& members, Axis axis,
                        const Span& last) {
  std::vector<Span> list(chain.nodes.size());
  list.back() = last;
  for (std::size_t k = chain.nodes.size() - 1; k-- > 0;) {
    const std::int64_t extent = kernels::extent(g.type(node(g, chain, k).output).e, axis);
    const Rule& r = members.rules[members.reader[k]];
    list[k] = (chain.axes & axis) != 0
                  ? span_read(axis == axis_h ? r.h : r.w, list[members.reader[k]], extent)
                  : Span{0, extent};
  }
  return list;
}

}  // namespace ane::workloads
