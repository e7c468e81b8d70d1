#include "workloads/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "kernels/arith/round.h"
#include "kernels/lowering.h"
#include "kernels/ops/ops.h"

namespace ane::workloads {
namespace {

using kernels::Lowering;
using kernels::Sections;
using kernels::View;
using kernels::Where;

constexpr std::int64_t alignment = 64;
// What a task with operands in memory needs of L2 to be cut into pieces of a useful size.
constexpr std::int64_t passage = 384 * 1024;

std::int64_t round_up(std::int64_t x) {
  return (x + alignment - 1) / alignment * alignment;
}

struct Life {
  int begin = 0, end = 0;  // first and last node that touches the value
};

std::vector<Life> lives(const Graph& g) {
  const int last = static_cast<int>(g.nodes.size());
  std::vector<Life> life(g.values.size());
  for (std::size_t v = 0; v < life.size(); ++v)
    life[v] = {.begin = std::max(0, g.values[v].producer),
               .end = std::max(0, g.values[v].producer)};
  for (int i = 0; i < last; ++i)
    for (const ValueId v : g.nodes[static_cast<std::size_t>(i)].inputs)
      life[static_cast<std::size_t>(v)].end = i;
  for (const ValueId v : g.inputs) life[static_cast<std::size_t>(v)].begin = 0;
  for (const ValueId v : g.outputs) life[static_cast<std::size_t>(v)].end = last;
  return life;
}

// First fit of intervals that live at the same time.
class Arena {
 public:
  struct Block {
    std::int64_t begin, end;
    Life life;
  };
  // The lowest offset free over the whole life, or nothing when it would end beyond `limit`.
  std::optional<std::int64_t> place(std::int64_t bytes, const Life& life,
                                    std::int64_t limit = INT64_MAX) {
    std::vector<const Block*> alive;
    for (const Block& b : blocks_)
      if (b.life.begin <= life.end && life.begin <= b.life.end) alive.push_back(&b);
    std::ranges::sort(alive, {}, &Block::begin);
    std::int64_t at = 0;
    for (const Block* b : alive) {
      if (at + bytes <= b->begin) break;
      at = std::max(at, round_up(b->end));
    }
    if (at > limit - bytes) return std::nullopt;
    blocks_.push_back({at, at + bytes, life});
    return at;
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> alive_at(int node) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> list;
    for (const Block& b : blocks_)
      if (b.life.begin <= node && node <= b.life.end) list.emplace_back(b.begin, b.end);
    return list;
  }

 private:
  std::vector<Block> blocks_;
};

// Chooses the intermediates that stay in L2: in order of production, as long as at every node of
// their life the residents leave room for the operands that pass through.
class Residency {
 public:
  Residency(const Graph& g, const std::vector<Life>& life, std::int64_t l2)
      : g_(g), life_(life), l2_(l2), held_(g.nodes.size(), 0), resident_(g.values.size(), false) {}

  bool offer(ValueId v) {
    const auto index = static_cast<std::size_t>(v);
    const std::int64_t bytes = round_up(g_.type(v).bytes());
    const Life& life = life_[index];
    resident_[index] = true;
    bool fits = true;
    for (int i = life.begin; fits && i <= life.end && i < static_cast<int>(g_.nodes.size()); ++i)
      fits = held_[static_cast<std::size_t>(i)] + bytes + passing(i) <= l2_;
    resident_[index] = fits;
    if (fits)
      for (int i = life.begin; i <= life.end && i < static_cast<int>(g_.nodes.size()); ++i)
        held_[static_cast<std::size_t>(i)] += bytes;
    return fits;
  }

  // A value that shares another's storage takes no room of its own.
  void share(ValueId v) { resident_[static_cast<std::size_t>(v)] = true; }

  void withdraw(ValueId v) {
    const auto index = static_cast<std::size_t>(v);
    resident_[index] = false;
    const Life& life = life_[index];
    for (int i = life.begin; i <= life.end && i < static_cast<int>(g_.nodes.size()); ++i)
      held_[static_cast<std::size_t>(i)] -= round_up(g_.type(v).bytes());
  }

