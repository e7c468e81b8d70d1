#include "workloads/model/mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "kernels/arithmetic.h"
#include "workloads/model/mapping/unmapped.h"

namespace ane::workloads::model {
namespace {

// A layout as a key.
std::vector<int> joined(const Layout& l) {
  std::vector<int> key;
  for (const auto& group : l.of) {
    key.insert(key.end(), group.begin(), group.end());
    key.push_back(-1);
  }
  return key;
}

// Row-major data, broadcast to `as`, in the order of a layout of `as`.
std::vector<float> laid_out(const Array& data, const Shape& as, const Layout& layout) {
  const std::vector<std::int64_t> own = strides_as(data.type.shape, as);
  Shape shape;
  std::vector<std::int64_t> strides;
  for (const int d : layout.order()) {
    shape.push_back(as[static_cast<std::size_t>(d)]);
    strides.push_back(own[static_cast<std::size_t>(d)]);
  }
  std::vector<float> out(static_cast<std::size_t>(kernels::elements(shape)));
  walk(shape, strides, [&](std::int64_t at, std::int64_t from) {
    out[static_cast<std::size_t>(at)] = static_cast<float>(data.number(from));
  });
  return out;
}

}  // namespace

Format Mapper::format_of(Dtype dtype) const {
  if (dtype == Dtype::i8 || dtype == Dtype::u8) return Format::i8;
  return is_real(dtype) || dtype == Dtype::boolean ? Format::fp16 : Format::i32;
}

ValueId Mapper::value(const std::string& name, const kernels::TensorType& type, int producer) {
  graph_.values.push_back(
      {.name = names_.fresh(name), .type = type, .producer = producer, .constant = {}});
  return static_cast<ValueId>(graph_.values.size()) - 1;
}

void Mapper::set_place(int v, Place place) {
  journal_.emplace_back(v, places_[static_cast<std::size_t>(v)]);
  move_place(v, std::move(place));
}

void Mapper::move_place(int v, Place place) {
  Place& now = places_[static_cast<std::size_t>(v)];
  if (now.id >= 0) std::erase(placed_at_[static_cast<std::size_t>(now.id)], v);
  now = std::move(place);
  if (now.id < 0) return;
  const auto at = static_cast<std::size_t>(now.id);
  if (at >= placed_at_.size()) placed_at_.resize(at + 1);
  placed_at_[at].push_back(v);
}

ValueId Mapper::node(const std::string& op, std::vector<ValueId> inputs, Attributes attributes,
                     std::shared_ptr<const kernels::Parameters> parameters) {
  workloads::Node n{.op = &kernels::operator_named(op),
                    .name = node_names_[static_cast<std::size_t>(now_)],
                    .attributes = std::move(attributes),
                    .parameters = std::move(parameters),
                    .inputs = std::move(inputs),
                    .output = -1};
  const kernels::TensorType type = n.op->shape(graph_.call(n));
  n.output = value(n.name + ":" + op, type, static_cast<int>(graph_.nodes.size()));
  graph_.nodes.push_back(std::move(n));
  out_.node_of.push_back(now_);
  return graph_.nodes.back().output;
}

ValueId Mapper::unary(const std::string& function, ValueId x, double alpha, double beta) {
  // The function of what one node alone makes is that node's own.
  Attributes a;
  a.activation = function;
  a.alpha = alpha, a.beta = beta;
  if (use_->has(0) && use_->in(0).id >= 0 &&
      places_[static_cast<std::size_t>(use_->in(0).id)].id == x)
    if (workloads::Node* n = own_maker(x)) {
      constexpr std::string_view makers[] = {"conv", "linear", "elementwise", "matmul", "reduce"};
      const bool takes =
          std::ranges::find(makers, n->op->name) != std::end(makers) && n->attributes.scale == 0;
      if (takes && n->attributes.activation == "none") {
        n->attributes.activation = function;
        n->attributes.alpha = alpha, n->attributes.beta = beta;
        return x;
      }
      if (takes && n->attributes.activation == "sqrt" && function == "reciprocal") {
        n->attributes.activation = "rsqrt";
        return x;
      }
    }
  return node("unary", {x}, std::move(a));
}

bool Mapper::read_by_this_alone(ValueId x) const {
  const auto at = static_cast<std::size_t>(x);
  // Of all that lies there, reads by what made another of them are over: a view of it, or a
  // function that it took over. One read is left, this node's.
  int left = 0;
  if (at < placed_at_.size()) {
    const auto lies_there = [&](int v) {
      return v >= 0 && places_[static_cast<std::size_t>(v)].id == x;
    };
    std::vector<int> counted;
    for (const int v : placed_at_[at]) {
      left += readers_[static_cast<std::size_t>(v)];
      const int maker = makers_[static_cast<std::size_t>(v)];
      if (maker < 0 || std::ranges::find(counted, maker) != counted.end()) continue;
      counted.push_back(maker);
      const auto& inputs = model_.nodes[static_cast<std::size_t>(maker)].inputs;
      left -= static_cast<int>(std::ranges::count_if(inputs, lies_there));
    }
    if (left != 1) return false;
  }
  const int producer = graph_.values[at].producer;
  return std::none_of(
      graph_.nodes.begin() + std::max(0, producer + 1), graph_.nodes.end(),
      [&](const workloads::Node& n) { return std::ranges::find(n.inputs, x) != n.inputs.end(); });
}

workloads::Node* Mapper::own_maker(ValueId x) {
  const int producer = graph_.values[static_cast<std::size_t>(x)].producer;
  return producer >= 0 && read_by_this_alone(x) ? &graph_.nodes[static_cast<std::size_t>(producer)]
                                                : nullptr;
}

workloads::Node* Mapper::own_arithmetic(std::size_t k) {
  const int v = use_->in(k).id;
  const ValueId x = v < 0 ? -1 : places_[static_cast<std::size_t>(v)].id;
  workloads::Node* n = x < 0 ? nullptr : own_maker(x);
  return n != nullptr && (n->op->name == "elementwise" || n->op->name == "reduce") &&
                 n->attributes.activation == "none" && n->attributes.scale == 0
             ? n
             : nullptr;
}

// 0 is none in an attribute, and what has no finite binary16 is no constant of the machine.
static bool is_constant(double value) {
  return std::fabs(value) >= 6e-8 && std::fabs(value) <= 65504;
}

bool Mapper::takes_factor(std::size_t k, double factor) {
  workloads::Node* n = own_arithmetic(k);
  if (n == nullptr || n->attributes.mul != 0 || n->attributes.add != 0 || !is_constant(factor))
    return false;
  n->attributes.mul = factor;
  return true;
}

bool Mapper::takes_term(std::size_t k, double term) {
  workloads::Node* n = own_arithmetic(k);
  if (n == nullptr || n->attributes.add != 0 || !is_constant(term)) return false;
  n->attributes.add = term;
  return true;
}

std::optional<ValueId> Mapper::root_of(ValueId x) const {
  const int producer = graph_.values[static_cast<std::size_t>(x)].producer;
  if (producer < 0 || !read_by_this_alone(x)) return std::nullopt;
  const workloads::Node& n = graph_.nodes[static_cast<std::size_t>(producer)];
  const Attributes& a = n.attributes;
  if (a.mul != 0 || a.add != 0 || a.scale != 0) return std::nullopt;
  const bool square = n.op->name == "unary" && a.activation == "square";
  const bool product = n.op->name == "elementwise" && a.operation == "mul" &&
                       a.activation == "none" && n.inputs[0] == n.inputs[1];
  return square || product ? std::optional(n.inputs[0]) : std::nullopt;
}

ValueId Mapper::quantised(std::size_t k, double scale, int zero) {
  const ValueId x = placed(k);
  if (workloads::Node* n = own_maker(x);
      n != nullptr && n->attributes.scale == 0 &&
      (n->op->name == "conv" || n->op->name == "linear" || n->op->name == "elementwise")) {
    n->attributes.scale = scale, n->attributes.zero = zero;
    graph_.values[static_cast<std::size_t>(x)].type = n->op->shape(graph_.call(*n));
    return x;
  }
  Attributes a;
  a.scale = scale, a.zero = zero;
  return node("quantise", {x}, std::move(a));
}

ValueId Mapper::dequantised(ValueId codes, double scale, int zero) {
  Attributes a;
  a.scale = scale, a.zero = zero;
  return node("dequantise", {codes}, std::move(a));
}

bool Mapper::only_reader(std::size_t k) const {
  const int v = use_->in(k).id;
  return v >= 0 && readers_[static_cast<std::size_t>(v)] == 1;
}

workloads::Node* Mapper::own_product(std::size_t k) {
  const int v = use_->in(k).id;
  if (v < 0 || !only_reader(k)) return nullptr;
  const ValueId id = places_[static_cast<std::size_t>(v)].id;
  const int producer = id < 0 ? -1 : graph_.values[static_cast<std::size_t>(id)].producer;
  if (producer < 0 ||
      out_.node_of[static_cast<std::size_t>(producer)] != makers_[static_cast<std::size_t>(v)])
    return nullptr;
  workloads::Node& n = graph_.nodes[static_cast<std::size_t>(producer)];
  const bool product = (n.op->name == "linear" || n.op->name == "conv") &&
                       !isa::is_integer(n.parameters->format) && n.attributes.scale == 0;
  return product && n.attributes.activation == "none" ? &n : nullptr;
}

std::optional<ValueId> Mapper::with_bias(std::size_t k, std::vector<float> bias) {
  workloads::Node* n = own_product(k);
  if (n == nullptr || n->parameters->has_bias || !n->parameters->bias.empty() ||
      static_cast<std::int64_t>(bias.size()) != n->parameters->cout)
    return std::nullopt;
  auto p = std::make_shared<kernels::Parameters>(*n->parameters);
  p->has_bias = true;
  if (options_.values) p->bias = std::move(bias);
  n->parameters = std::move(p);
  return n->output;
}

// Whether what is given a channel (axis 1) is given a channel of the product that makes operand k:
// a product's channels may be another axis of the model.
bool Mapper::along_channels(std::size_t k) const {
  const auto where = layout(k);
  return where && (shape(k).at(1) == 1 || where->of[Layout::c] == std::vector<int>{1});
}

bool Mapper::scaled_product(std::size_t k, const std::vector<float>& factor,
                            const std::vector<float>& term) {
  workloads::Node* n = own_product(k);
  if (n == nullptr || static_cast<std::int64_t>(factor.size()) != n->parameters->cout ||
      !along_channels(k))
    return false;
  auto p = std::make_shared<kernels::Parameters>(*n->parameters);
  p->has_bias = true;
  if (options_.values) {
    const std::size_t run = p->weights.size() / factor.size();
    for (std::size_t i = 0; i < p->weights.size(); ++i) p->weights[i] *= factor[i / run];
    p->bias.resize(factor.size(), 0);
    for (std::size_t c = 0; c < factor.size(); ++c) p->bias[c] = p->bias[c] * factor[c] + term[c];
  }
  n->parameters = std::move(p);
  return true;
}

ValueId Mapper::elementwise(const std::string& operation, ValueId a, ValueId b) {
  Attributes t;
  t.operation = operation;
  return node("elementwise", {a, b}, std::move(t));
}

ValueId Mapper::reshape(ValueId x, const Extents& e) {
  if (extents(x) == e) return x;
  Attributes a;
  a.extents = e;
  return node("reshape", {x}, std::move(a));
}

ValueId Mapper::transpose(ValueId x, const std::array<int, 4>& order) {
  if (order == std::array{0, 1, 2, 3}) return x;
  Attributes a;
  a.permutation = order;
  return node("transpose", {x}, std::move(a));
}

ValueId Mapper::slice(ValueId x, std::size_t group, std::int64_t begin, std::int64_t count) {
  Attributes a;
  a.extents = extents(x);
  const auto set = [&](Extents& e, std::int64_t v) {
    (group == 0 ? e.n : group == 1 ? e.c : group == 2 ? e.h : e.w) = v;
  };
  set(a.begin, begin);
  set(a.extents, count);
  if (a.extents == extents(x)) return x;
  return node("slice", {x}, std::move(a));
}

ValueId Mapper::concat(std::vector<ValueId> parts, std::size_t group) {
  Attributes a;
  a.axis = machine_axis(group);
  return node("concat", std::move(parts), std::move(a));
}

std::shared_ptr<kernels::Parameters> Mapper::parameters(std::int64_t cout, std::int64_t cin, int kh,
                                                        int kw, bool bias) const {
  auto p = std::make_shared<kernels::Parameters>();
  p->cout = cout, p->cin = cin, p->kh = kh, p->kw = kw;
  p->format = options_.weights;
  p->has_bias = bias;
  return p;
}

ValueId Mapper::constant(const std::string& what, const Extents& e, std::vector<float> numbers) {
  const ValueId v =
      value(node_names_[static_cast<std::size_t>(now_)] + ":" + what, {Format::fp16, e}, -1);
  if (options_.values) {
    kernels::Tensor t(Format::fp32, {e.n, e.c, e.h, e.w});
    ANE_CHECK(static_cast<std::int64_t>(numbers.size()) == t.size(), "a value for each element");
    std::ranges::copy(numbers, t.as<float>().begin());
    graph_.values[static_cast<std::size_t>(v)].constant =
        std::make_shared<const kernels::Tensor>(std::move(t));
  }
  return v;
}

ValueId Mapper::scalar(float number) {
  return constant("scalar", {.w = 1, .h = 1, .c = 1, .n = 1}, {number});
}

ValueId Mapper::constant(std::size_t k, const Shape& as, const Layout& layout) {
  const Tensor& t = use_->in(k);
  std::vector<float> numbers;
  if (options_.values) numbers = laid_out(*values_of(t), as, layout);
  return constant(t.name, extents_of(as, layout), std::move(numbers));
}

ValueId Mapper::known(const Value& v, const Layout& layout) {
  const Format format = format_of(v.type.dtype);
  const Extents e = extents_of(v.type.shape, layout);
  const ValueId id = value(v.name + ":constant", {format, e}, -1);
  if (!options_.values) return id;
  Tensor t;
  t.data = v.data, t.packed = v.packed;
  const std::vector<float> numbers = laid_out(*values_of(t), v.type.shape, layout);
  kernels::Tensor host(format == Format::fp16 ? Format::fp32 : format, {e.n, e.c, e.h, e.w});
  const int shift = code_shift(v.type.dtype);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    kernels::set_element(host, static_cast<std::int64_t>(i),
                         static_cast<double>(numbers[i]) - shift);
  graph_.values[static_cast<std::size_t>(id)].constant =
      std::make_shared<const kernels::Tensor>(std::move(host));
  return id;
}

ValueId Mapper::placed(std::size_t k) {
  return operand(k, layout_or_natural(k));
}

ValueId Mapper::operand(std::size_t k, const Layout& layout) {
  const Tensor& t = use_->in(k);
  laid_ = layout;
  if (t.id >= 0) return value_in(t.id, layout);
  unmapped("V1", "an operand that is nowhere");
}

ValueId Mapper::operand_of(const BoundNode& n, std::size_t of, const Layout& layout) {
  return value_in(n.inputs.at(of), layout);
}

const BoundNode* Mapper::maker(std::size_t k) const {
  const int v = use_->in(k).id;
  const int m = v < 0 ? -1 : makers_[static_cast<std::size_t>(v)];
  return m < 0 ? nullptr : &model_.nodes[static_cast<std::size_t>(m)];
}

ValueId Mapper::value_in(int v, const Layout& layout) {
  const Value& value_of = model_.values[static_cast<std::size_t>(v)];
  const Place& place = places_[static_cast<std::size_t>(v)];
  const std::vector<int> key = joined(layout);
  if (place.id < 0) {
    const auto input = std::ranges::find(model_.inputs, v);
    if (input != model_.inputs.end()) {
      // The host hands it over as its first reader wants it.
      const ValueId id =
          value(value_of.name,
                {format_of(value_of.type.dtype), extents_of(value_of.type.shape, layout)}, -1);
      graph_.inputs.push_back(id);
      set_place(v, {id, layout});
      return id;
    }
    if (!value_of.known()) throw InputError(value_of.name, "is read before it is made");
    if (const auto at = moved_.find({v, key}); at != moved_.end()) return at->second;
    const ValueId id = known(value_of, layout);
    moved_[{v, key}] = id;
    return id;
  }
  if (place.layout == layout) return place.id;
  if (const auto at = moved_.find({v, key}); at != moved_.end()) return at->second;
  const ValueId id = moved(place.id, place.layout, layout, value_of.type.shape);
  moved_[{v, key}] = id;
  return id;
}

void Mapper::result(std::size_t k, ValueId v, Layout layout) {
  const BoundNode& n = model_.nodes[static_cast<std::size_t>(now_)];
  if (k >= n.outputs.size() || n.outputs[k] < 0) return;
  const int made = n.outputs[k];
  if (extents(v) != extents_of(model_.values[static_cast<std::size_t>(made)].type.shape, layout))
    throw InputError(use_->place(), "its result has other extents on the accelerator");
  set_place(made, {v, std::move(layout)});
}

bool Mapper::all_placed(const BoundNode& n) const {
  return std::ranges::all_of(
      n.outputs, [&](int v) { return v < 0 || places_[static_cast<std::size_t>(v)].id >= 0; });
}

Mapped Mapper::run() {
  graph_.name = model_.name;
  node_names_ = names_of_nodes(model_);
  places_.resize(model_.values.size());
  makers_.assign(model_.values.size(), -1);
  readers_.assign(model_.values.size(), 0);
  for (const BoundNode& n : model_.nodes)
    for (const int v : n.inputs)
      if (v >= 0) ++readers_[static_cast<std::size_t>(v)];
  for (const int v : model_.outputs) readers_[static_cast<std::size_t>(v)] += 2;
  for (std::size_t i = 0; i < model_.nodes.size(); ++i)
    for (const int v : model_.nodes[i].outputs)
      if (v >= 0) makers_[static_cast<std::size_t>(v)] = static_cast<int>(i);
  for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
    const BoundNode& n = model_.nodes[i];
    now_ = static_cast<int>(i);
    const auto kept = std::make_unique<const Use>(model_.use(n));
    const Use& use = *kept;
    use_ = kept.get();
    const std::size_t values = graph_.values.size(), nodes = graph_.nodes.size(),
                      ins = graph_.inputs.size();
    journal_.clear();
    const std::size_t named = names_.mark();
    std::optional<HostReason> why;
    bool whole = false;  // numbers that the operator's `map` does not take
    const auto meet = [&](Dtype t) {
      const bool of_8_bits = t == Dtype::i8 || t == Dtype::u8;
      whole = whole ||
              (!is_real(t) && t != Dtype::boolean && n.op->mapped_wholes != WholeNumbers::all &&
               !(of_8_bits && n.op->mapped_wholes == WholeNumbers::of_8_bits));
    };
    for (std::size_t k = 0; k < use.size(); ++k)
      if (use.has(k) && !use.known(k)) meet(use.dtype(k));
    for (const Tensor& t : use.outputs())
      if (t.given) meet(t.type.dtype);
    try {
      if (n.op->map == nullptr) {
        why = n.op->why.label.empty()
                  ? HostReason{"O1", fmt::format("the accelerator has no {}", n.op->name), "", ""}
                  : HostReason{std::string(n.op->why.label), std::string(n.op->why.reason),
                               std::string(n.op->why.source), std::string(n.op->why.rewrite)};
      } else if (whole) {
        why = HostReason{"I1",
                         "whole numbers are computed by the host: the accelerator computes in fp16 "
                         "and int8 codes",
                         "", "float operands, or indices that are constants"};
      } else if (const auto w = n.op->map(use, *this)) {
        why = HostReason{std::string(w->label), std::string(w->reason), std::string(w->source),
                         std::string(w->rewrite)};
      } else if (!all_placed(n)) {
        why = HostReason{"S2", "tensors without elements", "", ""};
      }
    } catch (const Unmapped& u) {
      why = u.why;
    } catch (const InputError& e) {
      why = HostReason{"O2", e.what(), "", ""};
    } catch (const std::out_of_range&) {
      why = HostReason{"O2", operands_do_not_fit, "", ""};
    } catch (const std::length_error&) {
      why = HostReason{"O2", result_too_large, "", ""};
    }
    if (!why) continue;
    // As it was before the attempt.
    graph_.values.resize(values);
    graph_.nodes.resize(nodes);
    graph_.inputs.resize(ins);
    out_.node_of.resize(nodes);
    names_.forget(named);
    for (auto at = journal_.rbegin(); at != journal_.rend(); ++at)
      move_place(at->first, at->second);
    const auto undone = [&](const auto& m) { return m.second >= static_cast<ValueId>(values); };
    std::erase_if(moved_, undone);
    std::erase_if(real_, undone);
    host(n, *why);
  }
  use_ = nullptr;
  for (std::size_t k = 0; k < model_.outputs.size(); ++k) {
    const int v = model_.outputs[k];
    const Value& value_of = model_.values[static_cast<std::size_t>(v)];
    if (value_of.known()) continue;  // nothing computes it
    Layout layout = natural_layout(value_of.type.shape);
    ValueId id = -1;
    try {
      id = value_in(v, layout);
    } catch (const Unmapped&) {  // the host takes it as it lies
      const Place& place = places_[static_cast<std::size_t>(v)];
      id = place.id, layout = place.layout;
    }
    graph_.outputs.push_back(id);
    out_.outputs.push_back({graph_.values[static_cast<std::size_t>(id)].name,
                            model_.output_names[k], value_of.type, layout});
  }
  std::ranges::sort(graph_.outputs);
  graph_.outputs.erase(std::unique(graph_.outputs.begin(), graph_.outputs.end()),
                       graph_.outputs.end());
  for (std::size_t k = 0; k < model_.inputs.size(); ++k) {
    const auto v = static_cast<std::size_t>(model_.inputs[k]);
    if (const ValueId id = places_[v].id; id >= 0)
      out_.inputs.push_back({graph_.values[static_cast<std::size_t>(id)].name,
                             model_.input_names[k], model_.values[v].type, places_[v].layout});
  }
  drop_unread();
  if (graph_.nodes.empty())
    throw InputError(model_.name, "computes nothing: all its outputs are constants or inputs");
  std::erase_if(out_.inputs, [&](const Port& p) {
    return std::ranges::none_of(graph_.inputs, [&](ValueId id) {
      return graph_.values[static_cast<std::size_t>(id)].name == p.name;
    });
  });
  out_.graph = std::move(graph_);
  return std::move(out_);
}

