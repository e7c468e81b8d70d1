// CPUs: the cores' vector units for most operators, the clusters' matrix units for products, and
// memory as all cores or one thread see it.
//
//   t = sum t_dispatch + count * (t_call + compute + memory)      products: the two in sequence
//   t = sum t_dispatch + max(FLOP / P, bytes / B)                 everything else
//
// A product below `cpu.product.parallel` FLOP stays on one matrix unit. Its output is written as
// often as the runtime's buffers ask for (fresh pages are cleared first). A library that knows no
// matrix unit splits every product evenly over its threads: the slowest core decides, and each
// hand-over costs. One thread moves no more than its core's port to the caches does.
// docs/timing.md, "CPU".
#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "sim/devices/estimate.h"

namespace ane::sim {
namespace {

using kernels::Work;
using kernels::WorkKind;
using results::Cause;

double real(std::int64_t v) {
  return static_cast<double>(v);
}

struct Times {
  double compute = 0, memory = 0;
  double moved = 0;
  bool matrix = false;
};

class Cpu {
 public:
  Cpu(const Chip& chip, const Runtime& runtime, const PriceOptions& o)
      : cpu(chip.cpu()), costs(runtime.costs()), options(o) {
    const double p = cpu.p_cores * cpu.p_clock_all_hz, e = cpu.e_cores * cpu.e_clock_hz;
    switch (o.precision) {
      case Precision::fp32:
        neon = p * cpu.neon_fp32_p + e * cpu.neon_fp32_e;
        neon_core = cpu.neon_fp32_p;
        neon_e = cpu.neon_fp32_e;
        unit = cpu.matrix_fp32;
        break;
      case Precision::fp16:
        neon = p * cpu.neon_fp16_p + e * cpu.neon_fp16_e;
        neon_core = cpu.neon_fp16_p;
        neon_e = cpu.neon_fp16_e;
        unit = cpu.matrix_fp16;
        break;
      case Precision::int8:
        neon = p * cpu.neon_int8_p + e * cpu.neon_int8_e;
        neon_core = cpu.neon_int8_p;
        neon_e = cpu.neon_int8_e;
        unit = cpu.matrix_int8;
        break;
    }
    neon_p = neon_core * cpu.p_clock_all_hz;
    neon_core *= cpu.p_clock_hz;
    neon_e *= cpu.e_clock_hz;
    threads = cpu.p_cores + (costs.cpu_efficiency_cores.value_or(1) != 0 ? cpu.e_cores : 0);
    const int all = cpu.p_cores + cpu.e_cores;
    if (o.threads > 0 && o.threads < all) neon *= real(o.threads) / all;
    if (o.threads > 0) threads = std::min(threads, o.threads);
    bandwidth = cpu.bandwidth * costs.bandwidth_utilisation;
    port = cpu.core_port * cpu.p_clock_hz;
    const double core = std::min(port, cpu.bandwidth_core.value_or(port));
    if (o.threads > 0) bandwidth = std::min(bandwidth, o.threads * core);
    // Of operators other than products, some builds run each on few threads.
    operator_threads = costs.cpu_operator_threads.value_or(all);
    operator_bandwidth = std::min(bandwidth, operator_threads * core);
  }

  Times time(const Work& w) const {
    Times t;
    const double data = real(w.read.count + w.written.count + w.weights.count);
    const double flop = 2 * real(w.macs.count) + real(w.other_flops);
    switch (w.kind) {
      case WorkKind::gemm:
      case WorkKind::conv:
      case WorkKind::attention:
        return product(w);
      case WorkKind::loop:
        return loop(w);
      case WorkKind::reduction:
        t.moved = data;
        t.memory = data / costs.cpu_reduce_bandwidth.value_or(operator_bandwidth);
        break;
      case WorkKind::softmax:
        t.moved = data * costs.softmax_passes;
        t.memory = t.moved / elementwise_bandwidth(t.moved);
        break;
      case WorkKind::copy:
        t.moved = data;
        t.memory = data / operator_bandwidth;
        break;
      default:
        t.moved = data * costs.elementwise_passes;
        t.memory = t.moved / elementwise_bandwidth(t.moved);
    }
    // The slower one hides the other.
    t.compute = flop / neon;
    if (t.compute > t.memory)
      t.memory = 0;
    else
      t.compute = 0;
    return t;
  }

  const CpuParameters& cpu;
  const RuntimeParameters& costs;
  const PriceOptions& options;
  // FLOP/s of the vector units of all threads; of one P core alone, among others; of one E core.
  double neon = 0, neon_core = 0, neon_p = 0, neon_e = 0;
  double unit = 0, bandwidth = 0, port = 0;
  double operator_threads = 1, operator_bandwidth = 0;
  int threads = 1;

 private:
  double elementwise_bandwidth(double moved) const {
    // Inside the L2 the clusters outrun memory several times, one core no more than its port.
    const double n = costs.cpu_elementwise_bandwidth ? 1 : operator_threads;
    if (cpu.p_l2 && moved < *cpu.p_l2 / 2) return std::min(4 * bandwidth, n * port);
    return std::min(operator_bandwidth,
                    costs.cpu_elementwise_bandwidth.value_or(operator_bandwidth));
  }

