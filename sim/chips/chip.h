// A chip as data: what the simulator prices work with. Two chips differ by their files in
// sim/chips/ and by nothing else. Look-ups by path are for people and tools; models read the typed
// structs, filled and range-checked once at load. All values in base units: Hz, s, B, B/s, W, J,
// FLOP/s.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isa/machine.h"
#include "sim/chips/description.h"

namespace ane::sim {

// One Apple-Neural-Engine-like accelerator. "Cycle" without more is an NE cycle.
struct AneParameters {
  int engines = 1;                // whole ANEs on the die; one program runs on one
  double engines_efficiency = 1;  // of the rates of several engines on one program
  int cores = 16;                 // NEs per engine
  double clock_hz = 0;            // NE, full load
  double floor_clock_hz = 0;      // NE after an idle gap
  double l2_clock_hz = 0;         // L2 and planar engine, full load
  int macs_fp16 = 256;            // per NE and cycle
  int macs_int8 = 256;
  Bytes kernel_memory{}, l2{};  // per NE; per engine
  int l2_banks = 64;
  Bytes l2_bank_width{};
  double pe_elements = 0;       // fp16 elements per L2 cycle, one input
  double pe_elements_two = 0;   // same, two inputs
  double dram_bandwidth = 0;    // ceiling of all ANE traffic, below the memory's own
  double weight_bandwidth = 0;  // kernel DMA, all streams
  double weight_conflict_bandwidth =
      0;                           // kernel DMA, streams a power of two of 2 MiB or more apart
  double tile_bandwidth = 0;       // tile DMA, reads plus writes
  double host_copy_bandwidth = 0;  // host converting and copying tensors, where a runtime does
  double dram_latency = 0;         // first byte of a transfer
  double task_overhead = 0;        // cycles per task
  double unit_overhead = 0;        // cycles per work unit and pass: fill and drain of the array
  double unit_overhead_int8 = 0;   // same, of the integer path
  Bytes weights_ahead{};           // of the system cache, fetched before their task; 0: none
  double palette_decode = 0;  // weights that an engine's decoder takes from a palette in a cycle
  // The same for each output channel that shares the palette; absent: as if all did.
  std::optional<double> palette_channel;
  double l2_write = 0;       // bytes per L2 cycle that results are written at
  double product_load = 0;   // bytes per L2 cycle of a right-hand matrix into the kernel memories
  double winograd_gain = 1;  // direct time over Winograd time, dense 3x3 stride 1
  double zero_skip_50 = 1, zero_skip_75 = 1, zero_skip_90 = 1,
         zero_skip_100 = 1;    // time factor at that % zero weights
  bool detects_zeros = false;  // skips them in dense storage too; sparse storage skips everywhere
  // Time of one call with no work. direct: private API; coreml: Core ML's prediction call.
  double dispatch_direct = 0, dispatch_coreml = 0;
  double dispatch_family = 0;      // one figure for a generation: only the naive model takes it
  double dispatch_host_share = 1;  // of that time in which a core of the host works
  double cold_wake = 0;            // first call after the rail was off
  double rail_off_after = 0;       // idle seconds until the rail goes off
  double idle_gap = 0;             // a gap of this length drops the clock to the floor
  double ramp_time = 0;            // floor clock to full clock under load
  double energy_mac_fp16 = 0, energy_mac_int8 = 0;  // J per MAC
  double energy_l2_byte = 0, energy_kernel_byte = 0, energy_dram_byte = 0;
  double energy_dma_byte = 0;  // J per byte to or from memory, on the engine's own rail
  // Share of energy_dram_byte that a measurement of the engine's rail sees, 0 to 1; absent: 0.
  std::optional<double> energy_dram_on_rail;
  double energy_pe_element = 0, energy_dispatch = 0;
  // How many times its energy a reading of the engine's rail counts a MAC: the rail is an estimate
  // from activity, whose coefficients differ between dies of one engine; absent: 1.
  std::optional<double> energy_mac_on_rail;
  double energy_relu_mac = 1;     // of energy_mac that is left where the input comes out of a relu
  double energy_floor_share = 1;  // of a call's energy that the engine takes at the floor clock
  double power_awake = 0;         // W while a call is in flight: from its dispatch to its last task
  double power_core = 0;          // W per lit NE
  double power_leakage = 0;       // W while the rail is on
  double power_idle = 0;          // W with the rail off

