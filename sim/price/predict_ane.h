// One spec on the accelerator: its graph lowered, its program timed, and around it what a call
// costs: dispatch by path, host copies, the state the engine was found in (docs/timing.md, "ANE").
#pragma once
#include <optional>

#include "sim/price/predict.h"

namespace ane::sim {

// Programs are kept, so that pricing a spec again under other rates costs microseconds.
// InputError for what has no graph or what the accelerator does not take.
Prediction predict_ane(const workloads::Spec& spec, const Chip& chip, const Runtime& runtime);

// The same with operator and task rows, for one warm call of one program (no slope, no calls in a
// row, no launch); nullopt for the others, whose figures are not the sum of one program's
// operators.
std::optional<results::Record> ane_spec_record(const results::Run& run, const workloads::Spec& spec,
                                               const Chip& chip, const Runtime& runtime);

}  // namespace ane::sim
