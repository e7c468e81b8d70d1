#include "workloads/graph/evaluate.h"

#include "isa/error.h"

namespace ane::workloads {
namespace {

Tensor converted(const Tensor& host, const TensorType& type,
                 const kernels::Arithmetic& arithmetic) {
  if (type.format == Format::i32 || host.format == Format::i8) return host;
  Tensor t(arithmetic.format(), host.shape);
  for (std::int64_t i = 0; i < t.size(); ++i)
    kernels::set_element(t, i, arithmetic.constant(kernels::element(host, i)));
  return t;
}

}  // namespace

Tensors evaluate(const Graph& graph, const kernels::Arithmetic& arithmetic, const Tensors& inputs,
                 bool all) {
  std::vector<Tensor> values(graph.values.size());
  std::vector<int> uses(graph.values.size(), 0);
  for (const Node& n : graph.nodes)
    for (const ValueId v : n.inputs) ++uses[static_cast<std::size_t>(v)];
  for (const ValueId v : graph.outputs) ++uses[static_cast<std::size_t>(v)];
  for (std::size_t v = 0; v < values.size(); ++v)
    if (graph.values[v].constant)
      values[v] = converted(*graph.values[v].constant, graph.values[v].type, arithmetic);
  for (const ValueId v : graph.inputs) {
    const Value& value = graph.values[static_cast<std::size_t>(v)];
    const auto given = inputs.find(value.name);
    if (given == inputs.end())
      throw InputError(graph.name, "no values for input '" + value.name + "'");
    if (given->second.size() != value.type.e.count())
      throw InputError(value.name, "the values do not have the input's extents " +
                                       kernels::to_string(value.type));
    values[static_cast<std::size_t>(v)] = converted(given->second, value.type, arithmetic);
  }
  Tensors results;
  for (const Node& n : graph.nodes) {
    kernels::Call call = graph.call(n);
    std::vector<const Tensor*> sources;
    for (const ValueId v : n.inputs) {
      const Tensor& t = values[static_cast<std::size_t>(v)];
      if (t.shape.empty())
        throw InputError(n.name, "constant '" + graph.values[static_cast<std::size_t>(v)].name +
                                     "' has no values: this graph is for timing alone");
      sources.push_back(&t);
    }
    TensorType type = call.output;
    if (type.format == Format::fp16) type.format = arithmetic.format();
    Tensor result = kernels::make_tensor(type);
    n.op->reference(call, arithmetic, sources, result);
    arithmetic.keep(result);
    if (all) results[n.name] = result;
    values[static_cast<std::size_t>(n.output)] = std::move(result);
    for (const ValueId v : n.inputs)
      if (--uses[static_cast<std::size_t>(v)] == 0 &&
          !graph.values[static_cast<std::size_t>(v)].constant)
        values[static_cast<std::size_t>(v)] = {};
  }
  if (!all)
    for (const ValueId v : graph.outputs)
      results[graph.values[static_cast<std::size_t>(v)].name] = values[static_cast<std::size_t>(v)];
  return results;
}

}  // namespace ane::workloads