  double peak_fp16() const { return peak(macs_fp16); }  // FLOP/s of one engine
  double peak_int8() const { return peak(macs_int8); }  // OP/s of one engine

 private:
  double peak(int macs) const { return 2.0 * cores * macs * clock_hz; }
};

struct CpuParameters {
  int p_cores = 0, e_cores = 0;
  double p_clock_hz = 0, p_clock_all_hz = 0, e_clock_hz = 0;  // one P core; all P cores; E cores
  // NEON FLOP (or int8 dot OP) per core and cycle.
  double neon_fp32_p = 0, neon_fp16_p = 0, neon_int8_p = 0;
  double neon_fp32_e = 0, neon_fp16_e = 0, neon_int8_e = 0;
  // Matrix units (AMX or SME of the P clusters): FLOP/s of one, and how many.
  int matrix_units = 0;
  double matrix_fp32 = 0, matrix_fp16 = 0, matrix_int8 = 0;
  double product_one = 1, product_all = 1;  // share of the peak: product on one unit, on all
  double product_vector = 1;                // share of the vector units' peak, products on them
  double product_parallel = 0;              // FLOP from which a product uses all units
  double bandwidth = 0;                     // B/s of DRAM that all cores together reach
  std::optional<double> bandwidth_core;     // B/s of DRAM that one core reaches
  double core_port = 0;                     // B per cycle between one P core and the L2
  std::optional<double> p_l2;               // bytes, all clusters of P cores together
  double energy_neon_flop = 0, energy_matrix_flop = 0;
  double power_core = 0;  // W of one busy P core
  double power_idle = 0;

  double peak_neon_fp32() const {
    return p_cores * p_clock_all_hz * neon_fp32_p + e_cores * e_clock_hz * neon_fp32_e;
  }
  double peak_matrix_fp32() const { return matrix_units * matrix_fp32; }
};

struct GpuParameters {
  int cores = 0;  // Apple GPU cores or NVIDIA SMs
  double clock_hz = 0;
  double flop_fp32 = 0;    // FLOP per core and cycle
  double flop_fp16 = 0;    // same, dense fp16 with the matrix unit where there is one
  double op_int8 = 0;      // same, dense int8; the fp16 rate where there is none
  double utilisation = 0;  // share of the peak that a large GEMM reaches
  std::optional<double> utilisation_fp32;  // the same in fp32, where it differs
  // Matrix units beside the vector lanes that only some software drives (Apple's GPU neural
  // accelerators): FLOP per core and cycle, and the share of it that a large GEMM reaches. tf32:
  // fp32 operands, rounded.
  std::optional<double> matrix_fp16, matrix_int8, matrix_tf32, matrix_utilisation;
  double bandwidth_stream = 0;      // B/s that streams reach
  double decode_share = 0;          // of the memory's bandwidth, that one-row products reach
  double kernel_time = 0;           // s on the GPU of an empty kernel inside one encoder
  double sync_time = 0;             // s of one host wait
  double roofline_exponent = 2;     // 2: smooth
  double tile = 64;                 // GEMM tile edge that decides occupancy
  double tile_latency = 0;          // r tiles a core run at r / (r + this) of its rate
  std::optional<double> cold_wake;  // s, further, of a first call after the power gate closed
  double slc_gain = 1;              // system-level cache's bandwidth over DRAM's
  double energy_flop = 0, energy_byte = 0;
  double power_idle = 0;
  std::optional<double> power_load;
  // Share of the memory that the driver lets the GPU use, below 36 GiB and from there on; absent:
  // all.
  std::optional<double> working_set, working_set_large;

