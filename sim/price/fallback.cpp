#include "sim/price/fallback.h"

#include <map>

#include "isa/error.h"
#include "sim/price/graph_run.h"
#include "workloads/networks/networks.h"
#include "workloads/request/spec_work.h"

namespace ane::sim {

bool falls_back(const Runtime& runtime) {
  return runtime.costs().coreml_floor && runtime.costs().cpu;
}

Prediction predict_parted(const workloads::Graph& graph, const Chip& chip, const Runtime& runtime) {
  const GraphRun run(graph, {chip, runtime, "ane"},
                     kernels::arith::profile_named(chip.machine().default_profile),
                     {.with_values = false});
  const results::Record record = run.record({});
  // Times of single operators need not sum to their segment's: shares of it.
  std::map<std::string, double> reasons;
  double refused = 0;
  for (const results::OperatorRow& row : record.operators)
    if (row.unit == "cpu") reasons[row.reason] += row.seconds, refused += row.seconds;
  Prediction p{.flop = 2 * workloads::graph_macs(graph),
               .dram_bytes = static_cast<double>(record.totals.dram_bytes),
               .memory = record.totals.memory_parts};
  for (const results::Part& cause : record.totals.causes) {
    if (cause.name != "cpu fallback" || refused <= 0) {
      results::add(p.causes, cause.name, cause.value);
      continue;
    }
    for (const auto& [why, seconds] : reasons)
      results::add(p.causes, "fallback: " + why, cause.value * seconds / refused);
  }
  p.seconds = results::sum(p.causes);
  p.energy = record.totals.energy_parts;
  p.joules = results::sum(p.energy);
  p.bound = results::largest(p.causes);
  return p;
}

std::optional<Prediction> predict_elsewhere(const workloads::Spec& s, const Chip& chip,
                                            const Runtime& runtime, const std::string& why) {
  workloads::Spec placed = s;
  placed.unit = "cpu";
  try {
    workloads::work_of(placed);
  } catch (const InputError&) {
    return std::nullopt;
  }
  if (!chip.has_cpu())
    throw InputError("spec", why, "and no CPU of " + chip.name() + " is known to fall back to");
  Prediction p = predict(placed, chip, runtime);
  p.causes = {{"fallback: " + why, p.seconds}};
  p.energy = {{"cpu fallback", p.joules}};
  p.bound = p.causes[0].name;
  return p;
}

}  // namespace ane::sim
