#include "workloads/model/binding/binder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "isa/error.h"

namespace ane::workloads::model {
namespace {

// What is computed while shapes are bound, and kept: constants, not the work of the model.
constexpr std::int64_t most_folded = std::int64_t{1} << 22;
constexpr std::int64_t most_folded_in_all = std::int64_t{1} << 26;
constexpr double most_operations = 1 << 30;
constexpr int most_depth = 64;  // of functions and branches in each other

}  // namespace

std::vector<Tensor> Binder::run() {
  const Graph& g = *source_.graph;
  refuse_strangers(g);
  scopes_.emplace_back();
  for (const Declared& d : g.inputs) {
    if (g.constants.count(d.name) != 0 && binding_.inputs.count(d.name) == 0) continue;
    scopes_.back()[d.name] = input(d);
  }
  std::vector<Tensor> results = body(g, true);
  model_.name = source_.name;
  for (std::size_t k = 0; k < g.outputs.size(); ++k) {
    model_.output_names.push_back(g.outputs[k].name);
    results[k].name = g.outputs[k].name;
    check_output(g, g.outputs[k], results[k]);
  }
  return results;
}

Model Binder::model(std::vector<Tensor> results) {
  for (Tensor& t : results) model_.outputs.push_back(value_of(t));
  drop_unread();
  return std::move(model_);
}

void Binder::refuse_strangers(const Graph& g) const {
  std::vector<std::string> names, symbols;
  for (const Declared& d : g.inputs) {
    names.push_back(d.name);
    for (const Dimension& x : d.dims)
      if (!x.symbol.empty()) symbols.push_back(x.symbol);
  }
  const auto known = [&](const std::string& name, const char* option) {
    if (std::ranges::find(names, name) == names.end())
      throw InputError(option, fmt::format("'{}' is no input of the model", name),
                       choice_note(name, names));
  };
  for (const auto& [name, shape] : binding_.shapes) known(name, "--shape");
  for (const auto& [name, data] : binding_.inputs) known(name, "--input");
  for (const auto& [symbol, extent] : binding_.dims)
    if (std::ranges::find(symbols, symbol) == symbols.end())
      throw InputError("--dim", fmt::format("'{}' is no open extent of the model", symbol),
                       symbols.empty() ? "it has none of a name" : choice_note(symbol, symbols));
}

Tensor Binder::input(const Declared& d) {
  Tensor t;
  t.name = d.name;
  t.type.dtype = d.dtype;
  if (const auto given = binding_.inputs.find(d.name); given != binding_.inputs.end()) {
    t.data = given->second;
    t.type = t.data->type;
    check_input(d, t.type);
    return t;
  }
  if (values_)
    throw InputError(d.name, "has no values",
                     fmt::format("--input {}=FILE.npy ({})", d.name, declared_text(d)));
  if (const auto said = binding_.shapes.find(d.name); said != binding_.shapes.end()) {
    t.type.shape = said->second;
  } else {
    if (!d.shaped)
      throw InputError(d.name, "has no shape in the file",
                       fmt::format("--shape {}=1x3x224x224", d.name));
    for (const Dimension& x : d.dims) {
      const auto given = binding_.dims.find(x.symbol);
      if (x.extent < 0 && given == binding_.dims.end())
        throw InputError(
            d.name, fmt::format("its shape is open: {}", declared_text(d)),
            fmt::format("{}--shape {}={}",
                        x.symbol.empty() ? "" : fmt::format("--dim {}=1, or ", x.symbol), d.name,
                        example(d)));
      t.type.shape.push_back(x.extent >= 0 ? x.extent : given->second);
    }
  }
  check_input(d, t.type);
  checked_elements(t.type.shape, d.name);
  t.id = static_cast<int>(model_.values.size());
  model_.values.push_back({.name = d.name, .type = t.type, .data = {}, .packed = {}, .coded = {}});
  model_.inputs.push_back(t.id);
  model_.input_names.push_back(d.name);
  return t;
}

std::string Binder::declared_text(const Declared& d) {
  std::vector<std::string> dims;
  for (const Dimension& x : d.dims)
    dims.push_back(x.extent >= 0 ? std::to_string(x.extent) : x.symbol.empty() ? "?" : x.symbol);
  return fmt::format("{} [{}]", info(d.dtype).name, fmt::join(dims, ", "));
}

std::string Binder::example(const Declared& d) {
  std::vector<std::string> dims;
  for (const Dimension& x : d.dims) dims.push_back(std::to_string(x.extent >= 0 ? x.extent : 1));
  return fmt::format("{}", fmt::join(dims, "x"));
}

void Binder::check_input(const Declared& d, const Type& t) {
  bool fits = t.dtype == d.dtype && (!d.shaped || d.dims.size() == t.shape.size());
  for (std::size_t k = 0; fits && d.shaped && k < d.dims.size(); ++k)
    fits = d.dims[k].extent < 0 || d.dims[k].extent == t.shape[k];
  if (!fits) throw InputError(d.name, fmt::format("is {}, not {}", to_string(t), declared_text(d)));
}

void Binder::check_output(const Graph& g, const Declared& d, const Tensor& t) {
  bool same = !d.shaped || d.dims.size() == t.type.shape.size();
  for (std::size_t k = 0; same && d.shaped && k < d.dims.size(); ++k)
    same = d.dims[k].extent < 0 || d.dims[k].extent == t.type.shape[k];
  const bool typed = !d.typed || d.dtype == t.type.dtype;
  if (typed && same) return;
  const std::string off =
      fmt::format("is {}; the file declares {}", to_string(t.type), declared_text(d));
  const bool open = std::ranges::any_of(g.inputs, [&](const Declared& i) {
    return g.constants.count(i.name) == 0 &&
           (!i.shaped ||
            std::ranges::any_of(i.dims, [](const Dimension& x) { return x.extent < 0; }));
  });
  if (!typed || !(open || bounded_))
    throw InputError(fmt::format("output '{}'", d.name), off, "a file that agrees with itself");
  model_.notes.push_back(fmt::format("output '{}' {}", d.name, off));
}

const Tensor* Binder::find(const std::string& name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (const auto at = scope->find(name); at != scope->end()) return &at->second;
  }
  return nullptr;
}

