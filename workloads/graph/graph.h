// What is run: a graph of operators over tensors [n, c, h, w]. Built by importers and by the
// networks of this folder through GraphBuilder; compiled to a program by compile.h.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "kernels/operator.h"

namespace ane::workloads {

using kernels::Attributes;
using kernels::Extents;
using kernels::Format;
using kernels::Parameters;
using kernels::Tensor;
using kernels::TensorType;

using ValueId = int;

struct Value {
  std::string name;
  TensorType type;
  int producer = -1;                       // node, or -1: an input or a constant
  std::shared_ptr<const Tensor> constant;  // dense, float32 or i32; null for inputs and results
  bool state = false;  // an input or output that stays in memory between calls, the host apart
};

struct Node {
  const kernels::Operator* op = nullptr;
  std::string name;
  Attributes attributes;
  std::shared_ptr<const Parameters> parameters;
  std::vector<ValueId> inputs;
  ValueId output = -1;
};

struct Graph {
  std::string name;
  std::vector<Value> values;
  std::vector<Node> nodes;  // in an order of execution
  std::vector<ValueId> inputs, outputs;

  const TensorType& type(ValueId v) const { return values[static_cast<std::size_t>(v)].type; }
  kernels::Call call(const Node& node) const;
};

// Appends nodes and infers their types; InputError (place: the node's name) for what does not fit.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name) { graph_.name = std::move(name); }

  ValueId input(const std::string& name, const TensorType& type);
  // A float32 tensor becomes binary16 on the machine; i32 stays. Its shape is [n, c, h, w].
  ValueId constant(const std::string& name, Tensor values);
  // A constant of which only the type matters (timing alone).
  ValueId shape_only(const std::string& name, const TensorType& type);
  ValueId node(const std::string& op, const std::string& name, std::vector<ValueId> inputs,
               Attributes attributes = {}, std::shared_ptr<const Parameters> parameters = {});
  void output(ValueId value);
  void keep_as_state(ValueId value);  // Value::state
  Graph finish() { return std::move(graph_); }

  const TensorType& type(ValueId v) const { return graph_.type(v); }

  // Short forms of frequent nodes.
  ValueId linear(const std::string& name, ValueId x, std::shared_ptr<const Parameters> parameters,
                 const std::string& activation = "none");
  ValueId conv(const std::string& name, ValueId x, std::shared_ptr<const Parameters> parameters,
               Attributes attributes);
  ValueId elementwise(const std::string& name, const std::string& operation, ValueId a, ValueId b,
                      const std::string& activation = "none");
  ValueId unary(const std::string& name, const std::string& function, ValueId x, double alpha = 0);
  ValueId reduce(const std::string& name, const std::string& operation, unsigned axes, ValueId x);

 private:
  ValueId value(const std::string& name, const TensorType& type, int producer);
  Graph graph_;
};

}  // namespace ane::workloads
