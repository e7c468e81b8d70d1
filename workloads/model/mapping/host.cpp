// What the host runs between what is mapped: one of the model's nodes as a node of the graph, with
// its reason, its work and its reference.
#include <algorithm>
#include <mutex>

#include "isa/error.h"
#include "kernels/arithmetic.h"
#include "workloads/model/mapping.h"
#include "workloads/model/mapping/unmapped.h"

namespace ane::workloads::model {
namespace {

using kernels::Call;
using kernels::Work;

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
    const int shift = code_shift(operands[k].type.dtype);
    for (std::int64_t i = 0; i < a->size(); ++i) a->set(i, kernels::element(given, i) + shift);
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
  const int shift = code_shift(result.type.dtype);
  for (std::int64_t i = 0; i < size; ++i)
    kernels::set_element(output, i, result.data->number(i) - shift);
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

}  // namespace

const HostReason* host_reason(const workloads::Node& node) {
  return node.op->refuse == host_refuse ? &static_cast<const HostWork&>(*node.parameters).why
                                        : nullptr;
}

ValueId Mapper::natural(const Tensor& t) {
  const Layout to = natural_layout(t.type.shape);
  try {
    return value_in(t.id, to);
  } catch (const Unmapped& u) {
    // The data as they lie are those of a tensor of permuted axes; a host's Transpose turns them.
    const Place& place = places_[static_cast<std::size_t>(t.id)];
    std::vector<int> order;
    const std::vector<int> placed = place.layout.order();
    for (int d = 0; d < std::ssize(t.type.shape); ++d)
      if (std::ranges::find(placed, d) == placed.end()) order.push_back(d);
    order.insert(order.end(), placed.begin(), placed.end());
    Tensor lies = t;
    Attribute back;
    back.is = Attribute::Is::integers;
    back.integers.resize(order.size());
    for (std::size_t k = 0; k < order.size(); ++k) {
      lies.type.shape[k] = t.type.shape[static_cast<std::size_t>(order[k])];
      back.integers[static_cast<std::size_t>(order[k])] = static_cast<std::int64_t>(k);
    }
    const ValueId x =
        reshape(place.id, extents_of(lies.type.shape, natural_layout(lies.type.shape)));
    return of_the_host(lies, x, "Transpose", "perm", std::move(back), ":laid", t.type, u.why);
  }
}

ValueId Mapper::as_real(std::size_t k, const Layout& layout) {
  const Tensor& t = use_->in(k);
  if (const auto known = real_.find(t.id); known != real_.end())
    return moved(known->second, natural_layout(t.type.shape), layout, t.type.shape);
  Attribute to;
  to.is = Attribute::Is::integer;
  to.integer = info(Dtype::f32).code;
  Type real = t.type;
  real.dtype = Dtype::f32;
  const ValueId x = of_the_host(
      t, natural(t), "Cast", "to", std::move(to), ":real", real,
      {"I1",
       "whole numbers become reals on the host: the accelerator computes in fp16 and int8 "
       "codes",
       "", "an operand of reals"});
  real_[t.id] = x;
  return moved(x, natural_layout(real.shape), layout, real.shape);
}

ValueId Mapper::of_the_host(const Tensor& from, ValueId x, const char* op, const char* attribute,
                            Attribute said, const std::string& what, const Type& to,
                            HostReason why) {
  HostWork work;
  work.node.op = op;
  work.node.version = 13;
  work.node.name = node_names_[static_cast<std::size_t>(now_)];
  work.node.inputs = {from.name}, work.node.outputs = {from.name};
  work.node.attributes[attribute] = std::move(said);
  work.op = find_operator("", op);
  work.operands = {from};
  work.from = {0};
  work.why = std::move(why);
  const Bytes bytes{2 * kernels::elements(to.shape)};
  work.work = {.kind = kernels::WorkKind::copy, .read = bytes, .written = bytes};
  workloads::Node node{.op = &host_operator(*work.op),
                       .name = work.node.name,
                       .attributes = {},
                       .parameters = std::make_shared<HostWork>(work),
                       .inputs = {x},
                       .output = -1};
  node.output =
      value(from.name + what, {format_of(to.dtype), extents_of(to.shape, natural_layout(to.shape))},
            static_cast<int>(graph_.nodes.size()));
  graph_.nodes.push_back(std::move(node));
  out_.node_of.push_back(now_);
  return graph_.nodes.back().output;
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
      inputs.push_back(natural(t));
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

}  // namespace ane::workloads::model
