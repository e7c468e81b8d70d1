// GPUs, operator by operator: a smooth roofline per kernel, the fixed cost of a kernel, and the
// host, which encodes operators while the device works and waits for it at the end of a call.
//
//   t_work = ((FLOP / (u occ P))^p + (bytes / B)^p)^(1/p)
//   t      = sum max(t_dispatch, t_kernel + t_work) + waits * t_wait
//
// Products run on matrix units where the chip has them and the runtime drives them. FLOP are those
// of products padded to the kernel's tiles; occ is the share of the cores that the
// last round of tiles fills. Source of the form and its error: docs/timing.md, "GPU".
#include <algorithm>
#include <cmath>
#include <optional>

#include "isa/error.h"
#include "sim/devices/estimate.h"

namespace ane::sim {
namespace {

using kernels::Work;
using kernels::WorkKind;
using results::Cause;

constexpr std::int64_t few_rows = 8;  // S71: mul_mv_ext of ggml

double real(std::int64_t v) {
  return static_cast<double>(v);
}
double padded(std::int64_t v, double to) {
  return std::ceil(real(v) / to) * to;
}

struct Roofline {
  double compute = 0, memory = 0;  // seconds of each alone
  double dram = 0;                 // bytes that the last-level cache does not hold
};

class Gpu {
 public:
  Gpu(const Chip& chip_, const Runtime& runtime_, const PriceOptions& o)
      : chip(chip_), gpu(chip_.gpu()), costs(runtime_.costs()), options(o) {
    std::optional<double> matrix;
    share = gpu.utilisation;
    switch (o.precision) {
      case Precision::fp32:
        peak = gpu.peak_fp32();
        share = gpu.utilisation_fp32.value_or(share);
        if (costs.gpu_tf32.value_or(0) != 0) matrix = gpu.matrix_tf32;
        break;
      case Precision::fp16:
        peak = gpu.peak_fp16();
        matrix = gpu.matrix_fp16;
        break;
      case Precision::int8:
        peak = gpu.peak_int8();
        matrix = gpu.matrix_int8;
        break;
    }
    product_peak = peak;
    if (matrix && costs.gpu_matrix_unit.value_or(0) != 0) {
      product_peak = gpu.cores * gpu.clock_hz * *matrix;
      share = gpu.matrix_utilisation.value_or(share);
    }
    const double memory = chip.memory().bandwidth;
    stream = std::min(gpu.bandwidth_stream * costs.bandwidth_utilisation, memory);
    decode = std::min(gpu.decode_share * memory * costs.bandwidth_utilisation, memory);
  }

  Roofline alone(const Work& w) const {
    Roofline r;
    // Weights come from memory once a call; activations may still lie in the last-level cache, half
    // of which an operator's tensors must leave to those before and after.
    const double weights = real(w.weights.count), data = bytes(w) - weights;
    const bool one_row = (w.kind == WorkKind::gemm || w.kind == WorkKind::conv) && w.m == 1;
    const bool cached = chip.memory().slc && data <= *chip.memory().slc / 2;
    r.dram = cached ? weights : data + weights;
    r.memory = data / (cached ? stream * gpu.slc_gain : stream) +
               weights / (one_row ? std::max(stream, decode) : stream);
    if (w.kind == WorkKind::gemm || w.kind == WorkKind::conv)
      r.compute = product_time(w);
    else if (w.kind == WorkKind::attention)
      r.compute = 2 * real(w.macs.count) /
                  (peak * gpu.utilisation * costs.attention_utilisation.value_or(1));
    else
      r.compute = (2 * real(w.macs.count) + real(w.other_flops)) / gpu.peak_fp32();
    return r;
  }

  // Bytes that an operator moves, passes over its data included.
  double bytes(const Work& w) const {
    const double wide =
        options.precision == Precision::fp16 ? costs.activation_passes.value_or(1) : 1;
    const double data = wide * real(w.read.count + w.written.count);
    const double all = data + real(w.weights.count);
    switch (w.kind) {
      case WorkKind::softmax:
        return all * costs.softmax_passes;
      case WorkKind::elementwise:
        return all * costs.elementwise_passes;
      case WorkKind::gemm:
      case WorkKind::conv: {
        double passes = w.bias ? costs.bias_passes.value_or(0) : 0;
        constexpr double two_gib = 2147483648.0;
        if (real(w.written.count) > two_gib) passes += costs.large_output_passes.value_or(0);
        return all + 2 * windows(w) + passes * wide * real(w.written.count);
      }
      default:
        return all;
    }
  }

  // Bytes of a convolution's windows as a matrix of rows, where the runtime makes one.
  double windows(const Work& w) const {
    if (w.kind != WorkKind::conv || costs.im2col.value_or(0) == 0) return 0;
    const double matrix =
        real(w.m * w.k * w.batch) * (options.precision == Precision::fp32 ? 4 : 2);
    return matrix > real(w.read.count) ? matrix : 0;
  }
  // Kernels that an operator takes: a bias that is read and written with the output is one of its
  // own.
  double kernels(const Work& w) const {
    const bool product = w.kind == WorkKind::gemm || w.kind == WorkKind::conv;
    const bool adds = product && w.bias && costs.bias_passes.value_or(0) >= 2;
    return 1 + (windows(w) > 0 ? 1 : 0) + (adds ? 1 : 0);
  }

