#include "sim/price/predict_ane.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>

#include "isa/error.h"
#include "sim/ane/schedule.h"
#include "sim/price/ane_run.h"
#include "sim/price/fallback.h"
#include "sim/price/graph_run.h"
#include "workloads/networks/networks.h"
#include "workloads/request/spec_graph.h"

namespace ane::sim {
namespace {

using workloads::Spec;

// What pricing needs of a lowered spec.
struct Lowered {
  std::optional<Schedule> schedule{};        // none: the accelerator refuses some of the graph
  std::optional<workloads::Graph> parted{};  // then
  Bytes transferred;                         // graph inputs and outputs
  double macs = 0;
  results::Parts memory{};
};

std::string key_of(const Spec& s, const isa::Machine& m) {
  Spec work = s;
  work.path.clear();
  return fmt::format(
      "{}|{}", workloads::to_string(work),
      fmt::join(
          std::array<std::int64_t, 15>{
              m.cores, m.macs_fp16, m.macs_int8, m.kernel_memory.count, m.l2.count, m.max_extent,
              m.max_channels, m.max_kernel_width, m.max_kernel_height, m.max_pool, m.row_alignment,
              m.int8_macs, m.texture_unit, m.streams_int8_weights, m.chains_tiles},
          " "));
}

// Kept for the program's life, up to a number of tasks: a sweep or a fit asks again and again.
// parts: what the accelerator refuses may go elsewhere; else it is an error.
std::shared_ptr<const Lowered> lowered(const Spec& s, const Chip& chip, bool parts) {
  constexpr std::size_t most_tasks = 400'000;
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Lowered>> kept;
  static std::size_t tasks = 0;
  const isa::Machine machine = chip.machine();
  const std::string key = key_of(s, machine) + (parts ? " parts" : "");
  const std::scoped_lock lock(mutex);
  if (const auto known = kept.find(key); known != kept.end()) return known->second;
  workloads::Graph graph = workloads::graph_of(s, machine);
  Lowered made{.transferred = transferred_bytes(graph), .macs = workloads::graph_macs(graph)};
  if (parts && std::ranges::any_of(place(graph, machine),
                                   [](const Placement& p) { return p.unit != "ane"; })) {
    made.parted = std::move(graph);
  } else {
    const workloads::Compiled compiled =
        workloads::compile(graph, machine, kernels::arith::profile_named(machine.default_profile),
                           {.with_values = false});
    made.schedule = Schedule(compiled.program, chip.ane());
    made.memory = memory_parts(compiled);
  }
  auto fresh = std::make_shared<const Lowered>(std::move(made));
  const std::size_t size = fresh->schedule ? fresh->schedule->issues().size() : 1;
  if (tasks + size > most_tasks) kept.clear(), tasks = 0;
  tasks += size;
  return kept.emplace(key, std::move(fresh)).first->second;
}

// One program on several engines: rows or columns are split, weights are read by each from the one
// memory. Measured on M6: 1.92x where multiplication bounds.
AneParameters with_engines(AneParameters ane, std::int64_t engines) {
  if (engines <= 1) return ane;
  if (engines > ane.engines)
    throw InputError("spec", fmt::format("engines={}: the chip has {}", engines, ane.engines));
  constexpr double efficiency = 0.96;
  const double gain = efficiency * static_cast<double>(engines);
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
      throw InputError("spec", fmt::format("concurrent={}: no unit '{}'", others, unit),
                       "cpu, gpu or cpu,gpu");
    at = end + 1;
  }
  const double share = std::min(1.0, chip.memory().bandwidth / wanted);
  for (double* b : {&ane.dram_bandwidth, &ane.weight_bandwidth, &ane.weight_conflict_bandwidth,
                    &ane.tile_bandwidth})
    *b *= share;
  return ane;
}

// The state in which the call finds the engine [T9].
struct State {
  double clock_share = 1, wake = 0;
};
State state_of(const Spec& s, const AneParameters& ane) {
  State state;
  if (!s.cold && s.idle_s < ane.idle_gap) return state;
  state.clock_share = ane.floor_clock_hz / ane.clock_hz;
  if (s.idle_s >= ane.rail_off_after) state.wake = ane.cold_wake;
  return state;
}

// A call that begins at the floor clock: under load the clock rises evenly to the full one over
// `ramp` seconds [T9]. full, floor: the execution at either clock.
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

// A big model is several programs, each with its call: as many as the spec says (`calls` and
// `dispatches` of a pass; each operator left to the CPU parts it where neither is given), and no
// fewer than the compiler's limit of 2 GiB of weights asks for (S61).
double programs_of(const Spec& s, const results::Parts& memory) {
  std::int64_t programs = std::max({std::int64_t{1}, s.dispatches, s.calls});
  if (programs == 1) programs += s.cpu_ops;
  constexpr double most_weights = 2147483648;
  double weights = 0;
  for (const results::Part& part : memory)
    if (part.name == "weights") weights = part.value;
  return std::max(static_cast<double>(programs), std::ceil(weights / most_weights));
}

// How often a language model is gone through for the spec's tokens: a prompt in calls of
// `call_tokens`, an answer token by token unless a call checks several.
std::int64_t passes_of(const Spec& s) {
  const std::int64_t called = s.call_tokens > 0     ? s.call_tokens
                              : s.phase == "decode" ? 1
                                                    : s.tokens;
  return (s.tokens + called - 1) / called;
}

Prediction of_call(const Spec& s, const Chip& chip, const Runtime& runtime) {
  const AneParameters ane = beside(with_engines(chip.ane(), s.engines), s.concurrent, chip);
  const State state = state_of(s, ane);
  Execution e, full;                                // as it runs, and at the full clock
  double at_floor = state.clock_share < 1 ? 1 : 0;  // part of the work done at the floor clock
  Bytes transferred{};
  Prediction p;
  if (s.kind != "launch") {
    const auto program = lowered(s, chip, falls_back(runtime));
    if (program->parted) return predict_parted(*program->parted, chip, runtime);
    e = full = program->schedule->time(ane, 1, false);
    if (state.clock_share < 1) {
      const Execution floor = program->schedule->time(ane, state.clock_share, false);
      e = ramped(full, floor, ane.ramp_time);
      const double slow = seconds(floor.duration) - seconds(full.duration);
      if (slow > 0) at_floor = (seconds(e.duration) - seconds(full.duration)) / slow;
    }
    transferred = program->transferred;
    p.flop = 2 * program->macs;
    p.memory = program->memory;
  }
  CauseSeconds causes = e.causes;
  const CallCosts call = call_costs(chip, runtime, transferred);
  const double programs = programs_of(s, p.memory);
  // The firmware that starts a program slows down with the engine's clock.
  causes[static_cast<std::size_t>(Cause::dispatch)] += programs * call.dispatch / state.clock_share;
  causes[static_cast<std::size_t>(Cause::idle)] += state.wake;
  for (int c = 0; c < cause_count; ++c)
    if (causes[static_cast<std::size_t>(c)] > 0)
      results::add(p.causes, cause_name(static_cast<Cause>(c)),
                   causes[static_cast<std::size_t>(c)]);
  if (call.copies > 0) results::add(p.causes, "host copies", call.copies);
  p.seconds = results::sum(p.causes);
  p.energy = call_energy(ane, full, programs * call.dispatch + seconds(full.duration));
  // At a lower clock the voltage is lower too; the memory has a rail of its own [E3].
  const double left = 1 - at_floor * (1 - ane.energy_floor_share);
  for (results::Part& part : p.energy)
    if (part.name != "DRAM") part.value *= left;
  if (state.wake > 0) results::add(p.energy, "awake", ane.power_awake * state.wake);
  p.energy = energy_in_scope(
      std::move(p.energy), s.scope, chip,
      {.dispatch = programs * call.dispatch / state.clock_share, .copies = call.copies});
  p.joules = results::sum(p.energy);
  p.dram_bytes = static_cast<double>(e.work.weight_bytes + e.work.load_bytes + e.work.store_bytes);
  return p;
}

void scale(Prediction& p, double factor) {
  p.seconds *= factor;
  p.joules *= factor;
  p.flop *= factor;
  p.dram_bytes *= factor;
  for (results::Part& part : p.causes) part.value *= factor;
  for (results::Part& part : p.energy) part.value *= factor;
}

void subtract(Prediction& p, const Prediction& other) {
  p.seconds -= other.seconds;
  p.joules -= other.joules;
  p.flop -= other.flop;
  p.dram_bytes -= other.dram_bytes;
  const auto parts = [](results::Parts& from, const results::Parts& less) {
    for (results::Part& part : from)
      for (const results::Part& l : less)
        if (l.name == part.name) part.value -= l.value;
  };
  parts(p.causes, other.causes);
  parts(p.energy, other.energy);
}

void join(Prediction& p, const Prediction& more) {
  p.seconds += more.seconds;
  p.joules += more.joules;
  p.flop += more.flop;
  p.dram_bytes += more.dram_bytes;
  for (const results::Part& part : more.causes) results::add(p.causes, part.name, part.value);
  for (const results::Part& part : more.energy) results::add(p.energy, part.name, part.value);
  if (results::sum(more.memory) > results::sum(p.memory)) p.memory = more.memory;
}

// The encoder once, then one call of a step for each residue.
Prediction of_sampling(Spec s, const Chip& chip, const Runtime& runtime) {
  s.phase = "decode_step";
  Prediction steps = of_call(s, chip, runtime);
  scale(steps, static_cast<double>(s.residues));
  s.phase = "encode";
  Prediction p = of_call(s, chip, runtime);
  join(p, steps);
  return p;
}

}  // namespace