std::vector<Tensor> Binder::body(const Graph& g, bool outer) {
  if (++depth_ > most_depth)
    throw InputError(g.name, "functions and branches lie more than 64 deep in each other");
  for (const auto& [name, packed] : g.constants) {
    if (outer && binding_.inputs.count(name) != 0) continue;
    Tensor t;
    t.name = name;
    t.type = packed->type;
    t.packed = packed;
    scopes_.back()[name] = std::move(t);
  }
  // Where values are kept each is given up behind its last reader.
  std::map<std::string, std::size_t> last;
  if (values_) readers(g, last);
  for (std::size_t k = 0; k < g.nodes.size(); ++k) {
    node(g.nodes[k]);
    if (!values_) continue;
    for (const std::string& name : g.nodes[k].inputs)
      if (const auto at = last.find(name); at != last.end() && at->second == k)
        scopes_.back().erase(name);
  }
  std::vector<Tensor> results;
  for (const Declared& d : g.outputs) {
    const Tensor* t = find(d.name);
    if (t == nullptr) throw InputError(g.name, fmt::format("nothing makes output '{}'", d.name));
    results.push_back(*t);
  }
  --depth_;
  return results;
}

void Binder::readers(const Graph& g, std::map<std::string, std::size_t>& last) {
  for (std::size_t k = 0; k < g.nodes.size(); ++k) {
    const auto read = [&](const auto& self, const Graph& inner) -> void {
      for (const Node& n : inner.nodes) {
        for (const std::string& name : n.inputs) last[name] = k;
        for (const auto& [key, a] : n.attributes)
          if (a.graph != nullptr) self(self, *a.graph);
      }
      for (const Declared& d : inner.outputs) last[d.name] = k;
    };
    for (const std::string& name : g.nodes[k].inputs) last[name] = k;
    for (const auto& [key, a] : g.nodes[k].attributes)
      if (a.graph != nullptr) read(read, *a.graph);
  }
  for (const Declared& d : g.outputs) last[d.name] = std::numeric_limits<std::size_t>::max();
}

