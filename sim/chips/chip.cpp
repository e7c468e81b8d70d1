#include "sim/chips/chip.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "isa/error.h"
#include "isa/task.h"
#include "sim/chips/bind.h"

namespace ane::sim {
namespace {

using A = AneParameters;
constexpr Field<A> ane_fields[] = {
    {"ane.engines", "1", &A::engines, 1, 16},
    {"ane.engines_efficiency", "1", &A::engines_efficiency, 0.01, 1},
    {"ane.cores", "1", &A::cores, 1, 256},
    {"ane.clock", "Hz", &A::clock_hz, 1e6, 20e9},
    {"ane.floor_clock", "Hz", &A::floor_clock_hz, 1e6, 20e9},
    {"ane.l2_clock", "Hz", &A::l2_clock_hz, 1e6, 20e9},
    {"ane.macs_fp16", "MAC/cycle", &A::macs_fp16, 1, 65536},
    {"ane.macs_int8", "MAC/cycle", &A::macs_int8, 1, 65536},
    {"ane.kernel_memory", "B", &A::kernel_memory, 1024, 1 << 30},
    {"ane.l2", "B", &A::l2, 256, 1 << 30},
    {"ane.l2_banks", "1", &A::l2_banks, 1, 4096},
    {"ane.l2_bank_width", "B", &A::l2_bank_width, 1, 4096},
    {"ane.pe.elements", "element/cycle", &A::pe_elements, 0.1, 65536},
    {"ane.pe.elements_two", "element/cycle", &A::pe_elements_two, 0.1, 65536},
    {"ane.bandwidth.dram", "B/s", &A::dram_bandwidth, 1e6, 1e14},
    {"ane.bandwidth.weights", "B/s", &A::weight_bandwidth, 1e6, 1e14},
    {"ane.bandwidth.weights_conflict", "B/s", &A::weight_conflict_bandwidth, 1e6, 1e14},
    {"ane.bandwidth.tiles", "B/s", &A::tile_bandwidth, 1e6, 1e14},
    {"ane.bandwidth.host_copy", "B/s", &A::host_copy_bandwidth, 1e6, 1e14},
    {"ane.dram_latency", "s", &A::dram_latency, 0, 1e-3},
    {"ane.task_overhead", "cycle", &A::task_overhead, 0, 1e6},
    {"ane.unit_overhead", "cycle", &A::unit_overhead, 0, 1e5},
    {"ane.unit_overhead_int8", "cycle", &A::unit_overhead_int8, 0, 1e5},
    {"ane.weights_ahead", "B", &A::weights_ahead, 0, 1e10},
    {"ane.palette_decode", "element/cycle", &A::palette_decode, 0.01, 65536},
    {"ane.palette_channel", "element/cycle", &A::palette_channel, 0.001, 65536},
    {"ane.l2_write", "B/cycle", &A::l2_write, 1, 65536},
    {"ane.product_load", "B/cycle", &A::product_load, 1, 65536},
    {"ane.winograd_gain", "1", &A::winograd_gain, 1, 2.25},
    {"ane.zero_skip.at_50", "1", &A::zero_skip_50, 0.01, 1},
    {"ane.zero_skip.at_75", "1", &A::zero_skip_75, 0.01, 1},
    {"ane.zero_skip.at_90", "1", &A::zero_skip_90, 0.01, 1},
    {"ane.zero_skip.at_100", "1", &A::zero_skip_100, 0.01, 1},
    {"ane.features.detects_zeros", "1", &A::detects_zeros, 0, 1},
    {"ane.dispatch.direct", "s", &A::dispatch_direct, 0, 1},
    {"ane.dispatch.coreml", "s", &A::dispatch_coreml, 0, 1},
    {"ane.dispatch.family", "s", &A::dispatch_family, 0, 1},
    {"ane.dispatch.host_share", "1", &A::dispatch_host_share, 0, 1},
    {"ane.cold_wake", "s", &A::cold_wake, 0, 100},
    {"ane.rail_off_after", "s", &A::rail_off_after, 0, 1e4},
    {"ane.idle_gap", "s", &A::idle_gap, 0, 100},
    {"ane.ramp_time", "s", &A::ramp_time, 0, 100},
    {"ane.energy.mac_fp16", "J/MAC", &A::energy_mac_fp16, 0, 1e-9},
    {"ane.energy.mac_int8", "J/MAC", &A::energy_mac_int8, 0, 1e-9},
    {"ane.energy.l2_byte", "J/B", &A::energy_l2_byte, 0, 1e-8},
    {"ane.energy.kernel_byte", "J/B", &A::energy_kernel_byte, 0, 1e-8},
    {"ane.energy.dram_byte", "J/B", &A::energy_dram_byte, 0, 1e-8},
    {"ane.energy.dma_byte", "J/B", &A::energy_dma_byte, 0, 1e-8},
    {"ane.energy.dram_on_rail", "1", &A::energy_dram_on_rail, 0, 1},
    {"ane.energy.pe_element", "J/element", &A::energy_pe_element, 0, 1e-8},
    {"ane.energy.dispatch", "J", &A::energy_dispatch, 0, 1},
    {"ane.energy.mac_on_rail", "1", &A::energy_mac_on_rail, 0.1, 10},
    {"ane.energy.relu_mac", "1", &A::energy_relu_mac, 0.01, 1},
    {"ane.energy.floor_share", "1", &A::energy_floor_share, 0.01, 1},
    {"ane.power.awake", "W", &A::power_awake, 0, 1e3},
    {"ane.power.core", "W", &A::power_core, 0, 1e3},
    {"ane.power.leakage", "W", &A::power_leakage, 0, 1e3},
    {"ane.power.idle", "W", &A::power_idle, 0, 1e3},
};

// The part that software may see.
using I = isa::Machine;
constexpr Field<I> limit_fields[] = {
    {"ane.limits.extent", "1", &I::max_extent, 1, 1 << 24},
    {"ane.limits.channels", "1", &I::max_channels, 1, 1 << 24},
    {"ane.limits.kernel_width", "1", &I::max_kernel_width, 1, 256},
    {"ane.limits.kernel_height", "1", &I::max_kernel_height, 1, 256},
    {"ane.limits.pool", "1", &I::max_pool, 1, 256},
    {"ane.limits.row_alignment", "B", &I::row_alignment, 1, 4096},
    {"ane.features.int8_macs", "1", &I::int8_macs, 0, 1},
    {"ane.features.texture_unit", "1", &I::texture_unit, 0, 1},
    {"ane.features.streams_int8_weights", "1", &I::streams_int8_weights, 0, 1},
    {"ane.features.chains_tiles", "1", &I::chains_tiles, 0, 1},
};

using C = CpuParameters;
constexpr Field<C> cpu_fields[] = {
    {"cpu.p_cores", "1", &C::p_cores, 1, 1024},
    {"cpu.e_cores", "1", &C::e_cores, 0, 1024},
    {"cpu.p_clock", "Hz", &C::p_clock_hz, 1e6, 20e9},
    {"cpu.p_clock_all", "Hz", &C::p_clock_all_hz, 1e6, 20e9},
    {"cpu.e_clock", "Hz", &C::e_clock_hz, 1e6, 20e9},
    {"cpu.neon.fp32_p", "FLOP/cycle", &C::neon_fp32_p, 1, 4096},
    {"cpu.neon.fp16_p", "FLOP/cycle", &C::neon_fp16_p, 1, 4096},
    {"cpu.neon.int8_p", "OP/cycle", &C::neon_int8_p, 1, 4096},
    {"cpu.neon.fp32_e", "FLOP/cycle", &C::neon_fp32_e, 1, 4096},
    {"cpu.neon.fp16_e", "FLOP/cycle", &C::neon_fp16_e, 1, 4096},
    {"cpu.neon.int8_e", "OP/cycle", &C::neon_int8_e, 1, 4096},
    {"cpu.matrix.units", "1", &C::matrix_units, 0, 64},
    {"cpu.matrix.fp32", "FLOP/s", &C::matrix_fp32, 0, 1e15},
    {"cpu.matrix.fp16", "FLOP/s", &C::matrix_fp16, 0, 1e15},
    {"cpu.matrix.int8", "OP/s", &C::matrix_int8, 0, 1e15},
    {"cpu.product.one_unit", "1", &C::product_one, 0.01, 1},
    {"cpu.product.all_units", "1", &C::product_all, 0.01, 1},
    {"cpu.product.vector", "1", &C::product_vector, 0.01, 1},
    {"cpu.product.parallel", "FLOP", &C::product_parallel, 0, 1e15},
    {"cpu.bandwidth", "B/s", &C::bandwidth, 1e6, 1e14},
    {"cpu.bandwidth_core", "B/s", &C::bandwidth_core, 1e6, 1e14},
    {"cpu.core_port", "B/cycle", &C::core_port, 1, 4096},
    {"cpu.l2_p", "B", &C::p_l2, 1024, 1e12},
    {"cpu.energy.neon_flop", "J/FLOP", &C::energy_neon_flop, 0, 1e-8},
    {"cpu.energy.matrix_flop", "J/FLOP", &C::energy_matrix_flop, 0, 1e-8},
    {"cpu.power.core", "W", &C::power_core, 0, 1e3},
    {"cpu.power.idle", "W", &C::power_idle, 0, 1e3},
};

using G = GpuParameters;
constexpr Field<G> gpu_fields[] = {
    {"gpu.cores", "1", &G::cores, 1, 4096},
    {"gpu.clock", "Hz", &G::clock_hz, 1e6, 20e9},
    {"gpu.flop_fp32", "FLOP/cycle", &G::flop_fp32, 1, 1e6},
    {"gpu.flop_fp16", "FLOP/cycle", &G::flop_fp16, 1, 1e6},
    {"gpu.op_int8", "OP/cycle", &G::op_int8, 1, 1e6},
    {"gpu.utilisation", "1", &G::utilisation, 0.01, 1},
    {"gpu.utilisation_fp32", "1", &G::utilisation_fp32, 0.01, 1},
    {"gpu.matrix.fp16", "FLOP/cycle", &G::matrix_fp16, 1, 1e6},
    {"gpu.matrix.int8", "OP/cycle", &G::matrix_int8, 1, 1e6},
    {"gpu.matrix.tf32", "FLOP/cycle", &G::matrix_tf32, 1, 1e6},
    {"gpu.matrix.utilisation", "1", &G::matrix_utilisation, 0.01, 1},
    {"gpu.bandwidth_stream", "B/s", &G::bandwidth_stream, 1e6, 1e14},
    {"gpu.decode_share", "1", &G::decode_share, 0.01, 1},
    {"gpu.kernel_time", "s", &G::kernel_time, 0, 1},
    {"gpu.sync_time", "s", &G::sync_time, 0, 1},
    {"gpu.roofline_exponent", "1", &G::roofline_exponent, 1, 100},
    {"gpu.tile", "1", &G::tile, 1, 4096},
    {"gpu.tile_latency", "1", &G::tile_latency, 0, 100},
    {"gpu.cold_wake", "s", &G::cold_wake, 0, 10},
    {"gpu.slc_gain", "1", &G::slc_gain, 1, 100},
    {"gpu.energy.flop", "J/FLOP", &G::energy_flop, 0, 1e-8},
    {"gpu.energy.byte", "J/B", &G::energy_byte, 0, 1e-8},
    {"gpu.power.idle", "W", &G::power_idle, 0, 1e4},
    {"gpu.working_set", "1", &G::working_set, 0.01, 1},
    {"gpu.working_set_large", "1", &G::working_set_large, 0.01, 1},
    {"gpu.power.load", "W", &G::power_load, 0, 1e4},
};

using M = MemoryParameters;
constexpr Field<M> memory_fields[] = {
    {"memory.bus", "B", &M::bus, 1, 1e5},
    {"memory.transfer_rate", "T/s", &M::transfer_rate, 1e6, 1e12},
    {"memory.bandwidth", "B/s", &M::bandwidth, 1e6, 1e14},
    {"memory.slc", "B", &M::slc, 1024, 1e12},
    {"memory.capacity", "B", &M::capacity, 1e6, 1e15},
    {"memory.process_share", "1", &M::process_share, 0.01, 1},
    {"memory.energy_byte", "J/B", &M::energy_byte, 0, 1e-8},
};

using P = PcieParameters;
constexpr Field<P> pcie_fields[] = {
    {"pcie.bandwidth", "B/s", &P::bandwidth, 1e6, 1e13},
    {"pcie.latency", "s", &P::latency, 0, 1},
};

template <class S, std::size_t N>
std::optional<S> section(const Description& d, std::string_view name, const Field<S> (&fields)[N],
                         KnownPaths& known) {
  std::optional<S> out;
  if (has_section(d, name)) bind<S>(d, fields, out.emplace(), known);
  return out;
}

template <class S>
const S& present(const std::optional<S>& unit, const Chip& chip, std::string_view what) {
  if (unit) return *unit;
  std::string there;
  for (const auto& [has, option] : {std::pair{chip.has_ane(), "unit=ane"},
                                    {chip.has_gpu(), "unit=gpu"},
                                    {chip.has_cpu(), "unit=cpu"}})
    if (has) there += (there.empty() ? "" : " or ") + std::string(option);
  throw InputError("", fmt::format("chip '{}' has no {}", chip.name(), what),
                   there.empty() ? "" : there + " (--unit)");
}

// Of what is described of the accelerator and the memory's rate.
std::uint64_t key_of_accelerator(const Description& d) {
  std::uint64_t key = 0;
  for (const auto& [path, p] : d.parameters)
    if (path.starts_with("ane.") || path == "memory.bandwidth")
      key = key * 1099511628211U ^ std::bit_cast<std::uint64_t>(p.value);
  return key;
}

}  // namespace

Chip::Chip(Description description)
    : description_(std::make_shared<const Description>(std::move(description))) {
  KnownPaths known;
  bind<M>(*description_, memory_fields, memory_, known);
  ane_ = section(*description_, "ane", ane_fields, known);
  cpu_ = section(*description_, "cpu", cpu_fields, known);
  gpu_ = section(*description_, "gpu", gpu_fields, known);
  pcie_ = section(*description_, "pcie", pcie_fields, known);
  limit_to_memory();
  follow_clocks();
  if (ane_) {
    bind<I>(*description_, limit_fields, machine_, known);
    machine_.chip = name();
    machine_.cores = ane_->cores;
    machine_.macs_fp16 = ane_->macs_fp16;
    machine_.macs_int8 = ane_->macs_int8;
    machine_.kernel_memory = ane_->kernel_memory;
    machine_.l2 = ane_->l2;
    machine_.l2_banks = ane_->l2_banks;
    machine_.l2_bank_width = ane_->l2_bank_width;
    plan();
    // A kernel comes in as many streams as the ISA has; each engine takes the same number of them.
    if (ane_->cores > isa::stream_count ? ane_->cores % isa::stream_count != 0
                                        : isa::stream_count % ane_->cores != 0)
      throw InputError(std::string(description_->at("ane.cores").place),
                       fmt::format("ane.cores: {} engines cannot share the {} streams of a kernel",
                                   ane_->cores, isa::stream_count),
                       "1, 2, 4, 8, 16 or a multiple of 16");
  }
  accelerator_key_ = key_of_accelerator(*description_);
  plans_key_ = description_->sold ? key_of_accelerator(*description_->sold) : accelerator_key_;
  refuse_unknown(*description_, known);
  // These say where the bandwidth comes from; no law reads them.
  for (const char* path : {"memory.bus", "memory.transfer_rate"})
    if (const Parameter& p = description_->at(path); p.kind == "set")
      throw InputError(std::string(p.place), "no price depends on it", "memory.bandwidth");
}

void Chip::plan() {
  AneParameters p = *ane_;
  if (const Description* sold = description_->sold.get()) {
    KnownPaths known;
    bind<A>(*sold, ane_fields, p, known);
    const double memory = sold->at("memory.bandwidth").value;
    for (double* rate : {&p.dram_bandwidth, &p.weight_bandwidth, &p.weight_conflict_bandwidth,
                         &p.tile_bandwidth, &p.host_copy_bandwidth})
      *rate = std::min(*rate, memory);
  }
  machine_.rates = {.tile_bytes = p.tile_bandwidth / p.clock_hz,
                    .weight_bytes = p.weight_bandwidth / p.clock_hz,
                    .planar_elements = p.pe_elements * p.l2_clock_hz / p.clock_hz,
                    .macs_fp16 = static_cast<double>(p.cores * p.macs_fp16),
                    .macs_int8 = static_cast<double>(p.cores * p.macs_int8),
                    .task_start = p.task_overhead,
                    .kernel_memory = Bytes{p.cores * p.kernel_memory.count}};
  planned_ = std::make_shared<const AneParameters>(p);
}

// Another clock needs another voltage: the energy of an event goes with V^2, the power of what is
// clocked with V^2 f. Between the operating points of M1's and M2's GPU and P cores V^2 goes with
// f^0.69 to f^0.79 (S12: Linux's tables); the ANE's exponent is what its floor clock shows [E3]. An
// energy that is itself set stays as it is set.
void Chip::follow_clocks() {
  constexpr double gpu_and_cpu = 0.75;
  const auto ratio = [&](std::string_view clock) {
    const Parameter& p = description_->at(clock);
    return p.stock ? p.value / *p.stock : 1;
  };
  const auto scale = [&](std::string_view path, double& value, double factor) {
    if (description_->at(path).kind != "set") value *= factor;
  };
  if (const double r = ane_ ? ratio("ane.clock") : 1; r != 1) {
    AneParameters& a = *ane_;
    const double stock = a.clock_hz / r;
    const double volts = std::pow(
        r, std::log(a.energy_floor_share) / std::log(std::min(0.99, a.floor_clock_hz / stock)));
    scale("ane.energy.mac_fp16", a.energy_mac_fp16, volts);
    scale("ane.energy.mac_int8", a.energy_mac_int8, volts);
    scale("ane.energy.l2_byte", a.energy_l2_byte, volts);
    scale("ane.energy.kernel_byte", a.energy_kernel_byte, volts);
    scale("ane.energy.dma_byte", a.energy_dma_byte, volts);
    scale("ane.energy.pe_element", a.energy_pe_element, volts);
    scale("ane.power.awake", a.power_awake, volts * r);
    scale("ane.power.core", a.power_core, volts * r);
  }
  if (const double r = gpu_ ? ratio("gpu.clock") : 1; r != 1) {
    scale("gpu.energy.flop", gpu_->energy_flop, std::pow(r, gpu_and_cpu));
    scale("gpu.energy.byte", gpu_->energy_byte, std::pow(r, gpu_and_cpu));
  }
  if (const double r = cpu_ ? ratio("cpu.p_clock_all") : 1; r != 1) {
    scale("cpu.energy.neon_flop", cpu_->energy_neon_flop, std::pow(r, gpu_and_cpu));
    scale("cpu.energy.matrix_flop", cpu_->energy_matrix_flop, std::pow(r, gpu_and_cpu));
  }
  if (const double r = cpu_ ? ratio("cpu.p_clock") : 1; r != 1)
    scale("cpu.power.core", cpu_->power_core, std::pow(r, 1 + gpu_and_cpu));
}

std::optional<double> Chip::usable_memory(bool gpu) const {
  if (!memory_.capacity) return std::nullopt;
  double share = memory_.process_share.value_or(1);
  constexpr double large = 36.0 * (1 << 30);
  if (gpu && gpu_)
    share = std::min(
        share,
        (*memory_.capacity < large ? gpu_->working_set : gpu_->working_set_large).value_or(1));
  return share * *memory_.capacity;
}

template <class Use>
void Chip::each_memory_rate(Use use) {
  if (ane_) {
    use("ane.bandwidth.dram", ane_->dram_bandwidth);
    use("ane.bandwidth.weights", ane_->weight_bandwidth);
    use("ane.bandwidth.weights_conflict", ane_->weight_conflict_bandwidth);
    use("ane.bandwidth.tiles", ane_->tile_bandwidth);
    use("ane.bandwidth.host_copy", ane_->host_copy_bandwidth);
  }
  if (cpu_) {
    use("cpu.bandwidth", cpu_->bandwidth);
    if (cpu_->bandwidth_core) use("cpu.bandwidth_core", *cpu_->bandwidth_core);
  }
  if (gpu_) use("gpu.bandwidth_stream", gpu_->bandwidth_stream);
  if (pcie_) use("pcie.bandwidth", pcie_->bandwidth);
}

void Chip::limit_to_memory() {
  each_memory_rate([&](std::string_view path, double& rate) {
    if (rate > memory_.bandwidth) rate = memory_.bandwidth, held_by_memory_.push_back(path);
  });
}

Chip Chip::with_share_of_memory(double share) const {
  Chip part = *this;
  part.memory_.bandwidth *= share;
  part.each_memory_rate([&](std::string_view, double& rate) { rate *= share; });
  return part;
}

const AneParameters& Chip::ane() const& {
  return present(ane_, *this, "ANE");
}
const CpuParameters& Chip::cpu() const& {
  return present(cpu_, *this, "CPU");
}
const GpuParameters& Chip::gpu() const& {
  return present(gpu_, *this, "GPU");
}

Chip load_chip(std::string_view name, const std::vector<std::string>& overrides) {
  Description d = load_description("chips", "chip", name);
  for (const std::string& o : overrides) apply_override(d, o);
  return Chip(std::move(d));
}

std::vector<std::string> chip_names() {
  return description_names("chips");
}

}  // namespace ane::sim
