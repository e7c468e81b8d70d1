#include "sim/price/device_run.h"

#include <algorithm>

#include "sim/devices/estimate.h"

namespace ane::sim {
namespace {

std::int64_t widening(const std::string& precision) {
  return precision_of(precision) == Precision::fp32 ? 2 : 1;
}

}  // namespace

std::vector<kernels::Work> work_list(const workloads::Graph& graph, const std::string& precision) {
  const std::int64_t widen = widening(precision);
  std::vector<kernels::Work> work;
  for (const workloads::Node& n : graph.nodes) {
    kernels::Work w = n.op->work(graph.call(n));
    w.read = w.read * widen;
    w.written = w.written * widen;
    w.weights = w.weights * widen;
    work.push_back(w);
  }
  return work;
}

results::Record device_record(results::Run run, const workloads::Graph& graph, const Target& target,
                              const std::string& precision) {
  const std::vector<kernels::Work> work = work_list(graph, precision);
  const Precision p = precision_of(precision);
  const std::int64_t widen = widening(precision);
  std::int64_t weights = 0, largest = 0;
  for (const kernels::Work& w : work) {
    weights += w.weights.count;
    largest = std::max(largest, w.read.count + w.written.count);
  }
  const Bytes in = [&] {
    Bytes b;
    for (const auto v : graph.inputs) b += Bytes{graph.type(v).bytes()};
    return b * widen;
  }();
  const Bytes out = [&] {
    Bytes b;
    for (const auto v : graph.outputs) b += Bytes{graph.type(v).bytes()};
    return b * widen;
  }();
  const PriceOptions options{.precision = p, .host_in = in, .host_out = out};
  const DeviceEstimate e = target.unit == "gpu"
                               ? price_gpu(work, target.chip, target.runtime, options)
                               : price_cpu(work, target.chip, target.runtime, options);
  results::Record record{.run = std::move(run), .totals = {}, .limits = {}};
  results::Totals& t = record.totals;
  const auto add = [](results::Parts& parts, const char* name, double value) {
    if (value > 0) results::add(parts, name, value);
  };
  add(t.causes, "compute", e.compute);
  add(t.causes, "memory", e.memory);
  add(t.causes, "overhead", e.overhead);
  add(t.causes, "dispatch", e.dispatch);
  add(t.causes, "host wait", e.wait);
  add(t.causes, "host copies", e.copy);
  t.latency_s = results::sum(t.causes);
  t.throughput_items_per_s = static_cast<double>(record.run.batch) / t.latency_s;
  add(t.energy_parts, "compute", e.energy_compute);
  add(t.energy_parts, "memory", e.energy_memory);
  add(t.energy_parts, "static", e.energy_static);
  t.energy_j = results::sum(t.energy_parts);
  t.power_w = t.energy_j / t.latency_s;
  t.bound = e.bound();
  t.dram_bytes = static_cast<std::int64_t>(e.dram_bytes);
  for (const kernels::Work& w : work) t.macs += w.macs.count;
  results::add(t.memory_parts, "weights", static_cast<double>(weights));
  results::add(t.memory_parts, "tensors", static_cast<double>(largest));
  t.peak_memory_bytes = weights + largest;
  return record;
}

}  // namespace ane::sim
