#include "sim/price/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"

namespace ane::sim {
namespace {

// One program on several engines, each with its arrays, planar engine and L2: rows or columns are
// split, weights are read by each from the one memory.
AneParameters with_engines(AneParameters ane, std::int64_t engines) {
  if (engines <= 1) return ane;
  if (engines > ane.engines)
    throw InputError("request", fmt::format("engines={}: the chip has {}", engines, ane.engines));
  const double gain = ane.engines_efficiency * static_cast<double>(engines);
  ane.macs_fp16 = static_cast<int>(ane.macs_fp16 * gain);
  ane.macs_int8 = static_cast<int>(ane.macs_int8 * gain);
  ane.pe_elements *= gain;
  ane.pe_elements_two *= gain;
  ane.l2_banks = static_cast<int>(ane.l2_banks * gain);
  ane.l2_write *= gain;
  ane.product_load *= gain;
  return ane;
}

double stream(const Chip& chip, std::string_view unit) {
  return unit == "ane"   ? chip.ane().dram_bandwidth
         : unit == "gpu" ? chip.gpu().bandwidth_stream
                         : chip.cpu().bandwidth;
}

}  // namespace

CallCosts call_costs(const Chip& chip, const Runtime& runtime, Bytes transferred) {
  const AneParameters& ane = chip.ane();
  const RuntimeParameters& r = runtime.costs();
  CallCosts costs;
  costs.dispatch = (r.coreml_floor ? ane.dispatch_coreml : ane.dispatch_direct) + r.call_ane;
  const double rate = r.copy_bandwidth > 0 ? std::min(r.copy_bandwidth, chip.memory().bandwidth)
                                           : ane.host_copy_bandwidth;
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

Chip chip_beside(const std::string& others, const Chip& chip, workloads::Unit unit) {
  double wanted = stream(chip, workloads::name(unit));
  int programs = 1;  // on the accelerator's engines, one each
  for (std::size_t at = 0; at <= others.size();) {
    const std::size_t end = std::min(others.find(',', at), others.size());
    const std::string other = others.substr(at, end - at);
    const bool another = other == "ane" && unit == workloads::Unit::ane;
    if (another && ++programs > chip.ane().engines)
      throw InputError(
          "request",
          fmt::format("concurrent={}: {} has {} accelerator{}, which {} one program "
                      "after the other",
                      others, chip.name(), chip.ane().engines, chip.ane().engines == 1 ? "" : "s",
                      chip.ane().engines == 1 ? "runs" : "run"),
          "a chip with two: M1 Ultra, M2 Ultra, M3 Ultra");
    if ((other != "ane" && other != "gpu" && other != "cpu") ||
        (other == workloads::name(unit) && !another))
      throw InputError("request",
                       fmt::format("concurrent={}: '{}' is no other unit", others, other),
                       unit == workloads::Unit::ane   ? "cpu, gpu or cpu,gpu"
                       : unit == workloads::Unit::gpu ? "ane, cpu or ane,cpu"
                                                      : "ane, gpu or ane,gpu");
    wanted += stream(chip, other);
    at = end + 1;
  }
  return chip.with_share_of_memory(std::min(1.0, chip.memory().bandwidth / wanted));
}

AneParameters ane_under(const workloads::Conditions& c, const Chip& chip) {
  return with_engines(chip.ane(), c.engines);
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

Execution passes(Execution one, int count) {
  Execution all = one;
  for (int pass = 1; pass < count; ++pass) {
    for (std::size_t c = 0; c < all.causes.size(); ++c) all.causes[c] += one.causes[c];
    all.energy.mac += one.energy.mac;
    all.energy.l2 += one.energy.l2;
    all.energy.kernel += one.energy.kernel;
    all.energy.dma += one.energy.dma;
    all.energy.dram += one.energy.dram;
    all.energy.planar += one.energy.planar;
    all.work += one.work;
    all.lit_core_seconds += one.lit_core_seconds;
    for (TaskTrace t : one.tasks) {
      t.start += all.duration;
      t.end += all.duration;
      t.stream_begin += seconds(all.duration);
      t.stream_end += seconds(all.duration);
      all.tasks.push_back(t);
    }
    all.duration += one.duration;
  }
  return all;
}

results::Parts energy_in_scope(results::Parts parts, workloads::Scope scope, const Chip& chip,
                               const CallCosts& costs) {
  const AneParameters& ane = chip.ane();
  if (scope != workloads::Scope::whole)
    for (results::Part& part : parts) {
      if (part.name == "DRAM") part.value *= ane.energy_dram_on_rail.value_or(0);
      if (part.name == "MAC") part.value *= ane.energy_mac_on_rail.value_or(1);
    }
  if (scope != workloads::Scope::rail && chip.has_cpu())
    results::add(parts, "host core",
                 chip.cpu().power_core * (costs.copies + ane.dispatch_host_share * costs.dispatch));
  return parts;
}

}  // namespace ane::sim
