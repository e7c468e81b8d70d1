#include "workloads/model/mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <mutex>
#include <numeric>

#include "isa/error.h"
#include "kernels/arithmetic.h"

namespace ane::workloads::model {
namespace {

using kernels::Call;
using kernels::Work;

// ---- what the host runs

// One result of one of the model's nodes, as a node of the graph.
struct HostWork : kernels::Parameters {
  Node node;
  const Operator* op = nullptr;
  std::vector<Tensor> operands;  // of the model; known ones with their values
  std::vector<int> from;         // the graph node's input of each operand; below 0: known, or none
  std::size_t result = 0;        // of the node's results
  HostReason why;
  Work work;  // of the whole node, at two bytes an element
};

const HostWork& host_work(const Call& call) {
  return static_cast<const HostWork&>(*call.parameters);
}

kernels::TensorType host_shape(const Call& call) {
  return call.output;
}
std::optional<kernels::Refusal> host_refuse(const Call& call, const isa::Machine&) {
  const HostReason& why = host_work(call).why;
  return kernels::Refusal{why.label, why.reason};
}
Work host_count(const Call& call) {
  const HostWork& h = host_work(call);
  // All of a node's work stands at its first result.
  if (h.result != 0) return {.kind = kernels::WorkKind::copy};
  return h.work;
}

void host_reference(const Call& call, const kernels::Arithmetic&,
                    std::span<const kernels::Tensor* const> inputs, kernels::Tensor& output) {
  const HostWork& h = host_work(call);
  std::vector<Tensor> operands = h.operands;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    if (h.from[k] < 0) continue;
    const kernels::Tensor& given = *inputs[static_cast<std::size_t>(h.from[k])];
    auto a = std::make_shared<Array>(operands[k].type.dtype, operands[k].type.shape);
    for (std::int64_t i = 0; i < a->size(); ++i) a->set(i, kernels::element(given, i));
    operands[k].data = std::move(a);
  }
  Use use(h.node, std::move(operands), true);
  h.op->run(use);
  use.finish();
  Tensor& result = use.outputs().at(h.result);
  if (result.data == nullptr && result.packed != nullptr)
    result.data = std::make_shared<Array>(unpack(*result.packed));
  const std::int64_t size = output.size();
  if (result.data == nullptr || result.data->size() != size)
    throw InputError(call.name, "its result has another shape than was bound",
                     "--unit cpu --precision fp32 runs it as it comes");
  for (std::int64_t i = 0; i < size; ++i) kernels::set_element(output, i, result.data->number(i));
}

// The graph's operator for each of the model's, so that listings name it.
const kernels::Operator& host_operator(const Operator& op) {
  static std::mutex mutex;
  static std::map<const Operator*, kernels::Operator> all;
  const std::scoped_lock lock(mutex);
  const auto [at, fresh] = all.try_emplace(&op);
  if (fresh)
    at->second = {.name = op.name,
                  .summary = "of the host",
                  .min_inputs = 0,
                  .max_inputs = 1 << 20,
                  .shape = host_shape,
                  .refuse = host_refuse,
                  .work = host_count,
                  .reference = host_reference,
                  .lower = nullptr};
  return at->second;
}

// ---- layouts

std::vector<int> joined(const Layout& l) {
  std::vector<int> key;
  for (const auto& group : l.of) {
    key.insert(key.end(), group.begin(), group.end());
    key.push_back(-1);
  }
  return key;
}

constexpr const char* no_axes = "R1";

struct Unmapped {
  HostReason why;
};
[[noreturn]] void unmapped(std::string label, std::string reason, std::string rewrite = "") {
  throw Unmapped{{std::move(label), std::move(reason), "", std::move(rewrite)}};
}

}  // namespace

std::vector<int> Layout::order() const {
  std::vector<int> all;
  for (const auto& group : of) all.insert(all.end(), group.begin(), group.end());
  return all;
}

Layout natural_layout(const Shape& shape) {
  Layout l;
  const auto rank = static_cast<int>(shape.size());
  for (int d = 0; d < rank; ++d)
    if (shape[static_cast<std::size_t>(d)] != 1)
      l.of[static_cast<std::size_t>(std::max(0, 4 - rank + d))].push_back(d);
  return l;
}

