// ProteinMPNN's answers: log-probabilities or sequences on the simulated machine, and their
// distance from the float32 reference. What they cost is the request's to say.
#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "kernels/arith/profile.h"
#include "results/record.h"
#include "sim/price/target.h"
#include "workloads/graph/mac_counters.h"
#include "workloads/mpnn/reference.h"
#include "workloads/request/kinds/mpnn.h"

namespace ane::sim {

struct MpnnPlan {
  workloads::mpnn::Weights weights;
  workloads::Request request;  // kind=mpnn of these weights' size; its residues, batch and phase
  double temperature = 0.1;
  std::uint64_t seed = 37;
  bool greedy = false;
  std::vector<std::int32_t> order;      // forward, conditional: a permutation; empty: as they stand
  std::map<std::string, float> ranges;  // of INT8 activations, by layer; empty: calibrated
  int threads = 1;                      // of the host, for the accelerator's values

  const workloads::MpnnWork& work() const {
    return workloads::work_as<workloads::MpnnWork>(request);
  }
};

// Products dropped and sums overflowed, by layer, of one pass over the protein (or of the encoder
// that samples and conditional probabilities start from).
std::vector<workloads::MacCounters> count_mpnn(const MpnnPlan& plan,
                                               const workloads::mpnn::Input& input,
                                               const Target& target,
                                               const kernels::arith::Profile& profile);

// The mean of -log p over a protein's designed residues, and over all that are whole, in nats: what
// the original calls score and global_score.
struct MpnnScore {
  double designed = 0, all = 0;
};
MpnnScore score_of(const workloads::mpnn::Input& input, std::span<const float> log_probs,
                   std::span<const std::int32_t> sequence);

struct MpnnAnswer {
  std::vector<float> log_probs;        // [length, 21]; not of samples
  std::vector<float> exact;            // the same of the float32 reference
  bool is_reference = false;           // they are the float32 reference's own
  std::vector<std::string> sequences;  // of each sample
  std::vector<double> recoveries;      // of each sample, over the designed residues
  std::vector<MpnnScore> scores;       // of each sample
  MpnnScore native;  // where there are samples: of the protein's own sequence, in the order of the
                     // first one
};

// Accuracy of log-probabilities over all of these proteins' residues: recovery, score, perplexity,
// and against the float32 reference top1_agreement, mean_kl_to_fp32, max_abs_dlogp: unknown where
// they are that reference's own.
results::Parts accuracy_of(const std::vector<const workloads::mpnn::Input*>& inputs,
                           const std::vector<const MpnnAnswer*>& answers);

struct MpnnAnswers {
  std::vector<MpnnAnswer> of;  // each protein
  results::Parts accuracy;
  std::string digest;  // of the answers' bits
  std::string values;  // what they depend on besides the request: digests, seeds, temperature
};

// One call (or, for samples and conditional probabilities, one job) of request.batch proteins;
// fewer are filled up with copies of the last. Samples, conditional probabilities and attention
// take one protein. Of samples the accuracy is the agreement of sequences with the float32
// reference's and the first step at which one differs. On CPU and GPU the answers are a framework's
// in the request's formats [H1].
MpnnAnswers answer_mpnn(const MpnnPlan& plan,
                        const std::vector<const workloads::mpnn::Input*>& inputs,
                        const Target& target, const kernels::arith::Profile& profile);

}  // namespace ane::sim
