#include "sim/price/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"

namespace ane::sim {
namespace {

// One program on several engines: rows or columns are split, weights are read by each from the one
// memory.
AneParameters with_engines(AneParameters ane, std::int64_t engines) {
  if (engines <= 1) return ane;
  if (engines > ane.engines)
    throw InputError("request", fmt::format("engines={}: the chip has {}", engines, ane.engines));
  const double gain = ane.engines_efficiency * static_cast<double>(engines);
  ane.macs_fp16 = static_cast<int>(ane.macs_fp16 * gain);
  ane.macs_int8 = static_cast<int>(ane.macs_int8 * gain);
  ane.pe_elements *= gain;
  ane.pe_elements_two *= gain;
  return ane;
}

// What else reads the memory at the same time takes its part: all are slowed alike where their
// streams together exceed it [T20].
AneParameters beside(AneParameters ane, const std::string& others, const Chip& chip) {
  if (others.empty()) return ane;
  double wanted = ane.dram_bandwidth;
  for (std::size_t at = 0; at <= others.size();) {
    const std::size_t end = std::min(others.find(',', at), others.size());
    const std::string unit = others.substr(at, end - at);
    if (unit == "gpu")
      wanted += chip.gpu().bandwidth_stream;
    else if (unit == "cpu")
      wanted += chip.cpu().bandwidth;
    else
      throw InputError("request", fmt::format("concurrent={}: no unit '{}'", others, unit),
                       "cpu, gpu or cpu,gpu");
    at = end + 1;
  }
  const double share = std::min(1.0, chip.memory().bandwidth / wanted);
  for (double* b : {&ane.dram_bandwidth, &ane.weight_bandwidth, &ane.weight_conflict_bandwidth,
                    &ane.tile_bandwidth})
    *b *= share;
  return ane;
}

}  // namespace

CallCosts call_costs(const Chip& chip, const Runtime& runtime, Bytes transferred) {
  const AneParameters& ane = chip.ane();
  const RuntimeParameters& r = runtime.costs();
  CallCosts costs;
  costs.dispatch = (r.coreml_floor ? ane.dispatch_coreml : ane.dispatch_direct) + r.call_ane;
  const double rate = r.copy_bandwidth > 0 ? r.copy_bandwidth : ane.host_copy_bandwidth;
  if (r.copies > 0 && rate > 0)
    costs.copies = r.copies * static_cast<double>(transferred.count) / rate;
  return costs;
}

Bytes transferred_bytes(const workloads::Graph& graph) {
  Bytes bytes;
  for (const auto* list : {&graph.inputs, &graph.outputs})
    for (const auto v : *list)
      if (!graph.values[static_cast<std::size_t>(v)].state) bytes += Bytes{graph.type(v).bytes()};
  return bytes;
}

results::Parts memory_parts(const workloads::Compiled& compiled) {
  results::Parts parts;
  results::add(parts, "weights", static_cast<double>(compiled.weight_bytes));
  results::add(parts, "tensors", static_cast<double>(compiled.activation_bytes));
  results::add(parts, "program", static_cast<double>(compiled.program.words.size() * 4));
  return parts;
}

results::Parts call_energy(const AneParameters& ane, const Execution& execution, double in_flight) {
  const TaskEnergy& e = execution.energy;
  results::Parts parts;
  results::add(parts, "MAC", e.mac);
  results::add(parts, "L2", e.l2);
  results::add(parts, "kernel memory", e.kernel);
  results::add(parts, "DMA", e.dma);
  results::add(parts, "DRAM", e.dram);
  results::add(parts, "planar engine", e.planar);
  results::add(parts, "dispatch", ane.energy_dispatch);
  results::add(parts, "lit cores", ane.power_core * execution.lit_core_seconds);
  results::add(parts, "awake", (ane.power_awake + ane.power_leakage) * in_flight);
  return parts;
}

AneParameters ane_under(const workloads::Conditions& c, const Chip& chip) {
  return beside(with_engines(chip.ane(), c.engines), c.concurrent, chip);
}

EngineState state_of(const workloads::Conditions& c, const AneParameters& ane) {
  EngineState state;
  if (!c.cold && c.idle_s < ane.idle_gap) return state;
  state.clock_share = ane.floor_clock_hz / ane.clock_hz;
  if (c.idle_s >= ane.rail_off_after) state.wake = ane.cold_wake;
  return state;
}

Execution ramped(Execution full, const Execution& floor, double ramp) {
  const double fast = seconds(full.duration), slow = seconds(floor.duration);
  if (slow <= fast) return floor;
  const double from = 1 / slow, to = 1 / fast;  // shares of the work done in a second
  double time = ramp + (1 - ramp * (from + to) / 2) * fast;
  if (time < ramp) {
    const double slope = (to - from) / ramp;
    time = (std::sqrt(from * from + 2 * slope) - from) / slope;
  }
  const double share = (time - fast) / (slow - fast);
  for (std::size_t c = 0; c < full.causes.size(); ++c)
    full.causes[c] += share * (floor.causes[c] - full.causes[c]);
  full.lit_core_seconds += share * (floor.lit_core_seconds - full.lit_core_seconds);
  full.duration = {static_cast<std::int64_t>(time * 1e12 + 0.5)};
  return full;
}

results::Parts energy_in_scope(results::Parts parts, workloads::Scope scope, const Chip& chip,
                               const CallCosts& costs) {
  if (scope == workloads::Scope::whole) return parts;
  for (results::Part& part : parts)
    if (part.name == "DRAM") part.value *= chip.ane().energy_dram_on_rail.value_or(0);
  if (scope == workloads::Scope::package && chip.has_cpu())
    results::add(
        parts, "host core",
        chip.cpu().power_core * (costs.copies + chip.ane().dispatch_host_share * costs.dispatch));
  return parts;
}

}  // namespace ane::sim
