#include "workloads/graph/graph.h"

namespace ane::workloads {

kernels::Call Graph::call(const Node& node) const {
  kernels::Call c{.name = node.name,
                  .inputs = {},
                  .output = node.output >= 0 ? type(node.output) : TensorType{},
                  .attributes = node.attributes,
                  .parameters = node.parameters};
  for (const ValueId v : node.inputs) c.inputs.push_back(type(v));
  return c;
}

ValueId GraphBuilder::value(const std::string& name, const TensorType& type, int producer) {
  graph_.values.push_back({.name = name, .type = type, .producer = producer, .constant = {}});
  return static_cast<ValueId>(graph_.values.size()) - 1;
}

ValueId GraphBuilder::input(const std::string& name, const TensorType& type) {
  const ValueId v = value(name, type, -1);
  graph_.inputs.push_back(v);
  return v;
}

ValueId GraphBuilder::constant(const std::string& name, Tensor values) {
  ANE_CHECK(values.shape.size() == 4, "a constant is [n, c, h, w]");
  const ValueId v = shape_only(
      name,
      {values.format == Format::i32 ? Format::i32 : Format::fp16,
       {.w = values.shape[3], .h = values.shape[2], .c = values.shape[1], .n = values.shape[0]}});
  graph_.values.back().constant = std::make_shared<const Tensor>(std::move(values));
  return v;
}

ValueId GraphBuilder::shape_only(const std::string& name, const TensorType& type) {
  return value(name, type, -1);
}

ValueId GraphBuilder::node(const std::string& op, const std::string& name,
                           std::vector<ValueId> inputs, Attributes attributes,
                           std::shared_ptr<const Parameters> parameters) {
  Node n{.op = &kernels::operator_named(op),
         .name = name,
         .attributes = std::move(attributes),
         .parameters = std::move(parameters),
         .inputs = std::move(inputs),
         .output = -1};
  const int count = static_cast<int>(n.inputs.size());
  if (count < n.op->min_inputs || count > n.op->max_inputs)
    throw InputError(name, op + " takes " + std::to_string(n.op->min_inputs) + " to " +
                               std::to_string(n.op->max_inputs) + " inputs, not " +
                               std::to_string(count));
  const TensorType type = n.op->shape(graph_.call(n));
  n.output = value(name, type, static_cast<int>(graph_.nodes.size()));
  graph_.nodes.push_back(std::move(n));
  return graph_.nodes.back().output;
}

void GraphBuilder::output(ValueId v) {
  graph_.outputs.push_back(v);
}

void GraphBuilder::keep_as_state(ValueId v) {
  graph_.values[static_cast<std::size_t>(v)].state = true;
}

ValueId GraphBuilder::linear(const std::string& name, ValueId x,
                             std::shared_ptr<const Parameters> parameters,
                             const std::string& activation) {
  Attributes a;
  a.activation = activation;
  return node("linear", name, {x}, std::move(a), std::move(parameters));
}

ValueId GraphBuilder::conv(const std::string& name, ValueId x,
                           std::shared_ptr<const Parameters> parameters, Attributes attributes) {
  return node("conv", name, {x}, std::move(attributes), std::move(parameters));
}

ValueId GraphBuilder::elementwise(const std::string& name, const std::string& operation, ValueId a,
                                  ValueId b, const std::string& activation) {
  Attributes t;
  t.operation = operation;
  t.activation = activation;
  return node("elementwise", name, {a, b}, std::move(t));
}

ValueId GraphBuilder::unary(const std::string& name, const std::string& function, ValueId x,
                            double alpha) {
  Attributes t;
  t.activation = function;
  t.alpha = alpha;
  return node("unary", name, {x}, std::move(t));
}

ValueId GraphBuilder::reduce(const std::string& name, const std::string& operation, unsigned axes,
                             ValueId x) {
  Attributes t;
  t.operation = operation;
  t.axes = axes;
  return node("reduce", name, {x}, std::move(t));
}

}  // namespace ane::workloads