Prediction predict_ane(const Spec& given, const Chip& chip, const Runtime& runtime) {
  Spec s = given;
  const std::int64_t passes = s.kind == "llm" ? passes_of(s) : 1;
  if (s.phase == "decode" && s.call_tokens == 0) s.tokens = 1;
  Prediction p = s.kind == "mpnn" && s.phase == "sample" ? of_sampling(s, chip, runtime)
                                                         : of_call(s, chip, runtime);
  if (s.slope_from > 0) {
    if (s.depth <= s.slope_from)
      throw InputError("spec", "slope_from is the smaller of two depths");
    Spec first = s;
    first.depth = s.slope_from;
    subtract(p, of_call(first, chip, runtime));
    scale(p, 1.0 / static_cast<double>(s.depth - s.slope_from));
  }
  if (passes > 1) scale(p, static_cast<double>(passes));
  double largest = 0;
  for (const results::Part& part : p.causes)
    if (part.value > largest) largest = part.value, p.bound = part.name;
  return p;
}

std::optional<results::Record> ane_spec_record(const results::Run& run, const Spec& s,
                                               const Chip& chip, const Runtime& runtime) {
  const AneParameters ane = beside(with_engines(chip.ane(), s.engines), s.concurrent, chip);
  if (s.kind == "launch" || s.kind == "idle" || s.slope_from > 0 ||
      (s.kind == "llm" && passes_of(s) > 1) || programs_of(s, {}) > 1 || s.phase == "sample" ||
      state_of(s, ane).clock_share != 1)
    return std::nullopt;
  const isa::Machine machine = chip.machine();
  const workloads::Graph graph = workloads::graph_of(s, machine);
  if (falls_back(runtime) && std::ranges::any_of(place(graph, machine), [](const Placement& p) {
        return p.unit != "ane";
      }))
    return GraphRun(graph, {chip, runtime, "ane"},
                    kernels::arith::profile_named(machine.default_profile), {.with_values = false})
        .record(run);
  const workloads::Compiled compiled =
      workloads::compile(graph, machine, kernels::arith::profile_named(machine.default_profile),
                         {.with_values = false});
  if (programs_of(s, memory_parts(compiled)) > 1) return std::nullopt;
  const Schedule schedule(compiled.program, chip.ane());
  results::Record record = ane_record(run, chip, runtime, graph, compiled, schedule.time(ane));
  results::Totals& t = record.totals;
  t.energy_parts = energy_in_scope(std::move(t.energy_parts), s.scope, chip,
                                   call_costs(chip, runtime, transferred_bytes(graph)));
  t.energy_j = results::sum(t.energy_parts);
  t.power_w = t.energy_j / t.latency_s;
  return record;
}

}  // namespace ane::sim
