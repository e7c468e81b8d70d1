// ProteinMPNN on one target: log-probabilities or sequences on the simulated machine, their
// distance from the float32 reference, and the cost of the whole job.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kernels/arith/profile.h"
#include "results/record.h"
#include "sim/session.h"
#include "workloads/mac_counters.h"
#include "workloads/mpnn/graph.h"
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
  std::vector<std::int32_t> order;  // score, conditional: a permutation; empty: as they stand
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
  std::vector<float> log_probs;        // [length, 21] of the first protein; not of samples
  std::vector<std::string> sequences;  // of each sample
  std::vector<double> recoveries;      // of each sample
};

// Values and cost for one protein. Accuracy parts: recovery, perplexity, score, and against the
// float32 reference kl, top1_agreement, max_abs_dlogp; for samples the agreement of sequences.
results::Record run_mpnn_on(const MpnnPlan& plan, const workloads::mpnn::Input& input,
                            const Target& target, const kernels::arith::Profile& profile,
                            MpnnAnswer& answer);

}  // namespace ane::sim
