#include "sim/price/plan.h"

namespace ane::sim {
namespace {

Plan plan_for(const workloads::Graph& graph, const Chip& chip, const isa::Machine& machine,
              bool keep_in_l2) {
  const ChipLaw law(chip.ane());
  workloads::Compiled compiled =
      workloads::compile(graph, machine, kernels::arith::profile_named(machine.default_profile),
                         {.with_values = false, .keep_in_l2 = keep_in_l2, .law = &law});
  Schedule schedule(compiled.program, chip.ane());
  return {machine, std::move(compiled), std::move(schedule), false};
}

std::int64_t bytes_of(const workloads::Graph& graph) {
  std::int64_t bytes = 0;
  for (const auto* list : {&graph.inputs, &graph.outputs})
    for (const workloads::ValueId v : *list) bytes += graph.type(v).bytes();
  return bytes;
}

}  // namespace

Plan quickest_plan(const workloads::Graph& graph, const Chip& chip, bool keep_in_l2) {
  const isa::Machine machine = chip.machine();
  Plan best = plan_for(graph, chip, machine, keep_in_l2);
  if (!keep_in_l2 || graph.nodes.size() < 2) return best;
  const Execution whole = best.schedule.time(chip.ane(), 1, false);
  // Rows are padded to the tile DMA's granules: a little more than the tensors is nothing spilled.
  best.spills = whole.work.load_bytes + whole.work.store_bytes > bytes_of(graph) * 5 / 4;
  if (!best.spills) return best;
  std::int64_t least = whole.duration.count;
  for (const std::int64_t quarters : {3, 2, 1}) {
    isa::Machine less = machine;
    less.l2 = Bytes{machine.l2.count / 4 * quarters};
    Plan plan = plan_for(graph, chip, less, keep_in_l2);
    plan.spills = true;
    const std::int64_t duration = plan.schedule.time(chip.ane(), 1, false).duration.count;
    if (duration < least) least = duration, best = std::move(plan);
  }
  return best;
}

workloads::Compiled compile_with_values(const workloads::Graph& graph, const Chip& chip,
                                        const kernels::arith::Profile& profile, bool keep_in_l2) {
  const ChipLaw law(chip.ane());
  return workloads::compile(graph, quickest_plan(graph, chip, keep_in_l2).machine, profile,
                            {.keep_in_l2 = keep_in_l2, .law = &law});
}

}  // namespace ane::sim