// Nodes that a later one has taken over, and values that nothing reads.
void Mapper::drop_unread() {
  std::vector<bool> read(graph_.values.size(), false);
  for (const ValueId v : graph_.outputs) read[static_cast<std::size_t>(v)] = true;
  std::vector<bool> keep(graph_.nodes.size(), false);
  for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
    if (!read[static_cast<std::size_t>(graph_.nodes[i].output)]) continue;
    keep[i] = true;
    for (const ValueId v : graph_.nodes[i].inputs) read[static_cast<std::size_t>(v)] = true;
  }
  std::vector<ValueId> renamed(graph_.values.size(), -1);
  workloads::Graph g;
  g.name = graph_.name;
  for (std::size_t v = 0; v < graph_.values.size(); ++v)
    if (read[v]) {
      renamed[v] = static_cast<ValueId>(g.values.size());
      g.values.push_back(std::move(graph_.values[v]));
      g.values.back().producer = -1;
    }
  const auto rename = [&](ValueId v) { return renamed[static_cast<std::size_t>(v)]; };
  std::vector<int> node_of;
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    if (!keep[i]) continue;
    workloads::Node n = std::move(graph_.nodes[i]);
    for (ValueId& v : n.inputs) v = rename(v);
    n.output = rename(n.output);
    g.values[static_cast<std::size_t>(n.output)].producer = static_cast<int>(g.nodes.size());
    g.nodes.push_back(std::move(n));
    node_of.push_back(out_.node_of[i]);
  }
  for (const ValueId v : graph_.inputs)
    if (read[static_cast<std::size_t>(v)]) g.inputs.push_back(rename(v));
  for (const ValueId v : graph_.outputs) g.outputs.push_back(rename(v));
  graph_ = std::move(g);
  out_.node_of = std::move(node_of);
}

Mapped map_model(const Model& model, const MapOptions& options) {
  return Mapper(model, options).run();
}

}  // namespace ane::workloads::model