Extents extents_of(const Shape& shape, const Layout& layout) {
  std::array<std::int64_t, 4> e{1, 1, 1, 1};
  for (std::size_t g = 0; g < 4; ++g)
    for (const int d : layout.of[g]) e[g] *= shape[static_cast<std::size_t>(d)];
  return {.w = e[3], .h = e[2], .c = e[1], .n = e[0]};
}

int machine_axis(std::size_t group) {
  constexpr int axes[] = {kernels::axis_n, kernels::axis_c, kernels::axis_h, kernels::axis_w};
  return axes[group];
}

const HostReason* host_reason(const workloads::Node& node) {
  return node.op->refuse == host_refuse ? &static_cast<const HostWork&>(*node.parameters).why
                                        : nullptr;
}

// ---- the mapper

Format Mapper::format_of(Dtype dtype) const {
  return is_real(dtype) || dtype == Dtype::boolean ? Format::fp16 : Format::i32;
}

ValueId Mapper::value(const std::string& name, const kernels::TensorType& type, int producer) {
  graph_.values.push_back(
      {.name = names_.fresh(name), .type = type, .producer = producer, .constant = {}});
  return static_cast<ValueId>(graph_.values.size()) - 1;
}

void Mapper::set_place(int v, Place place) {
  Place& now = places_[static_cast<std::size_t>(v)];
  journal_.emplace_back(v, now);
  now = std::move(place);
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
  const int producer = graph_.values[static_cast<std::size_t>(x)].producer;
  Attributes a;
  a.activation = function;
  a.alpha = alpha, a.beta = beta;
  if (producer >= 0 && use_ != nullptr && use_->has(0) && use_->in(0).id >= 0) {
    const auto from = static_cast<std::size_t>(use_->in(0).id);
    workloads::Node& n = graph_.nodes[static_cast<std::size_t>(producer)];
    const bool takes =
        n.op->name == "conv" || n.op->name == "linear" || n.op->name == "elementwise";
    if (takes && readers_[from] == 1 && places_[from].id == x &&
        n.attributes.activation == "none" && n.output == x &&
        out_.node_of[static_cast<std::size_t>(producer)] == makers_[from]) {
      n.attributes.activation = function;
      n.attributes.alpha = alpha, n.attributes.beta = beta;
      return x;
    }
  }
  return node("unary", {x}, std::move(a));
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
  const bool product = n.op->name == "linear" || n.op->name == "conv";
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

void Mapper::add_bias(std::vector<float> bias) {
  workloads::Node& n = graph_.nodes.back();
  auto p = std::make_shared<kernels::Parameters>(*n.parameters);
  p->has_bias = true;
  if (options_.values) p->bias = std::move(bias);
  n.parameters = std::move(p);
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

namespace {
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
  kernels::Tensor host(format == Format::i32 ? Format::i32 : Format::fp32, {e.n, e.c, e.h, e.w});
  for (std::size_t i = 0; i < numbers.size(); ++i)
    kernels::set_element(host, static_cast<std::int64_t>(i), static_cast<double>(numbers[i]));
  graph_.values[static_cast<std::size_t>(id)].constant =
      std::make_shared<const kernels::Tensor>(std::move(host));
  return id;
}

std::optional<Layout> Mapper::layout(std::size_t k) const {
  const int v = use_->in(k).id;
  if (v < 0 || places_[static_cast<std::size_t>(v)].id < 0) return std::nullopt;
  return places_[static_cast<std::size_t>(v)].layout;
}

Layout Mapper::layout_or_natural(std::size_t k) const {
  return layout(k).value_or(natural_layout(shape(k)));
}

Layout Mapper::layout_with(std::size_t k, const std::vector<int>& wanted) const {
  const Shape& s = shape(k);
  std::vector<int> axes;
  for (const int d : wanted) {
    if (d < 0 || d >= static_cast<int>(s.size()))
      throw InputError(use_->place(), "an axis that its operand lacks");
    if (s[static_cast<std::size_t>(d)] != 1) axes.push_back(d);
  }
  const auto in = [&](int d) { return std::ranges::find(axes, d) != axes.end(); };
  const auto whole = [&](const Layout& l) {
    return std::ranges::all_of(l.of, [&](const std::vector<int>& group) {
      return std::ranges::all_of(group, in) || std::ranges::none_of(group, in);
    });
  };
  const Layout now = layout_or_natural(k);
  if (whole(now)) return now;
  const Layout plain = natural_layout(s);
  if (whole(plain)) return plain;
  // What is in front of the axes is batch, what is behind stands along columns; the axes between.
  Layout l;
  const int first = *std::ranges::min_element(axes);
  for (int d = 0; d < static_cast<int>(s.size()); ++d) {
    if (s[static_cast<std::size_t>(d)] == 1) continue;
    if (in(d))
      l.of[Layout::c].push_back(d);
    else
      l.of[d < first ? Layout::n : Layout::w].push_back(d);
  }
  if (l.of[Layout::w].empty()) std::swap(l.of[Layout::w], l.of[Layout::c]);
  return l;
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

ValueId Mapper::moved(ValueId x, const Layout& from, const Layout& to, const Shape& shape) {
  const std::vector<int> a = from.order(), b = to.order();
  const Extents want = extents_of(shape, to);
  if (a == b) return reshape(x, want);
  if (graph_.type(x).format != Format::fp16)
    unmapped("I1", "whole numbers do not move on the accelerator");
  // Runs of axes that stay together, in the order of `from`.
  std::vector<std::vector<int>> runs;
  for (const int d : a) {
    const auto place = [&](int axis) { return std::ranges::find(b, axis) - b.begin(); };
    if (!runs.empty() && place(runs.back().back()) + 1 == place(d))
      runs.back().push_back(d);
    else
      runs.push_back({d});
  }
  if (runs.size() > 4)
    unmapped(
        no_axes,
        fmt::format("its axes change places in {} pieces; the accelerator's tensors have four axes",
                    runs.size()),
        "a layout in which fewer axes change places");
  const auto size = [&](const std::vector<int>& axes) {
    std::int64_t n = 1;
    for (const int d : axes) n *= shape[static_cast<std::size_t>(d)];
    return n;
  };
  // Which run each machine axis of the source holds, where each holds one or none.
  std::array<int, 4> held{-1, -1, -1, -1};
  bool fits = true;
  std::size_t at = 0;
  for (std::size_t g = 0; g < 4 && fits; ++g) {
    if (from.of[g].empty()) continue;
    fits = at < runs.size() && from.of[g] == runs[at];
    held[g] = static_cast<int>(at++);
  }
  if (!fits || at != runs.size()) {
    std::array<std::int64_t, 4> e{1, 1, 1, 1};
    held = {-1, -1, -1, -1};
    for (std::size_t r = 0; r < runs.size(); ++r) {
      const std::size_t g = 4 - runs.size() + r;
      e[g] = size(runs[r]);
      held[g] = static_cast<int>(r);
    }
    x = reshape(x, {.w = e[3], .h = e[2], .c = e[1], .n = e[0]});
  }
  // Straight to the target's axes where each takes one run; else side by side, then a reshape.
  std::vector<int> wanted;  // runs in the order of `to`
  for (std::size_t i = 0; i < b.size();) {
    const auto run = std::ranges::find_if(runs, [&](const auto& r) { return r.front() == b[i]; });
    wanted.push_back(static_cast<int>(run - runs.begin()));
    i += run->size();
  }
  std::array<int, 4> order{-1, -1, -1, -1};
  bool direct = true;
  std::size_t next = 0;
  for (std::size_t g = 0; g < 4 && direct; ++g) {
    if (to.of[g].empty()) continue;
    direct = next < wanted.size() && to.of[g] == runs[static_cast<std::size_t>(wanted[next])];
    if (direct) order[g] = static_cast<int>(std::ranges::find(held, wanted[next++]) - held.begin());
  }
  if (!direct) {
    order = {-1, -1, -1, -1};
    for (std::size_t r = 0; r < wanted.size(); ++r)
      order[4 - wanted.size() + r] =
          static_cast<int>(std::ranges::find(held, wanted[r]) - held.begin());
  }
  for (int& o : order)
    if (o < 0)
      for (int g = 0; g < 4; ++g)
        if (held[static_cast<std::size_t>(g)] < 0 && std::ranges::find(order, g) == order.end()) {
          o = g;
          break;
        }
  return reshape(transpose(x, order), want);
}

ValueId Mapper::relaid(ValueId x, const Shape& shape, const Layout& to) {
  const ValueId y = laid_ == to ? x : moved(x, laid_, to, shape);
  laid_ = to;
  return y;
}

void Mapper::result(std::size_t k, ValueId v, Layout layout) {
  const BoundNode& n = model_.nodes[static_cast<std::size_t>(now_)];
  if (k >= n.outputs.size() || n.outputs[k] < 0) return;
  const int made = n.outputs[k];
  if (extents(v) != extents_of(model_.values[static_cast<std::size_t>(made)].type.shape, layout))
    throw InputError(use_->place(), "its result has other extents on the accelerator");
  set_place(made, {v, std::move(layout)});
}

void Mapper::host(const BoundNode& n, const HostReason& why) {
  HostWork work;
  work.node = n.node;
  work.op = n.op;
  work.why = why;
  std::vector<ValueId> inputs;
  for (std::size_t k = 0; k < use_->size(); ++k) {
    Tensor t;
    t.given = use_->has(k);
    if (t.given) t = use_->in(k);
    int from = -1;
    if (t.given && !t.known()) {
      from = static_cast<int>(inputs.size());
      inputs.push_back(value_in(t.id, natural_layout(t.type.shape)));
    }
    if (!options_.values && t.known()) t.data = nullptr, t.packed = nullptr;
    work.from.push_back(from);
    work.operands.push_back(std::move(t));
  }
  work.work = n.op->cost.free ? Work{.kind = kernels::WorkKind::copy} : work_of(*n.op, *use_, 2, 2);
  // Weights are counted from the parameters, at the bytes of the unit that runs them.
  work.cout = work.work.weights.count / 2, work.cin = 1;
  for (std::size_t k = 0; k < n.outputs.size(); ++k) {
    if (n.outputs[k] < 0) continue;
    const Type& type = use_->outputs()[k].type;
    const Layout layout = natural_layout(type.shape);
    auto one = std::make_shared<HostWork>(work);
    one->result = k;
    if (k > 0) one->cout = 0;
    workloads::Node node{.op = &host_operator(*n.op),
                         .name = node_names_[static_cast<std::size_t>(now_)],
                         .attributes = {},
                         .parameters = std::move(one),
                         .inputs = inputs,
                         .output = -1};
    node.output =
        value(n.node.outputs[k] + ":host", {format_of(type.dtype), extents_of(type.shape, layout)},
              static_cast<int>(graph_.nodes.size()));
    set_place(n.outputs[k], {node.output, layout});
    graph_.nodes.push_back(std::move(node));
    out_.node_of.push_back(now_);
  }
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
    bool whole = false;
    for (std::size_t k = 0; k < use.size(); ++k)
      whole = whole || (use.has(k) && !use.known(k) && !is_real(use.dtype(k)) &&
                        use.dtype(k) != Dtype::boolean);
    for (const Tensor& t : use.outputs())
      whole = whole || (t.given && !is_real(t.type.dtype) && t.type.dtype != Dtype::boolean);
    try {
      if (n.op->map == nullptr) {
        why = n.op->why.label.empty()
                  ? HostReason{"O1", fmt::format("the accelerator has no {}", n.op->name), "", ""}
                  : HostReason{std::string(n.op->why.label), std::string(n.op->why.reason),
                               std::string(n.op->why.source), std::string(n.op->why.rewrite)};
      } else if (whole && n.op->name != "Gather") {
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
      places_[static_cast<std::size_t>(at->first)] = at->second;
    std::erase_if(moved_, [&](const auto& m) { return m.second >= static_cast<ValueId>(values); });
    host(n, *why);
  }
  use_ = nullptr;
  for (std::size_t k = 0; k < model_.outputs.size(); ++k) {
    const int v = model_.outputs[k];
    const Value& value_of = model_.values[static_cast<std::size_t>(v)];
    if (value_of.known()) continue;  // nothing computes it
    const Layout layout = natural_layout(value_of.type.shape);
    ValueId id = value_in(v, layout);
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
