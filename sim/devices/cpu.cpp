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

double total_weights(std::span<const Work> work) {
  double sum = 0;
  for (const Work& w : work) sum += real(w.count) * real(w.weights.count);
  return sum;
}

struct Times {
  double compute = 0, memory = 0;
  double dram = 0;  // bytes that the caches do not hold
  bool matrix = false;
};

class Cpu {
 public:
  Cpu(std::span<const Work> work, const Chip& chip, const Runtime& runtime, const PriceOptions& o)
      : cpu(chip.cpu()),
        costs(runtime.costs()),
        options(o),
        weights_stay(total_weights(work) <=
                     std::max(cpu.p_l2.value_or(0), chip.memory().slc.value_or(0)) / 2) {
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
        unit = costs.cpu_matrix_fp32.value_or(0) != 0 ? cpu.matrix_fp32 : cpu.matrix_fp16;
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
    if (o.threads > 0) threads = std::min(all, o.threads);
    bandwidth = std::min(cpu.bandwidth * costs.bandwidth_utilisation, chip.memory().bandwidth);
    port = cpu.core_port * cpu.p_clock_hz;
    const double core = std::min(port, cpu.bandwidth_core.value_or(port));
    if (o.threads > 0) bandwidth = std::min(bandwidth, o.threads * core);
    // Of operators other than products, some builds run each on few threads.
    operator_threads = costs.cpu_operator_threads.value_or(o.threads > 0 ? threads : all);
    operator_bandwidth = std::min(bandwidth, operator_threads * core);
  }

  Times time(const Work& w) const {
    Times t;
    const double data = real(w.read.count + w.written.count + w.weights.count);
    const double flop = 2 * real(w.macs.count) + real(w.other_flops);
    double moved = data;
    switch (w.kind) {
      case WorkKind::gemm:
      case WorkKind::conv:
      case WorkKind::attention:
        return product(w);
      case WorkKind::loop:
        return loop(w);
      case WorkKind::reduction:
        t.memory =
            data / std::min(cpu.bandwidth, costs.cpu_reduce_bandwidth.value_or(operator_bandwidth));
        break;
      case WorkKind::softmax:
        moved *= costs.softmax_passes;
        t.memory = moved / elementwise_bandwidth(moved);
        break;
      case WorkKind::copy:
        t.memory = data / operator_bandwidth;
        break;
      default:
        moved *= costs.elementwise_passes;
        t.memory = moved / elementwise_bandwidth(moved);
    }
    t.dram = cached(moved) ? 0 : moved;
    // The slower one hides the other.
    t.compute = flop / neon;
    if (t.compute > t.memory)
      t.memory = 0;
    else
      t.compute = 0;
    return t;
  }

  // The figures are of float32; a unit that does more in narrower numbers draws as much power.
  double energy_flop(bool matrix) const {
    return matrix ? cpu.energy_matrix_flop * cpu.matrix_fp32 / unit
                  : cpu.energy_neon_flop * cpu.neon_fp32_p * cpu.p_clock_hz / neon_core;
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
  bool weights_stay = false;  // in a cache from one call to the next

  // Half of the clusters' L2 is left to what comes before and after.
  bool cached(double bytes) const { return cpu.p_l2 && bytes < *cpu.p_l2 / 2; }

  // B/s that the ports of all threads' cores pass.
  double n_ports() const { return threads * port; }

  double elementwise_bandwidth(double moved) const {
    // Inside the L2 the clusters outrun memory several times, one core no more than its port.
    const double n = costs.cpu_elementwise_bandwidth ? 1 : operator_threads;
    if (cached(moved)) return std::min(4 * bandwidth, n * port);
    return std::min(operator_bandwidth,
                    costs.cpu_elementwise_bandwidth.value_or(operator_bandwidth));
  }

  // One P core: whichever of its resources the loop asks most of, and memory beside it. Four vector
  // pipes (neon_fp32_p counts a multiply-add as two on 4 lanes each), three loads, six scalar units
  // and one taken branch a cycle; a float addition takes three (M1's P core, S68).
  Times loop(const Work& w) const {
    const kernels::Loop& l = w.loop;
    const double pipes = cpu.neon_fp32_p / 8;
    const double cycles = std::max({real(l.vector) / pipes, real(l.loads) / 3, real(l.scalar) / 6,
                                    real(l.branches), 3 * real(l.chained)});
    Times t;
    t.compute = cycles / cpu.p_clock_hz;
    t.dram = real(w.read.count + w.written.count);
    t.memory = t.dram / std::min({port, cpu.bandwidth_core.value_or(port), cpu.bandwidth});
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
      return (n > 1 ? shared : neon_core) * costs.cpu_vector.value_or(cpu.product_vector);
    }
    const bool one = costs.cpu_one_unit.value_or(0) != 0;
    if (flop >= cpu.product_parallel && alone && !one)
      return cpu.matrix_units * unit * cpu.product_all;
    return unit * cpu.product_one;
  }

  // Cycles a second of those that share a product on vector units.
  double dots_clock(double flop) const {
    const int n = team(flop);
    return n * (n == 1 ? cpu.p_clock_hz : n > cpu.p_cores ? cpu.e_clock_hz : cpu.p_clock_all_hz);
  }

