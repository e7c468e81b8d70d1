// What the cases of anesim check share (check_cases.cpp: read QC and ProteinMPNN;
// check_networks.cpp: language models and encoders).
#pragma once
#include "sim/regression/check.h"

namespace ane::sim {

// workload variant precision profile, as a case's name has them.
struct CheckName {
  std::string workload, variant, precision, profile;
};

// Digests of the weights as the multipliers see them, and the results in the order of execution.
void keep(CheckCase& c, const workloads::Graph& graph, const kernels::arith::Profile& profile,
          const workloads::Tensors& results);

CheckCase check_language(const CheckName& name, const CheckOptions& options,
                         const Evaluator& evaluate, const kernels::arith::Profile& profile);
CheckCase check_encoder(const CheckName& name, const CheckOptions& options,
                        const Evaluator& evaluate, const kernels::arith::Profile& profile);

}  // namespace ane::sim
