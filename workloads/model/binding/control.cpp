// Functions, branches and loops: taken apart and unrolled while the model is bound.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "isa/error.h"
#include "workloads/model/binding/binder.h"

namespace ane::workloads::model {

void Binder::bind_references(Node& n, const std::map<std::string, Attribute>& given) {
  for (auto at = n.attributes.begin(); at != n.attributes.end();) {
    Attribute& a = at->second;
    if (!a.of_function.empty()) {
      const auto said = given.find(a.of_function);
      if (said == given.end()) {
        at = n.attributes.erase(at);
        continue;
      }
      a = said->second;
    } else if (a.graph != nullptr) {
      auto inner = std::make_shared<Graph>(*a.graph);
      for (Node& m : inner->nodes) bind_references(m, given);
      a.graph = std::move(inner);
    }
    ++at;
  }
}

std::vector<Tensor> Binder::call(const Node& n, const Function& f, std::vector<Tensor> inputs) {
  Graph g = *f.body;
  std::map<std::string, Attribute> given = f.defaults;
  for (const auto& [name, a] : n.attributes) given[name] = a;
  for (Node& m : g.nodes) {
    bind_references(m, given);
    if (!n.name.empty() && !m.name.empty()) m.name = n.name + "/" + m.name;
  }
  if (inputs.size() > f.inputs.size())
    throw InputError(place_of(n), "has more operands than its function");
  for (const auto& [name, a] : n.attributes)
    if (f.attributes.count(name) == 0)
      throw InputError(
          place_of(n), fmt::format("its function has no attribute {}", name),
          choice_note(name, std::vector<std::string>(f.attributes.begin(), f.attributes.end())));
  // A function sees its operands, not what is around it.
  std::vector<Scope> outside;
  outside.swap(scopes_);
  scopes_.emplace_back();
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (inputs[k].given) scopes_.back()[f.inputs[k]] = std::move(inputs[k]);
  // An operand that is left out is empty in the body as well.
  for (Node& m : g.nodes)
    for (std::string& name : m.inputs) {
      const auto at = std::ranges::find(f.inputs, name);
      if (at != f.inputs.end() && scopes_.back().count(name) == 0) name.clear();
    }
  for (const std::string& name : f.outputs) g.outputs.push_back({.name = name, .dims = {}});
  std::vector<Tensor> results = body(g, false);
  scopes_.swap(outside);
  return results;
}

const Binder::Control* Binder::control_named(const std::string& op) {
  static const std::vector<Control> all{
      {"If", takes(1).with({graph("then_branch"), graph("else_branch")}), &Binder::branch},
      {"Loop", takes(2, any_number).with({graph("body")}), &Binder::loop},
      {"Scan",
       takes(1, any_number)
           .with({graph("body"), whole("num_scan_inputs", 1), wholes("directions").until(8),
                  wholes("scan_input_axes").from(9), wholes("scan_input_directions").from(9),
                  wholes("scan_output_axes").from(9), wholes("scan_output_directions").from(9)}),
       &Binder::scan}};
  const auto at = std::ranges::find(all, op, &Control::name);
  return at == all.end() ? nullptr : &*at;
}

const Graph& Binder::graph_of(const Node& n, const std::string& attribute) const {
  const auto at = n.attributes.find(attribute);
  if (at == n.attributes.end() || at->second.graph == nullptr)
    throw InputError(place_of(n), fmt::format("has no graph '{}'", attribute));
  return *at->second.graph;
}

std::vector<Tensor> Binder::inside(const Graph& g, std::vector<Tensor> inputs, const Node& n) {
  if (g.inputs.size() != inputs.size())
    throw InputError(place_of(n), fmt::format("its graph has {} inputs, {} are given",
                                              g.inputs.size(), inputs.size()));
  scopes_.emplace_back();
  for (std::size_t k = 0; k < inputs.size(); ++k)
    scopes_.back()[g.inputs[k].name] = std::move(inputs[k]);
  std::vector<Tensor> results = body(g, false);
  scopes_.pop_back();
  return results;
}

bool Binder::decided(const Node& n, Tensor t, const char* what) const {
  if (!t.known())
    throw InputError(place_of(n),
                     fmt::format("{} depends on the values of an input ('{}')", what, t.name),
                     "give that input: --input NAME=VALUE");
  Use use(n, {std::move(t)}, false);
  return use.scalar(0) != 0;
}

std::vector<Tensor> Binder::branch(const Node& n, std::vector<Tensor> inputs) {
  const bool condition = decided(n, std::move(inputs[0]), "which branch is taken");
  return inside(graph_of(n, condition ? "then_branch" : "else_branch"), {}, n);
}

Tensor Binder::stacked(const Node& n, std::vector<Tensor> parts, std::int64_t axis,
                       const Declared& like) {
  Node concat{.op = "ConcatFromParts",
              .domain = "",
              .version = n.version,
              .name = n.name,
              .inputs = {},
              .outputs = {"stacked"},
              .attributes = {}};
  Attribute a;
  a.is = Attribute::Is::integer;
  a.integer = axis;
  concat.attributes["axis"] = a;
  if (parts.empty()) {
    Tensor none;
    none.type.dtype = like.dtype;
    none.type.shape = {0};
    for (const Dimension& d : like.dims)
      none.type.shape.push_back(std::max<std::int64_t>(d.extent, 0));
    none.data = std::make_shared<Array>(none.type.dtype, none.type.shape);
    return none;
  }
  for (Tensor& t : parts) concat.inputs.push_back(t.name);
  return plain(concat, std::move(parts)).at(0);
}

std::vector<Tensor> Binder::loop(const Node& n, std::vector<Tensor> inputs) {
  const Graph& g = graph_of(n, "body");
  if (inputs.size() < 2 || g.inputs.size() != inputs.size() || g.outputs.size() + 1 < inputs.size())
    throw InputError(place_of(n), "its graph does not fit its operands");
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  if (inputs[0].given) {
    if (!inputs[0].known())
      throw InputError(place_of(n), "how often it runs depends on the values of an input",
                       "give that input: --input NAME=VALUE");
    Use use(n, {inputs[0]}, false);
    most = static_cast<std::int64_t>(use.scalar(0));
  }
  bool on = !inputs[1].given || decided(n, inputs[1], "how often it runs");
  std::vector<Tensor> carried(inputs.begin() + 2, inputs.end());
  std::vector<std::vector<Tensor>> scanned(g.outputs.size() - 1 - carried.size());
  for (std::int64_t k = 0; on && k < most; ++k) {
    count_step(n);
    Tensor at, go;
    at.data = of_numbers(Dtype::i64, {}, std::array{k});
    at.type = at.data->type;
    go.data = of_numbers(Dtype::boolean, {}, std::array<std::int64_t, 1>{1});
    go.type = go.data->type;
    std::vector<Tensor> given{at, go};
    given.insert(given.end(), carried.begin(), carried.end());
    std::vector<Tensor> results = inside(g, std::move(given), n);
    on = decided(n, results[0], "how often it runs");
    for (std::size_t i = 0; i < carried.size(); ++i) carried[i] = std::move(results[1 + i]);
    for (std::size_t i = 0; i < scanned.size(); ++i)
      scanned[i].push_back(std::move(results[1 + carried.size() + i]));
  }
  std::vector<Tensor> all = std::move(carried);
  for (std::size_t i = 0; i < scanned.size(); ++i)
    all.push_back(
        stacked(n, std::move(scanned[i]), 0, g.outputs[g.outputs.size() - scanned.size() + i]));
  return all;
}

Tensor Binder::element(const Node& n, const Tensor& t, std::int64_t k, std::size_t axis) {
  Node gather{.op = "Gather",
              .domain = "",
              .version = n.version,
              .name = n.name,
              .inputs = {t.name, ""},
              .outputs = {"element"},
              .attributes = {}};
  Attribute a;
  a.is = Attribute::Is::integer;
  a.integer = static_cast<std::int64_t>(axis);
  gather.attributes["axis"] = a;
  Tensor index;
  index.data = of_numbers(Dtype::i64, {}, std::array{k});
  index.type = index.data->type;
  return plain(gather, {t, index}).at(0);
}

std::vector<Tensor> Binder::scan(const Node& n, std::vector<Tensor> inputs) {
  const Graph& g = graph_of(n, "body");
  const Use about(n, {}, false);
  const auto scans = static_cast<std::size_t>(
      std::clamp<std::int64_t>(about.integer("num_scan_inputs", 0), 0, 1 << 20));
  if (n.version < 9) return batched_scan(n, g, scans, std::move(inputs));
  return scan_of(n, g, scans, std::move(inputs));
}

std::vector<Tensor> Binder::scan_of(const Node& n, const Graph& g, std::size_t scans,
                                    std::vector<Tensor> inputs) {
  const Use about(n, {}, false);
  if (scans < 1 || scans > inputs.size() || g.outputs.size() + scans < inputs.size())
    throw InputError(place_of(n), "its graph does not fit its operands");
  const std::size_t states = inputs.size() - scans, made = g.outputs.size() - states;
  const auto nth = [&](const char* name, std::size_t k) {
    const std::vector<std::int64_t> list = about.list(name);
    return k < list.size() ? list[k] : 0;
  };
  const char* directions = n.version < 9 ? "directions" : "scan_input_directions";
  std::vector<Tensor> carried(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(states));
  std::int64_t length = 0;
  std::vector<std::size_t> axes;
  for (std::size_t k = 0; k < scans; ++k) {
    const Shape& s = inputs[states + k].type.shape;
    axes.push_back(axis_of(nth("scan_input_axes", k), s.size(), place_of(n)));
    length = s[axes.back()];
  }
  for (std::size_t k = 0; k < scans; ++k)
    if (inputs[states + k].type.shape[axes[k]] != length)
      throw InputError(place_of(n), "its sequences differ in length");
  std::vector<std::vector<Tensor>> scanned(made);
  for (std::int64_t step = 0; step < length; ++step) {
    count_step(n);
    std::vector<Tensor> given = carried;
    for (std::size_t k = 0; k < scans; ++k)
      given.push_back(element(n, inputs[states + k],
                              nth(directions, k) != 0 ? length - 1 - step : step, axes[k]));
    std::vector<Tensor> results = inside(g, std::move(given), n);
    for (std::size_t i = 0; i < states; ++i) carried[i] = std::move(results[i]);
    for (std::size_t i = 0; i < made; ++i) scanned[i].push_back(std::move(results[states + i]));
  }
  std::vector<Tensor> all = std::move(carried);
  for (std::size_t i = 0; i < made; ++i) {
    if (nth("scan_output_directions", i) != 0) std::ranges::reverse(scanned[i]);
    all.push_back(
        stacked(n, std::move(scanned[i]), nth("scan_output_axes", i), g.outputs[states + i]));
  }
  return all;
}

std::vector<Tensor> Binder::batched_scan(const Node& n, const Graph& g, std::size_t scans,
                                         std::vector<Tensor> inputs) {
  if (inputs.size() < 2 || inputs[0].given)
    throw InputError(place_of(n), "lengths of sequences are not read", "version 9 of the operator");
  inputs.erase(inputs.begin());
  if (inputs[0].type.shape.empty()) throw InputError(place_of(n), "has no batch");
  const std::int64_t batch = inputs[0].type.shape[0];
  std::vector<std::vector<Tensor>> all;
  for (std::int64_t b = 0; b < batch; ++b) {
    std::vector<Tensor> one;
    for (const Tensor& t : inputs) one.push_back(element(n, t, b, 0));
    std::vector<Tensor> results = scan_of(n, g, scans, std::move(one));
    all.resize(results.size());
    for (std::size_t i = 0; i < results.size(); ++i) all[i].push_back(std::move(results[i]));
  }
  std::vector<Tensor> stack;
  for (std::size_t i = 0; i < all.size(); ++i)
    stack.push_back(stacked(n, std::move(all[i]), 0, g.outputs[i]));
  return stack;
}

}  // namespace ane::workloads::model
