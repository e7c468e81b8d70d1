#include "sim/price/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "sim/devices/estimate.h"
#include "sim/price/fallback.h"
#include "sim/price/predict_ane.h"
#include "workloads/networks/networks.h"
#include "workloads/request/spec_work.h"

namespace ane::sim {
namespace {

using workloads::Spec;

Prediction from(const DeviceEstimate& e) {
  Prediction p{.seconds = e.seconds(),
               .joules = e.joules(),
               .flop = e.flop,
               .dram_bytes = e.dram_bytes,
               .bound = std::string(e.bound()),
               .operators = e.by_operator};
  p.causes = {{"compute", e.compute},   {"memory", e.memory}, {"overhead", e.overhead},
              {"dispatch", e.dispatch}, {"wait", e.wait},     {"copy", e.copy}};
  p.energy = {
      {"compute", e.energy_compute}, {"memory", e.energy_memory}, {"static", e.energy_static}};
  return p;
}

// What a measurement sees of a CPU's or GPU's energy: not the memory; of the package less what it
// takes when idle, also the core that encodes for a GPU [E4].
Prediction in_scope(Prediction p, const DeviceEstimate& e, const Spec& s, const Chip& chip) {
  if (s.scope.empty()) return p;
  for (results::Part& part : p.energy)
    if (part.name == "memory" || (part.name == "static" && s.scope == "package" && s.unit == "gpu"))
      part.value = 0;
  if (s.scope == "package" && s.unit == "gpu" && chip.has_cpu())
    results::add(p.energy, "host core", e.encoding * chip.cpu().power_core);
  p.joules = results::sum(p.energy);
  return p;
}

// The least work there is: one operator on one element, which nothing can fuse.
std::vector<kernels::Work> smallest() {
  kernels::Work w = workloads::pointwise(1, 4);
  w.kind = kernels::WorkKind::copy;
  return {w};
}

DeviceEstimate price_launch(const Spec& s, const Chip& chip, const Runtime& runtime,
                            PriceOptions options) {
  if (s.unit == "cpu") return price_cpu(smallest(), chip, runtime, options);
  // An operator in a stream that nobody waits for costs what the slower of host and device takes;
  // else the round trip is what is measured.
  options.overlap = s.overlap;
  if (!s.overlap) options.waits = 1;
  // A plain kernel, where the runtime's own operators go through a graph of its own.
  const RuntimeParameters& c = runtime.costs();
  options.op_dispatch =
      s.api == "metal" ? c.op_dispatch_plain.value_or(c.op_dispatch) : c.op_dispatch;
  DeviceEstimate e = price_gpu(smallest(), chip, runtime, options);
  if (s.cold) e.wait += chip.gpu().cold_wake.value_or(0);
  return e;
}

// Idle for one second.
Prediction idle(const Spec& s, const Chip& chip) {
  const double watts = s.unit == "ane"   ? chip.ane().power_idle
                       : s.unit == "gpu" ? chip.gpu().power_idle
                                         : chip.cpu().power_idle;
  return {.seconds = 1,
          .joules = watts,
          .causes = {{"idle", 1}},
          .energy = {{"static", watts}},
          .bound = "idle"};
}

int thread_count(const Spec& s, const Chip& chip) {
  if (s.threads.empty() && s.direction == "memcpy") return 1;  // a C library's memcpy is one thread
  if (s.threads.empty() || s.threads == "all") return 0;
  if (s.threads == "p_cores") return chip.cpu().p_cores;
  int n = 0;
  for (const char c : s.threads) {
    if (c < '0' || c > '9' || n > 10000)
      throw InputError("spec", fmt::format("threads={}: no count", s.threads), "1, p_cores, all");
    n = 10 * n + (c - '0');
  }
  return n;
}

}  // namespace

std::string unit_of(const Spec& s, const Chip& chip) {
  return s.unit != "memory" ? s.unit : chip.has_cpu() ? "cpu" : "gpu";
}

Prediction predict(const Spec& s, const Chip& chip, const Runtime& runtime) {
  if (s.unit == "memory") {
    if (s.kind != "copy")
      throw InputError("spec", fmt::format("unit=memory does no kind={}", s.kind), "kind=copy");
    Spec placed = s;
    placed.unit = unit_of(s, chip);
    return predict(placed, chip, runtime);
  }
  if (s.kind == "idle") return idle(s, chip);
  if (s.unit == "ane") {
    if (!runtime.costs().ane)
      throw InputError("spec", fmt::format("'{}' does not drive the ANE", runtime.name()));
    if (!falls_back(runtime) || (s.kind != "op" && s.kind != "elementwise"))
      return predict_ane(s, chip, runtime);
    try {
      return predict_ane(s, chip, runtime);
    } catch (const InputError& e) {
      if (auto p = predict_elsewhere(s, chip, runtime, e.what())) return *p;
      throw;
    }
  }
  if (s.unit != "gpu" && s.unit != "cpu")
    throw InputError("spec", fmt::format("unit={}: no device model", s.unit), "ane, gpu, cpu");
  PriceOptions options;
  options.precision = precision_of(s.has("activations") ? s.activations : "fp16");
  options.overlap = s.overlap;
  options.threads = s.unit == "cpu" ? thread_count(s, chip) : 0;
  if (s.kind == "launch") return from(price_launch(s, chip, runtime, options));
  const std::vector<kernels::Work> work = workloads::work_of(s);
  const DeviceEstimate e = s.unit == "gpu" ? price_gpu(work, chip, runtime, options)
                                           : price_cpu(work, chip, runtime, options);
  return in_scope(from(e), e, s, chip);
}

double as_quantity(const Prediction& p, const Spec& s, std::string_view quantity) {
  const double t = p.seconds;
  double flop = workloads::nominal_flop(s) > 0 ? workloads::nominal_flop(s) : p.flop;
  // A marginal figure is that of one layer.
  if (s.slope_from > 0) flop = p.flop;
  const auto real = [](std::int64_t v) { return static_cast<double>(v); };
  if (quantity == "latency") return t;
  if (quantity == "energy") return p.joules;
  if (quantity == "power") return p.joules / t;
  if (quantity == "throughput_flops") return flop / t;
  if (quantity == "efficiency") return flop / p.joules;
  if (quantity == "throughput_items")
    return (s.counts_calls        ? 1.0
            : s.kind == "llm"     ? real(s.tokens * s.batch)
            : s.kind == "mpnn"    ? real(s.residues * s.batch)
            : s.kind == "network" ? real(workloads::input_of(s).n)
                                  : real(s.batch)) /
           t;
  if (quantity == "bandwidth") {
    if (s.weight_bytes > 0) return real(s.weight_bytes) / t;
    if (s.bytes < 1) throw InputError("spec", "a bandwidth needs 'bytes='");
    return real(s.bytes) * real(s.kind == "copy" ? s.counted : 1) / t;
  }
  throw InputError("", fmt::format("quantity '{}' is unknown", quantity),
                   "latency, throughput_flops, throughput_items, bandwidth, power, energy, "
                   "efficiency");
}

namespace {

struct Naive {
  double flop = 0, seconds = 0;
};

// Work alone, without the floor.
Naive naive_work(const Spec& s, const Chip& chip) {
  double bytes = 0, weights = 0, macs = 0;
  for (const kernels::Work& w : workloads::work_of(s)) {
    const auto times = static_cast<double>(w.count);
    bytes += times * static_cast<double>((w.read + w.written + w.weights).count);
    weights += times * static_cast<double>(w.weights.count);
    macs += times * static_cast<double>(w.macs.count);
  }
  if (s.shared_weights) weights /= static_cast<double>(s.depth);
  Naive n{.flop = workloads::nominal_flop(s) > 0 ? workloads::nominal_flop(s) : 2 * macs};
  if (s.unit == "ane") {
    const AneParameters& ane = chip.ane();
    const double peak = s.activations == "int8" ? ane.peak_int8() : ane.peak_fp16();
    // One program runs on one engine.
    const auto engines = static_cast<double>(std::min<std::int64_t>(s.engines, ane.engines));
    n.seconds = std::max(n.flop / (0.95 * peak * engines),
                         (weights > 0 ? weights : bytes) / ane.weight_bandwidth);
    return n;
  }
  const Precision precision = precision_of(s.has("activations") ? s.activations : "fp16");
  const double peak = unit_of(s, chip) == "cpu"      ? chip.cpu().peak_matrix_fp32()
                      : precision == Precision::fp32 ? chip.gpu().peak_fp32()
                                                     : chip.gpu().peak_fp16();
  n.seconds = std::max(n.flop / (0.95 * peak), bytes / chip.memory().bandwidth);
  return n;
}

}  // namespace

std::optional<double> naive_quantity(const Spec& s, const Chip& chip, std::string_view quantity) {
  if (s.kind == "idle" || quantity == "power" || quantity == "energy" || quantity == "efficiency")
    return std::nullopt;
  Naive n;
  try {
    n = naive_work(s, chip);
    if (s.slope_from > 0) {
      Spec first = s;
      first.depth = s.slope_from;
      const Naive less = naive_work(first, chip);
      const auto layers = static_cast<double>(s.depth - s.slope_from);
      n = {.flop = (n.flop - less.flop) / layers, .seconds = (n.seconds - less.seconds) / layers};
    }
  } catch (const InputError&) {
    if (s.kind != "launch") return std::nullopt;  // no list of its operators
  }
  if (s.slope_from == 0) {
    if (s.unit == "ane")
      n.seconds +=
          static_cast<double>(std::max<std::int64_t>(1, s.dispatches)) * chip.ane().dispatch_family;
    if (s.unit == "gpu" && !s.overlap) n.seconds += chip.gpu().sync_time;
  }
  if (n.seconds <= 0) return std::nullopt;
  return as_quantity({.seconds = n.seconds, .flop = n.flop}, s, quantity);
}

}  // namespace ane::sim
