// Read QC on one target: scores of every read on the simulated machine, their distance from the
// float32 model and from the rule, and the cost of a call.
#pragma once
#include <functional>

#include "kernels/arith/profile.h"
#include "results/record.h"
#include "sim/price/target.h"
#include "workloads/readqc/fastq.h"
#include "workloads/readqc/graph.h"
#include "workloads/readqc/train.h"

namespace ane::sim {

struct ReadQcPlan {
  workloads::readqc::Model model;
  workloads::readqc::Precision precision = workloads::readqc::Precision::fp16;
  std::string precision_name = "fp16";
  isa::KernelFormat weights = isa::KernelFormat::fp16;
  std::vector<float> ranges;  // of activations, for w8a8
  std::int64_t batch = 100;
  int threads = 1;
  std::string variant;  // "mlp"
};

// Names of --precision: fp16, int8w, w8a8, and the weight formats pal1 .. sparse.
void set_precision(ReadQcPlan& plan, const std::string& name);

// Cost of one call, no values. Batch, precision and unit of the plan and target.
results::Record time_readqc(const ReadQcPlan& plan, const Target& target,
                            const kernels::arith::Profile& profile);

// The source of reads: up to n more, empty at the end.
using ReadSource = std::function<workloads::readqc::ReadBatch(std::int64_t)>;

// Cost of one call and the answers for all reads of the source: accuracy parts, digest, input
// digest.
results::Record run_readqc_on(const ReadQcPlan& plan, const Target& target,
                              const kernels::arith::Profile& profile, const ReadSource& source);

// The rule itself on one P core, NEON, as the honest baseline: `batch` reads of `bases` bases.
results::Record time_rule(workloads::readqc::Rule rule, std::int64_t bases, std::int64_t batch,
                          const Target& target);

}  // namespace ane::sim