  double peak_fp32() const { return cores * clock_hz * flop_fp32; }
  double peak_fp16() const { return cores * clock_hz * flop_fp16; }
  double peak_int8() const { return cores * clock_hz * op_int8; }
};

struct MemoryParameters {
  double bus = 0;                       // bytes per transfer (written in bits)
  double transfer_rate = 0;             // transfers per second and pin
  double bandwidth = 0;                 // data sheet: bus * transfer_rate
  std::optional<double> slc;            // system-level cache (NVIDIA: L2), bytes
  std::optional<double> capacity;       // bytes; the largest sold where the file speaks
  std::optional<double> process_share;  // of it that the system leaves to one process; absent: all
  double energy_byte = 0;               // DRAM access with PHY and controller
};

struct PcieParameters {  // present only where the GPU is a card
  double bandwidth = 0;  // B/s one way that copies reach
  double latency = 0;    // s per transfer
};

class Chip {
 public:
  explicit Chip(Description description);

  const std::string& name() const { return description_->name; }
  const Description& description() const { return *description_; }
  double get(std::string_view path) const { return parameter(path).value; }
  const Parameter& parameter(std::string_view path) const { return description_->at(path); }
  bool has(std::string_view path) const { return description_->has(path); }

  bool has_ane() const { return ane_.has_value(); }
  bool has_cpu() const { return cpu_.has_value(); }
  bool has_gpu() const { return gpu_.has_value(); }
  // InputError "chip 'H100' has no ANE" where absent.
  const AneParameters& ane() const&;
  const CpuParameters& cpu() const&;
  const GpuParameters& gpu() const&;
  // Of a chip that ends with the expression they are copies.
  AneParameters ane() && { return std::as_const(*this).ane(); }
  CpuParameters cpu() && { return std::as_const(*this).cpu(); }
  GpuParameters gpu() && { return std::as_const(*this).gpu(); }
  const MemoryParameters& memory() const { return memory_; }
  const std::optional<PcieParameters>& pcie() const { return pcie_; }
  // Bytes of the memory that a unit of this chip may use; nothing where its size is not known.
  std::optional<double> usable_memory(bool gpu) const;
  // Two chips whose accelerators are described alike, and whose memories are as fast, share it.
  std::uint64_t accelerator_key() const { return accelerator_key_; }
  // The accelerator that its compiler plans for: the chip as sold, whatever is set since, so that
  // one program of a request is timed under all rates, and more of one is never slower.
  const AneParameters& planned() const { return *planned_; }
  std::uint64_t plans_key() const { return plans_key_; }  // of chips that are planned for alike
  // As seen by one of several units whose streams together exceed the memory.
  Chip with_share_of_memory(double share) const;
  // One memory feeds all units: no rate to or from it is above its own. Those of the file or of a
  // setting that were, and that the memory's bandwidth replaces.
  const std::vector<std::string_view>& held_by_memory() const { return held_by_memory_; }
  // What the compiler lowers for; of a chip without an ANE the defaults, which run nothing.
  const isa::Machine& machine() const { return machine_; }

 private:
  std::shared_ptr<const Description> description_;  // copies of one share it
  std::optional<AneParameters> ane_;
  std::optional<CpuParameters> cpu_;
  std::optional<GpuParameters> gpu_;
  MemoryParameters memory_;
  std::optional<PcieParameters> pcie_;
  isa::Machine machine_;
  std::vector<std::string_view> held_by_memory_;
  std::shared_ptr<const AneParameters> planned_;
  std::uint64_t accelerator_key_ = 0, plans_key_ = 0;

  void plan();
  void follow_clocks();
  template <class Use>
  void each_memory_rate(Use use);
  void limit_to_memory();
};

// Of commands that name none.
inline constexpr char default_chip[] = "M4";

// name: "M4", "m1 pro", "M1 Max (24c)" or a file that ends in .json. overrides: "ane.l2=4MiB".
// Faults are InputError: unknown chip, unknown path, wrong unit, value out of its range.
Chip load_chip(std::string_view name, const std::vector<std::string>& overrides = {});

// Built-in chips in natural order.
std::vector<std::string> chip_names();

}  // namespace ane::sim
