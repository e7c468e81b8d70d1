#include "workloads/request/graph_work.h"

#include <cmath>

#include "workloads/networks/networks.h"

namespace ane::workloads {
namespace {

using kernels::Work;
using kernels::WorkKind;

Bytes scaled(Bytes b, double factor) {
  return Bytes{static_cast<std::int64_t>(std::llround(static_cast<double>(b.count) * factor))};
}

bool is_view(const kernels::Operator& op) {
  return op.name == "reshape" || op.name == "slice" || op.name == "transpose";
}

}  // namespace

WorkList graph_work(const Graph& graph, double activation, double weight) {
  WorkList out;
  for (const Node& node : graph.nodes) {
    if (is_view(*node.op)) continue;
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
    out.push_back(w);
    if (follows) {
      out.push_back(pointwise(call.output.e.count(), activation));
      out.back().name = "activation";
    }
  }
  return out;
}

WorkList network_work(const Spec& s) {
  return graph_work(build_network(network_named(s.name), input_of(s), {}), bytes_of(s.activations),
                    bytes_of(s.weights));
}

WorkList encoder_work(const Spec& s) {
  return graph_work(build_encoder(encoder_of(s), 0, s.batch, {}), bytes_of(s.activations),
                    bytes_of(s.weights));
}

}  // namespace ane::workloads