void Binder::count_step(const Node& n) {
  if (++steps_ > most_nodes)
    throw InputError(place_of(n),
                     fmt::format("the model unrolls to more than {} nodes", most_nodes));
}

std::string Binder::place_of(const Node& n) {
  return fmt::format("{}{}", n.op, n.name.empty() ? "" : " " + n.name);
}

void Binder::node(const Node& n) {
  count_step(n);
  std::vector<Tensor> inputs;
  for (const std::string& name : n.inputs) {
    if (name.empty()) {
      inputs.push_back({});
      inputs.back().given = false;
      continue;
    }
    const Tensor* t = find(name);
    if (t == nullptr)
      throw InputError(place_of(n), fmt::format("reads '{}', which nothing before it makes", name),
                       "nodes must stand in an order of execution");
    inputs.push_back(*t);
    inputs.back().name = name;
  }
  const auto function = source_.functions.find({n.domain, n.op, n.overload});
  std::vector<Tensor> results;
  const Control* control = n.domain.empty() ? control_named(n.op) : nullptr;
  if (function != source_.functions.end()) {
    results = call(n, function->second, std::move(inputs));
  } else if (control != nullptr) {
    check(control->takes, Use(n, inputs, false));
    results = (this->*control->run)(n, std::move(inputs));
  } else {
    results = plain(n, std::move(inputs));
  }
  for (std::size_t k = 0; k < n.outputs.size(); ++k) {
    if (n.outputs[k].empty()) continue;
    if (k >= results.size() || !results[k].given)
      throw InputError(place_of(n), fmt::format("has no result {} ('{}')", k, n.outputs[k]));
    results[k].name = n.outputs[k];
    const auto [at, fresh] = scopes_.back().try_emplace(n.outputs[k], std::move(results[k]));
    if (!fresh)
      throw InputError(place_of(n), fmt::format("makes '{}', which is there already", at->first),
                       "a name of its own for each result");
  }
}

std::vector<Tensor> Binder::plain(const Node& n, std::vector<Tensor> inputs) {
  const Operator* op = find_operator(n.domain, n.op);
  if (op == nullptr)
    throw InputError(
        place_of(n),
        fmt::format("operator {}{} of version {} is not known{}",
                    n.domain.empty() ? "" : n.domain + ".", n.op, n.version,
                    n.outputs.empty() ? "" : fmt::format(" (it makes '{}')", n.outputs[0])),
        fmt::format("{}replace it by others, or leave that part of the model out",
                    near_operators(n.domain, n.op)));
  if (n.domain.empty() && n.version < op->since)
    throw InputError(place_of(n),
                     fmt::format("operator {} is of version {} of its domain, the file "
                                 "imports version {}",
                                 n.op, op->since, n.version));
  const bool all_known =
      std::ranges::all_of(inputs, [](const Tensor& t) { return !t.given || t.known(); });
  // Shapes first: they say whether it is worth folding.
  Use shapes(n, inputs, false);
  check(op->takes, shapes);
  if (!(values_ && all_known)) {
    run_operator(*op, shapes);
    if (all_results_there(shapes)) return std::move(shapes.outputs());
    if (!(all_known && foldable(*op, shapes, inputs)))
      return emit(n, *op, shapes, std::move(inputs));
  }
  Use use(n, std::move(inputs), true);
  run_operator(*op, use);
  use.finish();
  return std::move(use.outputs());
}

