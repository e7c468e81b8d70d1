// One spec on the accelerator: its graph lowered, its program timed, and around it what a call
// costs: dispatch by path, host copies, the state the engine was found in (docs/timing.md, "ANE").
#pragma once
#include "sim/predict.h"

namespace ane::sim {

// Programs are kept, so that pricing a spec again under other rates costs microseconds.
// InputError for what has no graph or what the accelerator does not take.
Prediction predict_ane(const workloads::Spec& spec, const Chip& chip, const Runtime& runtime);

}  // namespace ane::sim
