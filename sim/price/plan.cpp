#include "sim/price/plan.h"

#include <algorithm>

#include "isa/error.h"

namespace ane::sim {
namespace {

Plan plan_for(const workloads::Graph& graph, const Chip& chip, const isa::Machine& machine,
              bool keep_in_l2, bool with_choices) {
  const ChipLaw law(chip.ane());
  std::vector<kernels::Choice> choices;
  workloads::Compiled compiled =
      workloads::compile(graph, machine, kernels::arith::profile_named(machine.default_profile),
                         {.with_values = false,
                          .keep_in_l2 = keep_in_l2,
                          .law = &law,
                          .choices = with_choices ? &choices : nullptr});
  auto schedule = std::make_shared<const Schedule>(compiled.program, chip.ane());
  return {machine, std::move(compiled), std::move(schedule), false, std::move(choices), 0};
}

// What the choice between plans rests on.
struct Candidate {
  std::shared_ptr<const Schedule> schedule;
  std::vector<kernels::Choice> choices;
};

std::int64_t duration(const Schedule& schedule, const Chip& chip) {
  return schedule.time(chip.ane(), 1, false).duration.count;
}

// The first of the quickest.
std::size_t quickest(const std::vector<Candidate>& plans, const Chip& chip) {
  if (plans.size() == 1) return 0;
  std::vector<std::int64_t> durations;
  for (const Candidate& c : plans) durations.push_back(duration(*c.schedule, chip));
  return static_cast<std::size_t>(std::ranges::min_element(durations) - durations.begin());
}

std::int64_t bytes_of(const workloads::Graph& graph) {
  std::int64_t bytes = 0;
  for (const auto* list : {&graph.inputs, &graph.outputs})
    for (const workloads::ValueId v : *list) bytes += graph.type(v).bytes();
  return bytes;
}

}  // namespace

Plan quickest_plan(const workloads::Graph& graph, const Chip& chip, bool keep_in_l2,
                   SamePlan* same) {
  const isa::Machine machine = chip.machine();
  std::vector<Plan> plans;
  std::vector<Candidate> candidates;
  const auto add = [&](const isa::Machine& on) -> Plan& {
    Plan& plan = plans.emplace_back(plan_for(graph, chip, on, keep_in_l2, same != nullptr));
    candidates.push_back({plan.schedule, std::move(plan.choices)});
    return plan;
  };
  // Where what stays in L2 leaves an operator no room in one piece, nothing stays.
  try {
    add(machine);
  } catch (const InputError&) {
    if (!keep_in_l2) throw;
    keep_in_l2 = false;
    add(machine);
  }
  // Each plan is lowered whole: of what has more tasks there is one.
  constexpr std::size_t most_weighed = 1 << 14;
  if (keep_in_l2 && graph.nodes.size() >= 2 && plans[0].schedule->issues().size() <= most_weighed) {
    const TaskWork whole = plans[0].schedule->time(chip.ane(), 1, false).work;
    // Rows are padded to the tile DMA's granules: a little more than the tensors is nothing
    // spilled.
    plans[0].spills = whole.load_bytes + whole.store_bytes > bytes_of(graph) * 5 / 4;
  }
  if (plans[0].spills)
    for (const std::int64_t quarters : {3, 2, 1}) {
      isa::Machine less = machine;
      less.l2 = Bytes{machine.l2.count / 4 * quarters};
      try {
        add(less).spills = true;
      } catch (const InputError&) {
        break;  // an operator's smallest piece needs more than what is left
      }
    }
  const std::size_t chosen = quickest(candidates, chip);
  // A choice keeps the tasks of some tiles.
  constexpr std::size_t tasks_of_choice = 16;
  if (same != nullptr) {
    for (const Candidate& c : candidates)
      plans[chosen].kept += c.schedule->issues().size() + tasks_of_choice * c.choices.size();
    *same = [candidates = std::make_shared<const std::vector<Candidate>>(std::move(candidates)),
             chosen](const Chip& other) {
      const ChipLaw law(other.ane());
      const isa::Machine::Rates& rates = other.machine().rates;
      for (const Candidate& c : *candidates)
        for (const kernels::Choice& holds : c.choices)
          if (!holds(rates, law)) return false;
      return quickest(*candidates, other) == chosen;
    };
  }
  return std::move(plans[chosen]);
}

workloads::Compiled compile_with_values(const workloads::Graph& graph, const Chip& chip,
                                        const kernels::arith::Profile& profile, bool keep_in_l2) {
  const ChipLaw law(chip.ane());
  return workloads::compile(graph, quickest_plan(graph, chip, keep_in_l2).machine, profile,
                            {.keep_in_l2 = keep_in_l2, .law = &law});
}

}  // namespace ane::sim
