// One spec on one chip: what it costs, and that cost as the quantity that a measured row states.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/record.h"
#include "sim/chips/chip.h"
#include "sim/devices/estimate.h"
#include "sim/runtimes/runtime.h"
#include "workloads/networks/spec.h"

namespace ane::sim {

// One call of the spec. causes sum to seconds, energy parts to joules.
struct Prediction {
  double seconds = 0, joules = 0;
  double flop = 0, dram_bytes = 0;
  results::Parts causes{}, energy{};
  std::string bound{};                  // the largest cause
  std::vector<OpEstimate> operators{};  // CPU and GPU
  results::Parts memory{};              // ANE: bytes of the largest program and what it works on
};

// unit=memory is what the CPU's cores can stream; where there is none, the GPU's.
std::string unit_of(const workloads::Spec& spec, const Chip& chip);

// unit and path of the spec decide device and runtime; `runtime` is the loaded runtime of
// spec.path. InputError for what no model covers; the sentence says why.
Prediction predict(const workloads::Spec& spec, const Chip& chip, const Runtime& runtime);

// Quantities of measured rows: latency (s), throughput_flops, throughput_items, bandwidth (B/s),
// power (W), energy (J), efficiency (FLOP/s/W). InputError for others.
double as_quantity(const Prediction& p, const workloads::Spec& spec, std::string_view quantity);

// A naive model to compare with: the larger of nominal FLOP over 0.95 of the peak and bytes over
// the bandwidth, on top of one floor. ANE: 16 x 256 MACs a cycle (twice that for int8 x int8 where
// the chip has it), stored weights over the chip's weight bandwidth (activations where there are no
// weights), one published floor a family (`ane.dispatch.family`; our own floors are a chip's). GPU:
// one host wait as the floor, none where calls overlap. Marginal figures leave the floor out.
// nullopt where such a model says nothing: power, energy, idling, work without operators on a
// device without a floor.
std::optional<double> naive_quantity(const workloads::Spec& spec, const Chip& chip,
                                     std::string_view quantity);

}  // namespace ane::sim
