// ProteinMPNN on one target: log-probabilities or sequences on the simulated machine, their
// distance from the float32 reference, and the cost of the whole job.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kernels/arith/profile.h"
#include "results/record.h"
#include "sim/price/target.h"
#include "workloads/graph/mac_counters.h"
#include "workloads/mpnn/graph/graph.h"
#include "workloads/mpnn/reference.h"

namespace ane::sim {

enum class MpnnMode { score, unconditional, conditional, sample };

struct MpnnPlan {
  workloads::mpnn::Weights weights;
  MpnnMode mode = MpnnMode::score;
  std::string variant = "exact";   // name, for the record
  std::string precision = "fp16";  // fp16, int8w, w8a8, a weight format; fp32 on CPU and GPU
  std::int64_t bucket = 0;         // places of one protein; 0: its own length
  // Copies of the protein (score, unconditional), places (conditional) or samples side by side.
  std::int64_t batch = 1;
  workloads::mpnn::Gather gather = workloads::mpnn::Gather::texture;
  bool factored = true;
  bool fused = true;  // intermediates stay in L2 where they fit
  double temperature = 0.1;
  std::uint64_t seed = 37;
  bool greedy = false;
  std::vector<std::int32_t> order;      // score, conditional: a permutation; empty: as they stand
  std::map<std::string, float> ranges;  // w8a8: of layers' inputs; empty: calibrated on the protein
};

// Cost of the whole job at `length` residues: host features, the accelerator's calls, the host's
// gathers and heads. No values.
results::Record time_mpnn(const MpnnPlan& plan, std::int64_t length, const Target& target,
                          const kernels::arith::Profile& profile);

// Products dropped and sums overflowed, by layer, of one pass over the protein (or of the encoder
// that samples and conditional probabilities start from).
std::vector<workloads::MacCounters> count_mpnn(const MpnnPlan& plan,
                                               const workloads::mpnn::Input& input,
                                               const Target& target,
                                               const kernels::arith::Profile& profile);

struct MpnnAnswer {
  std::vector<float> log_probs;        // [length, 21]; not of samples
  std::vector<float> exact;            // the same of the float32 reference
  std::vector<std::string> sequences;  // of each sample
  std::vector<double> recoveries;      // of each sample
};

// Accuracy of log-probabilities over all of these proteins' residues: recovery, score, perplexity,
// and against the float32 reference top1_agreement, mean_kl_to_fp32, max_abs_dlogp.
results::Parts accuracy_of(const std::vector<const workloads::mpnn::Input*>& inputs,
                           const std::vector<const MpnnAnswer*>& answers);

// Values and cost of one call (or, for samples and conditional probabilities, one job) of
// plan.batch proteins; fewer are filled up with copies of the last. Modes sample and conditional
// take one protein. Accuracy as above; for samples the agreement of sequences with the float32
// reference's and the first step at which one differs.
results::Record run_mpnn_on(const MpnnPlan& plan,
                            const std::vector<const workloads::mpnn::Input*>& inputs,
                            const Target& target, const kernels::arith::Profile& profile,
                            std::vector<MpnnAnswer>& answers);

}  // namespace ane::sim
