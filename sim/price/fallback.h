// What Core ML does with work that the accelerator does not take: the refused operators run on the
// CPU in float32, each run of accepted ones between them is a program with a call of its own, and
// what crosses is converted on both sides. The causes say why: "fallback: the kernel is 17 columns
// wide; the limit is 15". A direct call has nothing to fall back to.
#pragma once
#include <optional>

#include "sim/price/predict.h"
#include "workloads/graph/graph.h"

namespace ane::sim {

// Whether this software places what the accelerator refuses elsewhere.
bool falls_back(const Runtime& runtime);

// One call of a graph of which the accelerator refuses some operators. InputError where the chip's
// CPU is not known.
Prediction predict_parted(const workloads::Graph& graph, const Chip& chip, const Runtime& runtime);

// One call of a spec that has no graph for the accelerator at all, as the CPU does it; `why` from
// the accelerator's side. nullopt where there is no list of its operators either.
std::optional<Prediction> predict_elsewhere(const workloads::Spec& spec, const Chip& chip,
                                            const Runtime& runtime, const std::string& why);

}  // namespace ane::sim