void Binder::run_operator(const Operator& op, Use& use) {
  try {
    op.run(use);
  } catch (const InputError& e) {
    if (!e.place().empty()) throw;
    throw InputError(use.place(), e.what(), e.note());
  } catch (const std::out_of_range&) {
    throw InputError(use.place(), operands_do_not_fit);
  } catch (const std::length_error&) {
    throw InputError(use.place(), result_too_large);
  }
}

bool Binder::all_results_there(const Use& use) {
  for (std::size_t k = 0; k < use.outputs().size(); ++k)
    if (use.wants(k) && !use.outputs()[k].known() && use.outputs()[k].id < 0) return false;
  return true;
}

bool Binder::foldable(const Operator& op, const Use& use, const std::vector<Tensor>& inputs) {
  std::int64_t most = 0;
  for (const Tensor& t : use.outputs()) most = std::max(most, kernels::elements(t.type.shape));
  std::int64_t in = 0;
  for (const Tensor& t : inputs)
    if (t.given) in = std::max(in, kernels::elements(t.type.shape));
  // Weights that are only turned around or widened fold whatever their size.
  if (most > std::max(most_folded, 2 * in) || use.bounded_only()) return false;
  folded_ += most;
  if (folded_ > most_folded_in_all + 4 * static_cast<std::int64_t>(source_.parameters))
    throw InputError(use.place(), "the model's constants unfold to more than memory should hold");
  // What takes longer than a large model is read is left to the model.
  const kernels::Work work = work_of(op, use, 1, 1);
  const double operations =
      2 * static_cast<double>(work.macs.count) + static_cast<double>(work.other_flops);
  if (operations_ + operations > most_operations + 64 * source_.parameters) return false;
  operations_ += operations;
  return true;
}

int Binder::value_of(Tensor& t) {
  if (t.id < 0) {
    t.id = static_cast<int>(model_.values.size());
    model_.values.push_back(
        {.name = t.name, .type = t.type, .data = t.data, .packed = t.packed, .coded = t.coded});
  }
  return t.id;
}

std::vector<Tensor> Binder::emit(const Node& n, const Operator& op, Use& use,
                                 std::vector<Tensor> inputs) {
  BoundNode bound{.node = n, .op = &op, .inputs = {}, .outputs = {}};
  for (Tensor& t : inputs) bound.inputs.push_back(t.given ? value_of(t) : -1);
  std::vector<Tensor> results = std::move(use.outputs());
  results.resize(n.outputs.size());
  for (std::size_t k = 0; k < results.size(); ++k) {
    if (!use.wants(k)) {
      bound.outputs.push_back(-1);
      continue;
    }
    results[k].name = n.outputs[k];
    results[k].id = -1;
    bound.outputs.push_back(value_of(results[k]));
  }
  bounded_ = bounded_ || use.bounded_only();
  if (use.bounded_only())
    model_.notes.push_back(fmt::format(
        "{}: how much it gives depends on values; counted as the most it can be", use.place()));
  model_.nodes.push_back(std::move(bound));
  return results;
}

void Binder::drop_unread() {
  std::vector<bool> read(model_.values.size(), false);
  for (const int v : model_.outputs) read[static_cast<std::size_t>(v)] = true;
  std::vector<BoundNode> kept;
  for (std::size_t k = model_.nodes.size(); k-- > 0;) {
    BoundNode& n = model_.nodes[k];
    if (std::ranges::none_of(n.outputs,
                             [&](int v) { return v >= 0 && read[static_cast<std::size_t>(v)]; }))
      continue;
    for (const int v : n.inputs)
      if (v >= 0) read[static_cast<std::size_t>(v)] = true;
    kept.push_back(std::move(n));
  }
  std::ranges::reverse(kept);
  model_.nodes = std::move(kept);
}

}  // namespace ane::workloads::model
