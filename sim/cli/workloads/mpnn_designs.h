// The sequences that `anesim run mpnn --mode sample` answers with, as records hold them and as
// FASTA.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "results/record.h"
#include "sim/run/mpnn_run.h"
#include "workloads/mpnn/structure/features.h"
#include "workloads/mpnn/structure/structure.h"

namespace ane::sim {

struct Protein {
  std::string name;
  workloads::mpnn::Input input;
  std::vector<workloads::mpnn::ChainSpan> chains;
};

// The structure's own sequence, then its samples. Scores in nats, as Design has them.
std::vector<results::Design> designs_of(const Protein& protein, const MpnnAnswer& answer,
                                        const MpnnPlan& plan);

// FASTA with the fields of protein_mpnn_run.py (dauparas/ProteinMPNN @8907e66), which others parse.
// Where nothing is drawn T is 0. model: the name of the weights.
std::string fasta_of(const Protein& protein, std::span<const results::Design> designs,
                     const std::string& model);

}  // namespace ane::sim