  Times product(const Work& w) const {
    Times t;
    const double flop = 2 * real(w.macs.count) + real(w.other_flops);
    const double each = flop / real(std::max<std::int64_t>(1, w.batch));
    t.matrix = unit > 0 && cpu.matrix_units > 0 && costs.cpu_matrix_unit.value_or(1) != 0;
    // Products of one row run on the vector units, bound by memory.
    if (real(w.m) < costs.cpu_matrix_rows.value_or(2)) t.matrix = false;
    const bool of_activations = w.kind == WorkKind::gemm && (w.weights.count == 0 || w.batch > 1);
    if (of_activations && costs.cpu_matrix_activations.value_or(1) == 0) t.matrix = false;
    double share = costs.cpu_utilisation.value_or(costs.gemm_utilisation);
    if (w.kind == WorkKind::conv) share = costs.cpu_convolution.value_or(share);
    t.compute = flop / (rate(each, w.batch == 1, t.matrix) * share);
    // Dot by dot: each ends with the sum over its lanes.
    if (!t.matrix && costs.cpu_dot)
      t.compute += real(w.m * w.n * w.batch) * *costs.cpu_dot / dots_clock(each);
    // Amdahl: what one thread does takes no less on n.
    if (!t.matrix) t.compute *= 1 + costs.cpu_serial.value_or(0) * (team(each) - 1);
    if (w.batch > 1) t.compute += real(w.batch) * costs.cpu_product_call.value_or(0);
    if (!t.matrix && team(each) > 1)
      t.compute +=
          real(std::max<std::int64_t>(1, w.batch)) * team(each) * costs.cpu_handoff.value_or(0);
    const double in = real(w.read.count + w.weights.count), out = real(w.written.count);
    const double written = out * costs.cpu_output_passes.value_or(1);
    // The products of a batch follow one another on one thread, which reads their operands.
    const double reading = w.batch > 1 ? costs.cpu_reduce_bandwidth.value_or(bandwidth) : bandwidth;
    if (!cached(in + written)) {
      t.dram = in + written;
      t.memory = in / std::min(reading, bandwidth) + written / bandwidth;
      if (costs.cpu_first_touch) t.memory += out / *costs.cpu_first_touch;
    } else if (!weights_stay) {
      // They come while the products run.
      t.dram = real(w.weights.count);
      t.memory = std::max(0.0, t.dram / bandwidth - t.compute);
    }
    // Weights in fewer bits are written as float32 and read again.
    if (t.matrix && costs.cpu_matrix_fp32.value_or(0) != 0) {
      const double whole = 4 * real(w.n * w.k * w.batch);
      if (w.weights.count > 0 && real(w.weights.count) < whole) {
        t.memory += 2 * whole / (cached(whole) ? n_ports() : bandwidth);
        if (!cached(whole)) t.dram += 2 * whole;
      }
    }
    if (w.bias) {
      const double pass = out * costs.cpu_bias_passes.value_or(0);
      t.memory += pass / elementwise_bandwidth(pass);
      if (!cached(pass)) t.dram += pass;
    }
    return t;
  }
};

}  // namespace

DeviceEstimate price_cpu(std::span<const Work> work, const Chip& chip, const Runtime& runtime,
                         const PriceOptions& options) {
  const Cpu model(work, chip, runtime, options);
  const RuntimeParameters& costs = runtime.costs();
  const CpuParameters& cpu = chip.cpu();
  DeviceEstimate e;
  double all_flop = 0, memory = 0;
  for (const Work& w : work) {
    const double count = real(w.count);
    const bool fused = costs.fuses_elementwise && w.kind == WorkKind::elementwise;
    Times t = model.time(w);
    if (fused) t.memory = t.dram = 0;
    const bool product = w.kind == WorkKind::gemm || w.kind == WorkKind::conv;
    const double call = product && w.batch == 1 ? costs.cpu_product_call.value_or(0) : 0;
    const double fixed = fused ? 0 : costs.cpu_op_dispatch.value_or(costs.op_dispatch) + call;
    of(e.causes, Cause::compute) += count * t.compute;
    of(e.causes, Cause::memory) += count * t.memory;
    of(e.causes, Cause::dispatch) += count * fixed;
    memory += count * t.memory;
    const double flop = 2 * real(w.macs.count) + real(w.other_flops);
    all_flop += count * flop;
    e.dram_bytes += count * t.dram;
    const double arithmetic = w.kind == WorkKind::loop ? count * t.compute * cpu.power_core
                                                       : count * flop * model.energy_flop(t.matrix);
    const double dram = count * t.dram * chip.memory().energy_byte;
    e.energy_compute += arithmetic;
    e.energy_memory += dram;
    if (options.by_operator)
      e.operators.push_back({w.name, w.count, count * (t.compute + t.memory + fixed),
                             t.compute > t.memory ? Cause::compute
                             : t.memory > fixed   ? Cause::memory
                                                  : Cause::dispatch,
                             w.kind, count * real(w.macs.count), count * real(w.weights.count),
                             count * t.dram, arithmetic + dram});
  }
  of(e.causes, Cause::dispatch) += costs.call_cpu;
  // While it waits for memory and while it prepares operators, a core still draws its power.
  const double seconds = e.seconds();
  e.encoding = of(e.causes, Cause::dispatch);
  e.energy_static = cpu.power_idle * seconds + cpu.power_core * (memory + e.encoding);
  const double peak = std::max(model.neon, cpu.matrix_units * model.unit);
  if (seconds > 0) e.utilisation = all_flop / seconds / peak;
  return e;
}

}  // namespace ane::sim
