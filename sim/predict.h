// One spec on one chip: what it costs, and that cost as the quantity that a measured row states.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "results/record.h"
#include "sim/chip.h"
#include "sim/devices/estimate.h"
#include "sim/runtime.h"
#include "workloads/spec.h"

namespace ane::sim {

// One call of the spec. causes sum to seconds, energy parts to joules.
struct Prediction {
  double seconds = 0, joules = 0;
  double flop = 0, dram_bytes = 0;
  results::Parts causes{}, energy{};
  std::string bound{};                  // the largest cause
  std::vector<OpEstimate> operators{};  // CPU and GPU
};

// unit and path of the spec decide device and runtime; `runtime` is the loaded runtime of
// spec.path. InputError for what no model covers; the sentence says why.
Prediction predict(const workloads::Spec& spec, const Chip& chip, const Runtime& runtime);

// Quantities of measured rows: latency (s), throughput_flops, throughput_items, bandwidth (B/s),
// power (W), energy (J), efficiency (FLOP/s/W). InputError for others.
double as_quantity(const Prediction& p, const workloads::Spec& spec, std::string_view quantity);

// A naive model to compare with: the larger of nominal FLOP over 0.95 of the peak and bytes over
// the bandwidth, on top of one floor for each family; the ANE as 16 x 256 MAC a cycle.
double naive_seconds(const workloads::Spec& spec, const Chip& chip);

}  // namespace ane::sim
