#include "workloads/compile/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "kernels/arith/round.h"
#include "kernels/lowering.h"
#include "workloads/compile/chains.h"
#include "workloads/compile/storage.h"

namespace ane::workloads {
namespace {

// Strides in memory are words of 32 bits.
constexpr std::int64_t stride_limit = std::int64_t{1} << 32;

using kernels::Lowering;
using kernels::Sections;
using kernels::View;
using kernels::Where;

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
  Lowering lowering(machine, profile, graph.name, options.with_values, options.law);
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
  const std::vector<Home> homes =
      options.keep_all ? std::vector<Home>(graph.values.size()) : homes_of(graph, storage, life);
  std::vector<View> views(graph.values.size());
  result.resident.assign(graph.values.size(), false);
  Arena l2, memory;
  Residency residency(graph, life, machine);
  // Chains take their part of L2 first, where they run; what they read lives until then.
  std::vector<Chain> chains;
  if (options.keep_in_l2 && !options.keep_all) chains = find_chains(graph, storage, homes, machine);
  std::vector<const Chain*> chain_at(graph.nodes.size(), nullptr);
  std::vector<bool> inside(graph.nodes.size(), false);  // of a chain, not its last node
  std::int64_t block = 0;
  for (const Chain& c : chains) {
    const int last = c.nodes.back();
    chain_at[static_cast<std::size_t>(last)] = &c;
    for (const int i : c.nodes) {
      if (i != last) inside[static_cast<std::size_t>(i)] = true;
      for (const ValueId v : graph.nodes[static_cast<std::size_t>(i)].inputs) {
        Life& held = life[static_cast<std::size_t>(storage[static_cast<std::size_t>(v)])];
        held.end = std::max(held.end, last);
      }
    }
    block = *l2.place(chain_room(machine), {last, last}, machine.l2.count);
    residency.reserve(last, chain_room(machine));
  }
  std::int64_t memory_size = 0, constant_size = 0;
  std::vector<bool> placed(graph.values.size(), false);
  const auto place = [&](const auto& self, std::size_t v) -> void {
    if (placed[v]) return;
    placed[v] = true;
    const Value& value = graph.values[v];
    const Extents& of = value.type.e;
    const std::int64_t row = of.w * isa::byte_size(value.type.format);
    const std::int64_t item = of.c * of.h *
                              ((row + machine.row_alignment - 1) / machine.row_alignment) *
                              machine.row_alignment;
    if (item >= stride_limit)
      throw InputError(
          value.name,
          fmt::format("an item of {} takes {} bytes; strides of the tile DMA end at {}",
                      kernels::to_string(value.type), item, stride_limit),
          "smaller extents, or several graphs");
    const auto id = static_cast<ValueId>(v);
    if (homes[v].in >= 0) {
      const auto home = static_cast<std::size_t>(homes[v].in);
      self(self, home);
      views[v] = views[home].slice(homes[v].axis, homes[v].begin,
                                   kernels::extent(value.type.e, homes[v].axis));
      result.resident[v] = result.resident[home];
      if (result.resident[v]) residency.share(id);
      return;
    }
    if (storage[v] != id) {
      const Node& n = graph.nodes[static_cast<std::size_t>(value.producer)];
      const auto from = static_cast<std::size_t>(n.inputs[0]);
      views[v] = seen_as(graph, n, views[from]);
      result.resident[v] = result.resident[from];
      if (result.resident[v]) residency.share(id);
      return;
    }
    if (value.producer >= 0 && inside[static_cast<std::size_t>(value.producer)]) return;
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
        return;
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
      constant_size = aligned(constant_size + bytes);
      lowering.write_constant(views[v], machine_constant(*value.constant, value.type));
      return;
    }
    const std::int64_t at = *memory.place(bytes, held);
    memory_size = std::max(memory_size, at + bytes);
    views[v] = lowering.memory_view(Sections::tensors, at, value.type);
  };
  for (std::size_t v = 0; v < graph.values.size(); ++v) place(place, v);
  lowering.reserve_memory(Sections::tensors, memory_size);
  if (constant_size > 0) lowering.reserve_memory(Sections::constants, constant_size);

  result.tasks_of_node.assign(graph.nodes.size(), 0);
  for (const Node& n : graph.nodes) lowering.name_operator(n.name);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& n = graph.nodes[i];
    if (storage[static_cast<std::size_t>(n.output)] != n.output || inside[i]) continue;
    auto in_use = l2.alive_at(static_cast<int>(i));
    if (chain_at[i] != nullptr) {
      std::erase(in_use, std::pair(block, block + chain_room(machine)));
      lower_chain(graph, *chain_at[i], views, block, in_use, lowering, result.tasks_of_node);
      continue;
    }
    std::vector<View> inputs;
    for (const ValueId v : n.inputs) inputs.push_back(views[static_cast<std::size_t>(v)]);
    lowering.begin_call(static_cast<int>(i), std::move(inputs),
                        views[static_cast<std::size_t>(n.output)], std::move(in_use));
    const int before = lowering.task_count();
    n.op->lower(graph.call(n), lowering);
    result.tasks_of_node[i] = lowering.task_count() - before;
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
