#include "sim/price/plan.h"

#include <algorithm>
#include <exception>

#include "isa/error.h"

namespace ane::sim {
namespace {

workloads::Compiled compile_for(const workloads::Graph& graph, const Chip& chip, Bytes l2,
                                const kernels::arith::Profile& profile, bool keep_in_l2,
                                bool with_values) {
  isa::Machine machine = chip.machine();
  AneParameters planned = chip.planned();
  machine.l2 = planned.l2 = l2;
  const ChipLaw law(planned);
  return workloads::compile(graph, machine, profile,
                            {.with_values = with_values, .keep_in_l2 = keep_in_l2, .law = &law});
}

Plan plan_for(const workloads::Graph& graph, const Chip& chip, Bytes l2, bool keep_in_l2) {
  const auto& profile = kernels::arith::profile_named(chip.machine().default_profile);
  Plan plan{.l2 = l2,
            .keep_in_l2 = keep_in_l2,
            .compiled = compile_for(graph, chip, l2, profile, keep_in_l2, false),
            .schedule = {}};
  plan.schedule = std::make_shared<const Schedule>(plan.compiled.program, chip.ane());
  return plan;
}

std::int64_t bytes_of(const workloads::Graph& graph) {
  std::int64_t bytes = 0;
  for (const auto* list : {&graph.inputs, &graph.outputs})
    for (const workloads::ValueId v : *list) bytes += graph.type(v).bytes();
  return bytes;
}

// Rows are padded to the tile DMA's granules: a little more than the tensors is nothing spilled.
bool spills(const workloads::Graph& graph, const Schedule& schedule, const Chip& chip) {
  if (graph.nodes.size() < 2) return false;
  const TaskWork whole = schedule.time(chip.ane(), 1, false).work;
  return whole.load_bytes + whole.store_bytes > bytes_of(graph) * 5 / 4;
}

using Schedules = std::vector<std::shared_ptr<const Schedule>>;

// The first of the quickest.
std::size_t quickest(const Schedules& plans, const Chip& chip) {
  if (plans.size() == 1) return 0;
  std::vector<std::int64_t> durations;
  for (const auto& p : plans) durations.push_back(p->time(chip.ane(), 1, false).duration.count);
  return static_cast<std::size_t>(std::ranges::min_element(durations) - durations.begin());
}

}  // namespace

std::vector<Bytes> plan_sizes(Bytes sold, Bytes has) {
  std::vector<Bytes> sizes;
  // Whole lines of the crossbar.
  const auto add = [&](std::int64_t bytes) {
    if (bytes <= has.count) sizes.push_back(Bytes{bytes});
  };
  for (std::int64_t part = 1 << 10; part > 4; part /= 2) add(sold.count / part);
  for (const std::int64_t quarters : {1, 2, 3}) add(sold.count / 4 * quarters);
  for (std::int64_t size = sold.count; size <= has.count; size *= 2) {
    add(size);
    add(size / 2 * 3);
  }
  if (sizes.empty()) sizes.push_back(has);
  return sizes;
}

Plan quickest_plan(const workloads::Graph& graph, const Chip& chip, bool keep_in_l2,
                   SamePlan* same) {
  const Bytes sold = chip.planned().l2;
  const std::vector<Bytes> sizes = plan_sizes(sold, chip.machine().l2);
  const auto base = static_cast<std::size_t>(
      std::ranges::find_if(sizes, [&](Bytes b) { return b.count >= sold.count; }) - sizes.begin());
  std::vector<Plan> plans;
  // Where what stays in L2 leaves an operator no room in one piece, nothing stays; of what the
  // pieces of an operation do not fit into either way, there is no plan.
  std::exception_ptr fault;
  const auto add = [&](Bytes l2) {
    for (const bool keep : {true, false}) try {
        if (keep && !keep_in_l2) continue;
        plans.push_back(plan_for(graph, chip, l2, keep));
        return true;
      } catch (const InputError&) {
        fault = std::current_exception();
      }
    return false;
  };
  std::size_t first = std::min(base, sizes.size() - 1);
  while (!add(sizes[first]) && first + 1 < sizes.size()) ++first;
  if (plans.empty() && !add(chip.machine().l2)) std::rethrow_exception(fault);
  // Each plan is lowered whole: of what has more tasks there is one.
  constexpr std::size_t most_weighed = 1 << 14;
  if (keep_in_l2 && plans[0].schedule->issues().size() <= most_weighed &&
      spills(graph, *plans[0].schedule, chip)) {
    for (std::size_t at = first; at-- > 0 && sizes[at].count >= sold.count / 4;) add(sizes[at]);
    for (std::size_t at = first + 1; at < sizes.size(); ++at)
      if (add(sizes[at]) && !spills(graph, *plans.back().schedule, chip)) break;
    for (Plan& p : plans) p.spills = true;
  }
  Schedules schedules;
  for (const Plan& p : plans) schedules.push_back(p.schedule);
  const std::size_t chosen = quickest(schedules, chip);
  if (same != nullptr) {
    for (const auto& s : schedules) plans[chosen].kept += s->issues().size();
    *same = [schedules = std::move(schedules), chosen](const Chip& other) {
      return quickest(schedules, other) == chosen;
    };
  }
  return std::move(plans[chosen]);
}

workloads::Compiled compile_with_values(const workloads::Graph& graph, const Chip& chip,
                                        const kernels::arith::Profile& profile, bool keep_in_l2) {
  const Plan plan = quickest_plan(graph, chip, keep_in_l2);
  return compile_for(graph, chip, plan.l2, profile, plan.keep_in_l2, true);
}

}  // namespace ane::sim
