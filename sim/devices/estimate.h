// What a CPU or GPU asks for a list of operators: seconds and joules, with their causes.
//
// The laws and the figures behind them are in docs/timing.md, "CPU" and "GPU". Each device is a
// pure function of the work, the chip and the runtime; nothing here depends on values.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/work.h"
#include "results/cause.h"
#include "sim/chips/chip.h"
#include "sim/runtimes/runtime.h"

namespace ane::sim {

enum class Precision { fp32, fp16, int8 };

// "fp32", "fp16", "int8"; other storage formats compute in fp16. InputError if unknown.
Precision precision_of(std::string_view activations);

struct PriceOptions {
  Precision precision = Precision::fp16;
  bool overlap = false;      // calls follow one another without a wait: no host wait is paid
  double waits = -1;         // host waits of the call; below 0: the runtime's waits_per_call
  double op_dispatch = -1;   // s of host time an operator; below 0: the runtime's
  int threads = 0;           // CPU threads; 0: all
  bool by_operator = false;  // keep a line an operator
};

struct OpEstimate {
  std::string_view name;
  std::int64_t count = 1;
  double seconds = 0;  // of all `count`, as everything below
  results::Cause bound = results::Cause::compute;
  kernels::WorkKind kind = kernels::WorkKind::elementwise;
  double macs = 0, weight_bytes = 0, dram_bytes = 0;
  double joules = 0;  // of arithmetic and memory; what the device draws beside them is the call's
};

// Seconds and joules of one call.
struct DeviceEstimate {
  // compute and memory share an operator's time by the squares of their own times; overhead is the
  // device's fixed cost of each operator; dispatch is host time that the device waits for; wait is
  // the host waiting for the device.
  results::CauseSeconds causes{};
  double energy_compute = 0, energy_memory = 0, energy_static = 0;
  double dram_bytes = 0;   // moved
  double encoding = 0;     // s of host time for the operators, beside the device or waited for
  double utilisation = 0;  // FLOP over seconds, of the unit's peak at this precision
  std::vector<OpEstimate> operators{};  // with options.by_operator

  double seconds() const {
    double s = 0;
    for (const double c : causes) s += c;
    return s;
  }
  double joules() const { return energy_compute + energy_memory + energy_static; }
  results::Cause bound() const;  // the largest cause
};

// Apple and NVIDIA GPUs. InputError when the chip has no GPU or the runtime does not drive it.
DeviceEstimate price_gpu(std::span<const kernels::Work> work, const Chip& chip,
                         const Runtime& runtime, const PriceOptions& options = {});
DeviceEstimate price_cpu(std::span<const kernels::Work> work, const Chip& chip,
                         const Runtime& runtime, const PriceOptions& options = {});

}  // namespace ane::sim
