// The values of a model's file on one unit: float32 by the operators' references, fp16 of a
// framework, or the bits of the accelerator with what it does not take on the CPU.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels/arith/profile.h"
#include "results/record.h"
#include "sim/price/target.h"
#include "workloads/model/array.h"

namespace ane::sim {

struct ModelPlan {
  workloads::Request request;  // kind=model
  std::map<std::string, workloads::model::Data> inputs;
  std::uint64_t seed = 1;  // of inputs that are not given
  int threads = 1;         // of the host, for the accelerator's values
};

struct ModelAnswer {
  // One call. Accuracy against float32: ErrorMetrics over all outputs; top1_agreement where the
  // first output is a row of classes; unknown where float32 is what was asked for.
  results::Record record;
  std::vector<std::pair<std::string, workloads::model::Data>> outputs;
  std::vector<std::string> seeded;  // inputs that were not given
};

// InputError for inputs that the model does not have, or of another type or shape.
ModelAnswer run_model(const ModelPlan& plan, const Target& target,
                      const kernels::arith::Profile& profile);

}  // namespace ane::sim
