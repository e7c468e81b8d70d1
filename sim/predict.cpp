#include "sim/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "sim/devices/estimate.h"
#include "sim/predict_ane.h"
#include "workloads/spec_work.h"

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

Prediction predict(const Spec& s, const Chip& chip, const Runtime& runtime) {
  if (s.kind == "idle") return idle(s, chip);
  if (s.unit == "ane") {
    if (!runtime.costs().ane)
      throw InputError("spec", fmt::format("'{}' does not drive the ANE", runtime.name()));
    return predict_ane(s, chip, runtime);
  }
  if (s.unit != "gpu" && s.unit != "cpu")
    throw InputError("spec", fmt::format("unit={}: no device model", s.unit), "ane, gpu, cpu");
  PriceOptions options;
  options.precision = precision_of(s.has("activations") ? s.activations : "fp16");
  options.overlap = s.overlap;
  options.threads = s.unit == "cpu" ? thread_count(s, chip) : 0;
  if (s.kind == "launch") return from(price_launch(s, chip, runtime, options));
  const std::vector<kernels::Work> work = workloads::work_of(s);
  return from(s.unit == "gpu" ? price_gpu(work, chip, runtime, options)
                              : price_cpu(work, chip, runtime, options));
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
    return (s.kind == "llm"    ? real(s.tokens * s.batch)
            : s.kind == "mpnn" ? real(s.residues * s.batch)
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

double naive_seconds(const Spec& s, const Chip& chip) {
  if (s.unit == "ane") {
    const double bytes =
        s.kind == "conv" || s.kind == "matmul"
            ? (s.kind == "conv" ? static_cast<double>(s.cin * s.cout * s.kh * s.kw / s.groups) *
                                      static_cast<double>(s.shared_weights ? 1 : s.depth)
                                : static_cast<double>(s.n * s.k * (s.bmm ? s.batch : 1))) *
                  workloads::bytes_of(s.weights)
            : 0;
    const double floor = s.path == "direct" || s.path == "aneforge" ? chip.ane().dispatch_direct
                                                                    : chip.ane().dispatch_coreml;
    return floor + std::max(workloads::nominal_flop(s) / (0.95 * chip.ane().peak_fp16()),
                            bytes / chip.ane().weight_bandwidth);
  }
  double bytes = 0, macs = 0;
  for (const kernels::Work& w : workloads::work_of(s)) {
    bytes += static_cast<double>(w.count * (w.read + w.written + w.weights).count);
    macs += static_cast<double>(w.count * w.macs.count);
  }
  const double flop = workloads::nominal_flop(s) > 0 ? workloads::nominal_flop(s) : 2 * macs;
  const Precision precision = precision_of(s.has("activations") ? s.activations : "fp16");
  if (s.unit == "gpu")
    return (s.overlap ? 0 : chip.gpu().sync_time) +
           std::max(flop / (0.95 * (precision == Precision::fp32 ? chip.gpu().peak_fp32()
                                                                 : chip.gpu().peak_fp16())),
                    bytes / chip.memory().bandwidth);
  return std::max(flop / (0.95 * chip.cpu().peak_matrix_fp32()), bytes / chip.memory().bandwidth);
}

}  // namespace ane::sim