 private:
  // L2 that operands of this node in memory (as far as decided) need to pass through.
  std::int64_t passing(int node) const {
    const Node& n = g_.nodes[static_cast<std::size_t>(node)];
    std::int64_t bytes = 0;
    const auto count = [&](ValueId v) {
      if (!resident_[static_cast<std::size_t>(v)]) bytes += round_up(g_.type(v).bytes());
    };
    for (const ValueId v : n.inputs) count(v);
    count(n.output);
    if (n.op->temporaries) bytes += 4 * round_up(g_.type(n.output).bytes());
    return std::min(bytes, passage);
  }

  const Graph& g_;
  const std::vector<Life>& life_;
  std::int64_t l2_;
  std::vector<std::int64_t> held_;
  std::vector<bool> resident_;
};

// A node that moves no data: its result is its input's storage seen with other extents. Slices, and
// reshapes that keep the rows whole: of equal width, or of rows without padding. In a storage with
// gaps (`sliced`) only channels and batch items regroup, and only of one batch item.
bool is_view(const Graph& g, const Node& n, bool sliced, const isa::Machine& machine) {
  if (n.op == &kernels::slice_operator) return true;
  if (n.op != &kernels::reshape_operator) return false;
  const TensorType &from = g.type(n.inputs[0]), &to = g.type(n.output);
  if (sliced) return from.e.w == to.e.w && from.e.h == to.e.h && from.e.n == 1;
  const auto whole = [&](const TensorType& t) {
    return t.e.w * isa::byte_size(t.format) % machine.row_alignment == 0;
  };
  return from.e.w == to.e.w || (whole(from) && whole(to));
}

View seen_as(const Graph& g, const Node& n, View v) {
  if (n.op == &kernels::slice_operator) {
    const Attributes& a = n.attributes;
    for (const kernels::Axis axis :
         {kernels::axis_n, kernels::axis_c, kernels::axis_h, kernels::axis_w})
      v = v.slice(axis, kernels::extent(a.begin, axis), kernels::extent(a.extents, axis));
    return v;
  }
  const Extents from = v.e;
  v.e = g.type(n.output).e;
  if (v.e.w != from.w) v.sh = v.e.w * isa::byte_size(v.format);
  if (v.e.w != from.w || v.e.h != from.h) v.sc = v.e.h * v.sh;
  v.sn = v.e.c * v.sc;
  return v;
}

// By value: the value whose storage it shares; itself where it has its own. Lives of the shared
// storage are lengthened.
std::vector<ValueId> storage_of(const Graph& g, std::vector<Life>& life,
                                const isa::Machine& machine) {
  std::vector<ValueId> storage(g.values.size());
  std::vector<bool> sliced(g.values.size(), false);
  for (std::size_t v = 0; v < storage.size(); ++v) storage[v] = static_cast<ValueId>(v);
  for (const Node& n : g.nodes) {
    const auto in = static_cast<std::size_t>(n.inputs[0]), out = static_cast<std::size_t>(n.output);
    if (!is_view(g, n, sliced[in], machine) ||
        std::ranges::find(g.outputs, n.output) != g.outputs.end())
      continue;
    storage[out] = storage[in];
    sliced[out] = sliced[in] || n.op == &kernels::slice_operator;
    Life& held = life[static_cast<std::size_t>(storage[in])];
    held.end = std::max(held.end, life[out].end);
  }
  return storage;
}

Tensor machine_constant(const Tensor& host, const TensorType& type) {
  if (host.format == type.format) return host;
  Tensor t(type.format, host.shape);
  const auto from = host.as<float>();
  const auto to = t.as<kernels::arith::Half>();
  for (std::size_t i = 0; i < from.size(); ++i)
    to[i] = kernels::arith::to_half(static_cast<double>(from[i]));
  return t;
}

}  // namespace

Compiled compile(const Graph& graph, const isa::Machine& machine,
                 const kernels::arith::Profile& profile, const CompileOptions& options) {
  for (const Node& n : graph.nodes)
    if (const auto refusal = n.op->refuse(graph.call(n), machine))
      throw InputError(n.name,
                       fmt::format("the accelerator of {} does not take {} [{}]: {}", machine.chip,
                                   n.op->name, refusal->label, refusal->reason));

  Compiled result;
  Lowering lowering(machine, profile, graph.name, options.with_values);
  std::vector<Life> life = lives(graph);
  if (options.keep_all)
    for (const Node& n : graph.nodes)
      life[static_cast<std::size_t>(n.output)].end = static_cast<int>(graph.nodes.size());
  std::vector<ValueId> storage;
  if (options.keep_all)
    for (std::size_t v = 0; v < graph.values.size(); ++v)
      storage.push_back(static_cast<ValueId>(v));
  else
    storage = storage_of(graph, life, machine);
  std::vector<View> views(graph.values.size());
  result.resident.assign(graph.values.size(), false);
  Arena l2, memory;
  Residency residency(graph, life, machine.l2.count);
  std::int64_t memory_size = 0, constant_size = 0;
  for (std::size_t v = 0; v < graph.values.size(); ++v) {
    const Value& value = graph.values[v];
    const auto id = static_cast<ValueId>(v);
    if (storage[v] != id) {
      const Node& n = graph.nodes[static_cast<std::size_t>(value.producer)];
      const auto from = static_cast<std::size_t>(n.inputs[0]);
      views[v] = seen_as(graph, n, views[from]);
      result.resident[v] = result.resident[from];
      if (result.resident[v]) residency.share(id);
      continue;
    }
    const bool interior = value.producer >= 0 && !options.keep_all &&
                          value.type.format != Format::fp32 &&
                          std::ranges::find(graph.outputs, id) == graph.outputs.end();
    if (interior && options.keep_in_l2 && residency.offer(id)) {
      if (const auto at = l2.place(value.type.bytes(), life[v], machine.l2.count)) {
        result.resident[v] = true;
        const std::int64_t size = isa::byte_size(value.type.format);
        const Extents& e = value.type.e;
        views[v] = {.where = Where::l2,
                    .bar = 0,
                    .address = *at,
                    .format = value.type.format,
                    .e = e,
                    .sw = size,
                    .sh = e.w * size,
                    .sc = e.h * e.w * size,
                    .sn = e.c * e.h * e.w * size};
        continue;
      }
      residency.withdraw(id);
    }
    // Inputs and constants are there before the first node and may be read again by the next call.
    Life held = life[v];
    if (value.producer < 0) held = {0, static_cast<int>(graph.nodes.size())};
    const std::int64_t bytes = lowering.memory_bytes(value.type);
    // Constants stand in a section of their own, so that no program file holds the zeros between.
    if (value.constant) {
      views[v] = lowering.memory_view(Sections::constants, constant_size, value.type);
      constant_size = round_up(constant_size + bytes);
      lowering.write_constant(views[v], machine_constant(*value.constant, value.type));
      continue;
    }
    const std::int64_t at = *memory.place(bytes, held);
    memory_size = std::max(memory_size, at + bytes);
    views[v] = lowering.memory_view(Sections::tensors, at, value.type);
  }
  lowering.reserve_memory(Sections::tensors, memory_size);
  if (constant_size > 0) lowering.reserve_memory(Sections::constants, constant_size);

  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& n = graph.nodes[i];
    if (storage[static_cast<std::size_t>(n.output)] != n.output) {
      lowering.name_operator(n.name);
      result.tasks_of_node.push_back(0);
      continue;
    }
    std::vector<View> inputs;
    for (const ValueId v : n.inputs) inputs.push_back(views[static_cast<std::size_t>(v)]);
    lowering.name_operator(n.name);
    lowering.begin_call(static_cast<int>(i), std::move(inputs),
                        views[static_cast<std::size_t>(n.output)],
                        l2.alive_at(static_cast<int>(i)));
    const int before = lowering.task_count();
    n.op->lower(graph.call(n), lowering);
    result.tasks_of_node.push_back(lowering.task_count() - before);
  }
  for (const ValueId v : graph.inputs)
    lowering.add_tensor(graph.values[static_cast<std::size_t>(v)].name,
                        views[static_cast<std::size_t>(v)], true, false);
  if (options.keep_all)
    for (const Node& n : graph.nodes)
      lowering.add_tensor(n.name, views[static_cast<std::size_t>(n.output)], false, true);
  else
    for (const ValueId v : graph.outputs)
      lowering.add_tensor(graph.values[static_cast<std::size_t>(v)].name,
                          views[static_cast<std::size_t>(v)], false, true);
  result.program = lowering.finish();
  for (const isa::Section& s : result.program.sections)
    (s.bar == Sections::weights || s.bar == Sections::constants ? result.weight_bytes
                                                                : result.activation_bytes) +=
        s.size.count;
  return result;
}

}  // namespace ane::workloads
