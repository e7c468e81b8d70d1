#include "workloads/model/bind.h"

#include <fmt/format.h>

#include "workloads/model/binding/binder.h"

namespace ane::workloads::model {

Use Model::use(const BoundNode& n) const {
  std::vector<Tensor> operands;
  for (const int v : n.inputs) {
    Tensor t;
    t.given = v >= 0;
    if (t.given) {
      const Value& value = values[static_cast<std::size_t>(v)];
      t.type = value.type, t.data = value.data, t.packed = value.packed, t.coded = value.coded;
      t.name = value.name;
      t.id = v;
    }
    operands.push_back(std::move(t));
  }
  Use use(n.node, std::move(operands), false);
  for (std::size_t k = 0; k < n.outputs.size(); ++k) {
    const int v = n.outputs[k];
    if (v < 0) continue;
    use.outputs()[k].type = values[static_cast<std::size_t>(v)].type;
    use.outputs()[k].name = values[static_cast<std::size_t>(v)].name;
    use.outputs()[k].id = v;
  }
  return use;
}

std::vector<std::string> names_of_nodes(const Model& model) {
  std::vector<std::string> names;
  Names taken;
  for (const BoundNode& n : model.nodes) {
    const Node& own = n.node;
    names.push_back(taken.fresh(!own.name.empty()                               ? own.name
                                : own.outputs.empty() || own.outputs[0].empty() ? own.op
                                                                                : own.outputs[0]));
  }
  return names;
}

std::string Names::fresh(const std::string& name) {
  std::string own = name;
  for (int again = take(own); again > 0; again = take(own)) own += fmt::format("#{}", again);
  return own;
}

int Names::take(const std::string& name) {
  order_.push_back(name);
  return taken_[name]++;
}

void Names::forget(std::size_t mark) {
  for (; order_.size() > mark; order_.pop_back()) --taken_[order_.back()];
}

Model bind(const Source& source, const Binding& binding) {
  Binder binder(source, binding, false);
  std::vector<Tensor> results = binder.run();
  return binder.model(std::move(results));
}

std::vector<std::pair<std::string, Data>> evaluate(const Source& source, const Binding& binding) {
  Binder binder(source, binding, true);
  std::vector<std::pair<std::string, Data>> outputs;
  for (Tensor& t : binder.run()) {
    if (t.data == nullptr) t.data = std::make_shared<Array>(unpack(*t.packed));
    outputs.emplace_back(t.name, t.data);
  }
  return outputs;
}

}  // namespace ane::workloads::model
