// The float32 reference against stages that another implementation left as .npy files, of any
// protein: what is there is compared, and a file that stands for no stage is named.
#pragma once
#include <string>
#include <vector>

#include "workloads/mpnn/reference.h"

namespace ane::workloads::mpnn {

struct StageDifference {
  std::string stage;        // the file's name
  std::int64_t values = 0;  // compared; 0: the file is no stage
  double farthest = 0;      // largest |difference|; infinite where sizes differ
  double tolerance = 0;     // 0: equality

  bool agrees() const { return farthest <= tolerance; }
};

// `files`: a folder, or the beginning of the files' names ("goldens/6mrr_"). Names:
//   X S mask residue_idx chain_enc         the input as the structure's reader gives it
//   E_idx                                  neighbours, index by index
//   E_norm hE_0 encN_hV encN_hE            stages; with _first8rows only that many residues
//   uncond_logp conditional_logp           conditional in the order of order_identity
//   forward_NAME_logp                      teacher forced in the order of order_NAME
//   score_identity greedy_S greedy_probs_T0.1     greedy in the order of greedy_order
// Stages within 2e-5, log-probabilities and the score within 1e-5, probabilities within 5e-5.
// InputError where there is no file.
std::vector<StageDifference> compare_goldens(const Weights& weights, const Input& input,
                                             const std::string& files, bool factored);

}  // namespace ane::workloads::mpnn
