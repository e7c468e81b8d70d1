#include "workloads/request/work_list.h"

#include <algorithm>
#include <cmath>

namespace ane::workloads {
namespace {

using kernels::Work;
using kernels::WorkKind;

double real(std::int64_t v) {
  return static_cast<double>(v);
}

Bytes scaled(Bytes b, double factor) {
  return whole_bytes(real(b.count) * factor);
}

bool is_view(const kernels::Operator& op) {
  return op.name == "reshape" || op.name == "slice" || op.name == "transpose";
}

}  // namespace

Bytes whole_bytes(double count) {
  return Bytes{static_cast<std::int64_t>(std::llround(count))};
}

Work product(std::int64_t m, std::int64_t n, std::int64_t k, double activation, double weight,
             std::int64_t batch, bool own_right_hand) {
  Work w{.kind = WorkKind::gemm, .macs = Macs{m * n * k * batch}};
  // One right-hand side for the whole batch is one taller product.
  if (!own_right_hand) {
    m *= batch;
    batch = 1;
  }
  w.m = m, w.n = n, w.k = k, w.batch = batch;
  w.read = whole_bytes(real(m * k * batch) * activation);
  w.written = whole_bytes(real(m * n * batch) * activation);
  w.weights = whole_bytes(real(n * k * batch) * weight);
  w.name = "product";
  return w;
}

Work pointwise(std::int64_t elements, double size, int operands, double flops) {
  return Work{.kind = WorkKind::elementwise,
              .other_flops = static_cast<std::int64_t>(real(elements) * flops),
              .read = whole_bytes(real(elements) * size * operands),
              .written = whole_bytes(real(elements) * size),
              .name = "elementwise"};
}

WorkList node_work(const Graph& graph, const Node& node, double activation, double weight) {
  if (is_view(*node.op)) return {};
  const kernels::Call call = graph.call(node);
  Work w = node.op->work(call);
  w.read = scaled(w.read, activation / 2);
  w.written = scaled(w.written, activation / 2);
  const bool product = w.kind == WorkKind::gemm || w.kind == WorkKind::conv;
  if (node.parameters) {
    w.weights = scaled(Bytes{node.parameters->count()}, weight);
    w.compressed = weight < 2;
    w.bias = node.parameters->has_bias || !node.parameters->bias.empty();
  }
  const bool follows = node.attributes.activation != "none" &&
                       (product || w.kind == WorkKind::elementwise) && node.op->name != "unary";
  if (follows && product) w.other_flops = 0;
  w.name = node.op->name;
  if (!follows) return {w};
  Work function = pointwise(call.output.e.count(), activation);
  function.name = "activation";
  return {w, function};
}

WorkList graph_work(const Graph& graph, double activation, double weight) {
  WorkList out;
  for (const Node& node : graph.nodes)
    for (const Work& w : node_work(graph, node, activation, weight)) out.push_back(w);
  return out;
}

WorkSums sums_of(const WorkList& work) {
  WorkSums s;
  for (const Work& w : work) {
    s.macs += real(w.count) * real(w.macs.count);
    s.weight_bytes += real(w.count) * real(w.weights.count);
    s.widest = std::max(s.widest, real((w.read + w.written).count));
  }
  return s;
}

}  // namespace ane::workloads