  // One P core, NEON: four 128-bit pipes (neon_fp32_p counts a multiply-add as two on 4 lanes each,
  // so 16 byte lanes a pipe are twice that figure), three loads and four scalar operations a cycle
  // (M1's P core). It streams and computes at once: the longer of the two counts.
  Times loop(const Work& w) const {
    const double byte_lanes = cpu.neon_fp32_p * 2, float_lanes = cpu.neon_fp32_p / 2;
    const double cycles = real(w.loop.byte_operations) / byte_lanes +
                          real(w.loop.float_operations) / float_lanes + real(w.loop.lookups) / 3 +
                          real(w.loop.scalar_operations) / 4;
    Times t;
    t.compute = cycles / cpu.p_clock_hz;
    t.moved = real(w.read.count + w.written.count);
    t.memory = t.moved / cpu.bandwidth_core.value_or(cpu.bandwidth);
    (t.compute >= t.memory ? t.memory : t.compute) = 0;
    return t;
  }

  // Threads that share a product without matrix unit; each takes `cpu.split` FLOP at least.
  int team(double flop) const {
    if (!costs.cpu_split) return threads;
    return static_cast<int>(std::clamp(std::floor(flop / *costs.cpu_split), 1.0, real(threads)));
  }

  // FLOP/s of a product of `flop`; alone: no batch around it.
  double rate(double flop, bool alone, bool matrix) const {
    if (!matrix) {
      const int n = team(flop);
      // Even shares: a thread on an E core, where there is one, ends last.
      const double shared = !costs.cpu_split ? neon : n * (n > cpu.p_cores ? neon_e : neon_p);
      return (n > 1 ? shared : neon_core) * cpu.product_vector;
    }
    if (flop >= cpu.product_parallel && alone) return cpu.matrix_units * unit * cpu.product_all;
    return unit * cpu.product_one;
  }

  Times product(const Work& w) const {
    Times t;
    const double flop = 2 * real(w.macs.count) + real(w.other_flops);
    const double each = flop / real(std::max<std::int64_t>(1, w.batch));
    t.matrix = unit > 0 && cpu.matrix_units > 0 && costs.cpu_matrix_unit.value_or(1) != 0;
    // Products of one row run on the vector units, bound by memory.
    if (w.m == 1) t.matrix = false;
    t.compute = flop / (rate(each, w.batch == 1, t.matrix) * costs.gemm_utilisation);
    if (w.batch > 1) t.compute += real(w.batch) * costs.cpu_product_call.value_or(0);
    if (!t.matrix && team(each) > 1)
      t.compute +=
          real(std::max<std::int64_t>(1, w.batch)) * team(each) * costs.cpu_handoff.value_or(0);
    const double in = real(w.read.count + w.weights.count), out = real(w.written.count);
    t.moved = in + out * costs.cpu_output_passes.value_or(1);
    const bool cached = cpu.p_l2 && t.moved < *cpu.p_l2 / 2;
    // The products of a batch follow one another on one thread, which reads their operands.
    const double reading = w.batch > 1 ? costs.cpu_reduce_bandwidth.value_or(bandwidth) : bandwidth;
    t.memory = cached ? 0 : in / std::min(reading, bandwidth) + (t.moved - in) / bandwidth;
    if (!cached && costs.cpu_first_touch) t.memory += out / *costs.cpu_first_touch;
    if (w.bias) {
      const double pass = out * costs.cpu_bias_passes.value_or(0);
      t.memory += pass / elementwise_bandwidth(pass);
      t.moved += pass;
    }
    return t;
  }
};

}  // namespace

DeviceEstimate price_cpu(std::span<const Work> work, const Chip& chip, const Runtime& runtime,
                         const PriceOptions& options) {
  const Cpu model(chip, runtime, options);
  const RuntimeParameters& costs = runtime.costs();
  const CpuParameters& cpu = chip.cpu();
  DeviceEstimate e;
  double all_flop = 0, memory = 0;
  for (const Work& w : work) {
    const double count = real(w.count);
    const bool fused = costs.fuses_elementwise && w.kind == WorkKind::elementwise;
    Times t = model.time(w);
    if (fused) t.memory = t.moved = 0;
    const bool product = w.kind == WorkKind::gemm || w.kind == WorkKind::conv;
    const double call = product && w.batch == 1 ? costs.cpu_product_call.value_or(0) : 0;
    const double fixed = fused ? 0 : costs.op_dispatch + call;
    of(e.causes, Cause::compute) += count * t.compute;
    of(e.causes, Cause::memory) += count * t.memory;
    of(e.causes, Cause::dispatch) += count * fixed;
    memory += count * t.memory;
    const double flop = 2 * real(w.macs.count) + real(w.other_flops);
    all_flop += count * flop;
    e.dram_bytes += count * t.moved;
    e.energy_compute +=
        w.kind == WorkKind::loop
            ? count * t.compute * cpu.power_core
            : count * flop * (t.matrix ? cpu.energy_matrix_flop : cpu.energy_neon_flop);
    e.energy_memory += count * t.moved * chip.memory().energy_byte;
    if (options.by_operator)
      e.operators.push_back({w.name, w.count, count * (t.compute + t.memory + fixed),
                             t.compute > t.memory ? Cause::compute
                             : t.memory > fixed   ? Cause::memory
                                                  : Cause::dispatch,
                             w.kind, count * real(w.macs.count), count * real(w.weights.count),
                             count * t.moved});
  }
  of(e.causes, Cause::dispatch) += costs.call_cpu;
  // While memory is awaited the cores still draw their power.
  const double seconds = e.seconds();
  e.energy_static = cpu.power_idle * seconds + cpu.power_core * memory;
  const double peak = std::max(model.neon, cpu.matrix_units * model.unit);
  if (seconds > 0) e.utilisation = all_flop / seconds / peak;
  return e;
}

}  // namespace ane::sim