  const Chip& chip;
  const GpuParameters& gpu;
  const RuntimeParameters& costs;
  const PriceOptions& options;
  // FLOP/s of the lanes, and of what runs products; the share of it that large ones reach.
  double peak = 0, product_peak = 0, share = 0;
  double stream = 0, decode = 0;

 private:
  double product_time(const Work& w) const {
    double u = share * costs.gemm_utilisation;
    // Convolutions are other kernels than products, and are tuned less.
    if (w.kind == WorkKind::conv && product_peak == peak)
      u = costs.convolution_utilisation.value_or(u);
    if (w.compressed) u *= costs.quantised_utilisation.value_or(1);
    // One row or column takes kernels without tiles, bound by memory anyway.
    if (w.m == 1 || (w.n == 1 && w.kind == WorkKind::gemm))
      return 2 * real(w.macs.count) / (u * product_peak);
    // Narrow products have kernels with half a tile. Those of few rows with decoded weights take
    // four rows at a time, and decode the weights for each four, which takes as long as their
    // products.
    const auto half = [&](std::int64_t v) {
      return real(v) <= gpu.tile / 2 ? gpu.tile / 2 : gpu.tile;
    };
    const double edge_n = half(w.n);
    const double edge_m = w.compressed && w.m <= few_rows ? 2 * padded(w.m, 4) : half(w.m);
    const double m = padded(w.m, edge_m), n = padded(w.n, edge_n), k = padded(w.k, 8);
    const double tiles = m / edge_m * (n / edge_n) * real(w.batch);
    const double rounds = std::ceil(tiles / gpu.cores);
    // Too few tiles a core cannot hide the latency of their loads.
    const double hidden = rounds / (rounds + gpu.tile_latency);
    const double occupancy = tiles / (rounds * gpu.cores) * hidden;
    return 2 * m * n * k * real(w.batch) / (u * occupancy * product_peak);
  }
};

}  // namespace

DeviceEstimate price_gpu(std::span<const Work> work, const Chip& chip, const Runtime& runtime,
                         const PriceOptions& options) {
  const Gpu model(chip, runtime, options);
  const RuntimeParameters& costs = runtime.costs();
  const GpuParameters& gpu = chip.gpu();
  if (!costs.gpu) throw InputError("", "runtime '" + runtime.name() + "' drives no GPU");
  const double kernel = costs.kernel_time > 0 ? costs.kernel_time : gpu.kernel_time;
  DeviceEstimate e;
  double all_flop = 0;
  bool first = true;
  for (const Work& w : work) {
    const double count = real(w.count);
    const bool fused = costs.fuses_elementwise && w.kind == WorkKind::elementwise;
    const Roofline r = model.alone(w);
    const double p = gpu.roofline_exponent;
    const double c = std::pow(r.compute, p), m = fused ? 0 : std::pow(r.memory, p);
    const double t_work = std::pow(c + m, 1 / p);
    // A compiled graph is launched once; its kernels still have their own fixed cost.
    const bool plain = w.kind == WorkKind::elementwise || w.kind == WorkKind::copy;
    double encode = plain ? costs.op_dispatch_plain.value_or(costs.op_dispatch) : costs.op_dispatch;
    if (options.op_dispatch >= 0) encode = options.op_dispatch;
    if (costs.compiles_graph && !first) encode = 0;
    const double t_kernel = fused ? 0 : kernel * model.kernels(w);
    const double starved = std::max(0.0, (fused ? 0 : encode) - t_kernel - t_work);
    if (c + m > 0) {
      of(e.causes, Cause::compute) += count * t_work * c / (c + m);
      of(e.causes, Cause::memory) += count * t_work * m / (c + m);
    }
    of(e.causes, Cause::overhead) += count * t_kernel;
    of(e.causes, Cause::dispatch) += count * starved;
    e.encoding += fused ? 0 : count * encode;
    const double flop = 2 * real(w.macs.count) + real(w.other_flops);
    const double moved = fused ? 0 : model.bytes(w);
    all_flop += count * flop;
    const double dram = fused ? 0 : r.dram;
    e.dram_bytes += count * dram;
    const double compute = count * (flop * gpu.energy_flop + moved * gpu.energy_byte);
    const double memory = count * dram * chip.memory().energy_byte;
    e.energy_compute += compute;
    e.energy_memory += memory;
    if (options.by_operator)
      e.operators.push_back({w.name, w.count, count * (t_work + t_kernel + starved),
                             starved > t_work + t_kernel ? Cause::dispatch
                             : t_kernel > t_work         ? Cause::overhead
                             : c > m                     ? Cause::compute
                                                         : Cause::memory,
                             w.kind, count * real(w.macs.count), count * real(w.weights.count),
                             count * dram, compute + memory});
    first = false;
  }
  const double waits = options.overlap      ? 0
                       : options.waits >= 0 ? options.waits
                                            : costs.waits_per_call;
  of(e.causes, Cause::wait) += waits * (costs.host_wait > 0 ? costs.host_wait : gpu.sync_time);
  of(e.causes, Cause::dispatch) += costs.call_gpu;
  const double seconds = e.seconds();
  e.energy_static = gpu.power_idle * seconds;
  if (seconds > 0) e.utilisation = all_flop / seconds / std::max(model.peak, model.product_peak);
  return e;
}

}  // namespace ane::sim
