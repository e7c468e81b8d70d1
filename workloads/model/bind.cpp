#include "workloads/model/bind.h"

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

using Scope = std::map<std::string, Tensor>;

class Binder {
 public:
  Binder(const Source& source, const Binding& binding, bool values)
      : source_(source), binding_(binding), values_(values) {}

  std::vector<Tensor> run() {
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

  Model model(std::vector<Tensor> results) {
    for (Tensor& t : results) model_.outputs.push_back(value_of(t));
    drop_unread();
    return std::move(model_);
  }

 private:
  // ---- inputs

  void refuse_strangers(const Graph& g) const {
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

  Tensor input(const Declared& d) {
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
    model_.values.push_back({.name = d.name, .type = t.type, .data = {}, .packed = {}});
    model_.inputs.push_back(t.id);
    model_.input_names.push_back(d.name);
    return t;
  }

  static std::string declared_text(const Declared& d) {
    std::vector<std::string> dims;
    for (const Dimension& x : d.dims)
      dims.push_back(x.extent >= 0 ? std::to_string(x.extent) : x.symbol.empty() ? "?" : x.symbol);
    return fmt::format("{} [{}]", info(d.dtype).name, fmt::join(dims, ", "));
  }
  static std::string example(const Declared& d) {
    std::vector<std::string> dims;
    for (const Dimension& x : d.dims) dims.push_back(std::to_string(x.extent >= 0 ? x.extent : 1));
    return fmt::format("{}", fmt::join(dims, "x"));
  }

  static void check_input(const Declared& d, const Type& t) {
    bool fits = t.dtype == d.dtype && (!d.shaped || d.dims.size() == t.shape.size());
    for (std::size_t k = 0; fits && d.shaped && k < d.dims.size(); ++k)
      fits = d.dims[k].extent < 0 || d.dims[k].extent == t.shape[k];
    if (!fits)
      throw InputError(d.name, fmt::format("is {}, not {}", to_string(t), declared_text(d)));
  }

  // An output that the file declares otherwise. Its extents may be those of the inputs that it was
  // written with, where these are open.
  void check_output(const Graph& g, const Declared& d, const Tensor& t) {
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

  // ---- graphs

  const Tensor* find(const std::string& name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (const auto at = scope->find(name); at != scope->end()) return &at->second;
    }
    return nullptr;
  }

  // Runs a graph in the innermost scope; its outputs.
  std::vector<Tensor> body(const Graph& g, bool outer) {
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

  static void readers(const Graph& g, std::map<std::string, std::size_t>& last) {
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

  void count_step(const Node& n) {
    if (++steps_ > most_nodes)
      throw InputError(place_of(n),
                       fmt::format("the model unrolls to more than {} nodes", most_nodes));
  }

  static std::string place_of(const Node& n) {
    return fmt::format("{}{}", n.op, n.name.empty() ? "" : " " + n.name);
  }

  void node(const Node& n) {
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
        throw InputError(place_of(n),
                         fmt::format("reads '{}', which nothing before it makes", name),
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

  // ---- operators

  std::vector<Tensor> plain(const Node& n, std::vector<Tensor> inputs) {
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

  // Whatever does not fit is the file's fault, and told at the node.
  static void run_operator(const Operator& op, Use& use) {
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

  // Known, or another name of an operand.
  static bool all_results_there(const Use& use) {
    for (std::size_t k = 0; k < use.outputs().size(); ++k)
      if (use.wants(k) && !use.outputs()[k].known() && use.outputs()[k].id < 0) return false;
    return true;
  }

  bool foldable(const Operator& op, const Use& use, const std::vector<Tensor>& inputs) {
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

  int value_of(Tensor& t) {
    if (t.id < 0) {
      t.id = static_cast<int>(model_.values.size());
      model_.values.push_back({.name = t.name, .type = t.type, .data = t.data, .packed = t.packed});
    }
    return t.id;
  }

  std::vector<Tensor> emit(const Node& n, const Operator& op, Use& use,
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

  // ---- functions, branches, loops

  static void bind_references(Node& n, const std::map<std::string, Attribute>& given) {
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

  std::vector<Tensor> call(const Node& n, const Function& f, std::vector<Tensor> inputs) {
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

  // What runs graphs of its own.
  struct Control {
    std::string_view name;
    Takes takes;
    std::vector<Tensor> (Binder::*run)(const Node& n, std::vector<Tensor> inputs);
  };
  static const Control* control_named(const std::string& op) {
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

  const Graph& graph_of(const Node& n, const std::string& attribute) const {
    const auto at = n.attributes.find(attribute);
    if (at == n.attributes.end() || at->second.graph == nullptr)
      throw InputError(place_of(n), fmt::format("has no graph '{}'", attribute));
    return *at->second.graph;
  }

  std::vector<Tensor> inside(const Graph& g, std::vector<Tensor> inputs, const Node& n) {
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

  // A truth value that must be known.
  bool decided(const Node& n, Tensor t, const char* what) const {
    if (!t.known())
      throw InputError(place_of(n),
                       fmt::format("{} depends on the values of an input ('{}')", what, t.name),
                       "give that input: --input NAME=VALUE");
    Use use(n, {std::move(t)}, false);
    return use.scalar(0) != 0;
  }

  std::vector<Tensor> branch(const Node& n, std::vector<Tensor> inputs) {
    const bool condition = decided(n, std::move(inputs[0]), "which branch is taken");
    return inside(graph_of(n, condition ? "then_branch" : "else_branch"), {}, n);
  }

  // What the iterations gave, along a new axis.
  Tensor stacked(const Node& n, std::vector<Tensor> parts, std::int64_t axis,
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

  std::vector<Tensor> loop(const Node& n, std::vector<Tensor> inputs) {
    const Graph& g = graph_of(n, "body");
    if (inputs.size() < 2 || g.inputs.size() != inputs.size() ||
        g.outputs.size() + 1 < inputs.size())
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

  // Element `k` of a sequence along an axis, without that axis.
  Tensor element(const Node& n, const Tensor& t, std::int64_t k, std::size_t axis) {
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

  std::vector<Tensor> scan(const Node& n, std::vector<Tensor> inputs) {
    const Graph& g = graph_of(n, "body");
    const Use about(n, {}, false);
    const auto scans = static_cast<std::size_t>(
        std::clamp<std::int64_t>(about.integer("num_scan_inputs", 0), 0, 1 << 20));
    if (n.version < 9) return batched_scan(n, g, scans, std::move(inputs));
    return scan_of(n, g, scans, std::move(inputs));
  }

  std::vector<Tensor> scan_of(const Node& n, const Graph& g, std::size_t scans,
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
    std::vector<Tensor> carried(inputs.begin(),
                                inputs.begin() + static_cast<std::ptrdiff_t>(states));
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

  // Version 8: an operand of lengths in front, and a batch around everything.
  std::vector<Tensor> batched_scan(const Node& n, const Graph& g, std::size_t scans,
                                   std::vector<Tensor> inputs) {
    if (inputs.size() < 2 || inputs[0].given)
      throw InputError(place_of(n), "lengths of sequences are not read",
                       "version 9 of the operator");
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

  // ---- what nothing reads

  void drop_unread() {
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

  const Source& source_;
  const Binding& binding_;
  bool values_;
  Model model_;
  std::vector<Scope> scopes_;
  std::size_t steps_ = 0;
  std::int64_t folded_ = 0;
  double operations_ = 0;  // of what was folded
  int depth_ = 0;
  bool bounded_ = false;  // a shape is the most that it can be
};

}  // namespace

Use Model::use(const BoundNode& n) const {
  std::vector<Tensor> operands;
  for (const int v : n.inputs) {
    Tensor t;
    t.given = v >= 0;
    if (t.given) {
      const Value& value = values[static_cast<std::size_t>(v)];
      t.type = value.type, t.data = value.data, t.packed = value.packed, t.name = value.name;
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
