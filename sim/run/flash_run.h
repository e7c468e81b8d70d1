// The attention variant (workloads/mpnn/graph/flash.h) on one target: cost, and on the ANE values.
#pragma once
#include "sim/run/mpnn_run.h"
#include "workloads/mpnn/graph/flash.h"

namespace ane::sim {

// Of `plan`: weights, variant and precision (fp16; fp32 too on CPU and GPU). Peak memory is that of
// the compiled program's sections.
results::Record time_flash(const MpnnPlan& plan, const workloads::mpnn::FlashOptions& options,
                           const Target& target, const kernels::arith::Profile& profile);

// Values as well: log-probabilities of the residues with all atoms, and their distance from float32
// attention as the standard way computes it.
results::Record run_flash(const MpnnPlan& plan, workloads::mpnn::FlashOptions options,
                          const workloads::mpnn::Input& input, const Target& target,
                          const kernels::arith::Profile& profile, MpnnAnswer& answer);

}  // namespace ane::sim
