// The placement that costs least by this program's own laws: what an ideal planner would choose, to
// hold Core ML's against.
#include <algorithm>
#include <limits>

#include "sim/devices/estimate.h"
#include "sim/price/call.h"
#include "sim/price/placement.h"
#include "sim/price/plan.h"
#include "workloads/request/work_list.h"

namespace ane::sim {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

// Seconds of each node on the accelerator, in the programs of all that it takes; infinite where it
// does not. A node's time is what the program's end moves by while its tasks end.
std::vector<double> seconds_on_ane(const workloads::Graph& graph,
                                   const std::vector<Placement>& capable, const Target& target,
                                   bool keep_in_l2) {
  std::vector<double> all(graph.nodes.size(), never);
  std::size_t first = 0;
  for (const Segment& s : segments_of(graph, capable)) {
    const std::size_t begin = first;
    first += s.graph.nodes.size();
    if (!s.on_ane) continue;
    const Plan plan = quickest_plan(s.graph, target.chip, keep_in_l2);
    std::fill_n(all.begin() + static_cast<std::ptrdiff_t>(begin), s.graph.nodes.size(), 0.0);
    double before = 0;
    for (const TaskTrace& task : plan.schedule->time(target.chip.ane()).tasks) {
      const double end = seconds(task.end);
      all[begin + static_cast<std::size_t>(task.operator_index)] += std::max(0.0, end - before);
      before = std::max(before, end);
    }
  }
  return all;
}

}  // namespace

std::vector<Placement> place_best(const workloads::Graph& graph, const Target& target,
                                  bool keep_in_l2) {
  std::vector<Placement> placed = place(graph, target.chip.machine());
  if (!target.chip.has_cpu() || graph.nodes.empty()) return placed;
  const Target cpu = make_target(target.chip, Unit::cpu, "");
  const PriceOptions options{.precision = Precision::fp32};
  const double cpu_call = price_cpu({}, cpu.chip, cpu.runtime, options).seconds();
  const double ane_call = call_costs(target.chip, target.runtime, Bytes{}).dispatch;
  const std::vector<double> on_ane = seconds_on_ane(graph, placed, target, keep_in_l2);
  // Shortest path: what each node costs on either unit, and the call that a stretch of them takes.
  struct Step {
    double cost[2] = {never, never};  // ANE, CPU
    int from[2] = {0, 1};
  };
  std::vector<Step> steps(graph.nodes.size());
  const double call[2] = {ane_call, cpu_call};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto work = workloads::node_work(graph, graph.nodes[i], 4, 4);
    const double own[2] = {
        on_ane[i],
        work.empty() ? 0 : price_cpu(work, cpu.chip, cpu.runtime, options).seconds() - cpu_call};
    for (int unit = 0; unit < 2; ++unit) {
      if (i == 0) steps[i].cost[unit] = call[unit] + own[unit];
      for (const int before : {unit, 1 - unit}) {
        if (i == 0) break;
        const double cost =
            steps[i - 1].cost[before] + (before == unit ? 0 : call[unit]) + own[unit];
        if (cost < steps[i].cost[unit]) steps[i].cost[unit] = cost, steps[i].from[unit] = before;
      }
    }
  }
  int unit = steps.back().cost[0] <= steps.back().cost[1] ? 0 : 1;
  for (std::size_t i = steps.size(); i-- > 0;) {
    if (unit == 1 && placed[i].on_ane)
      placed[i] = {false, "quicker", "quicker on the CPU than with a call of its own"};
    unit = steps[i].from[unit];
  }
  return placed;
}

}  // namespace ane::sim
