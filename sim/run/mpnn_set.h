// ProteinMPNN on several proteins: those of one unit, precision and bucket side by side in calls of
// plan.batch, the rest behind each other. A protein's answer does not depend on its company.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "sim/run/mpnn_run.h"

namespace ane::sim {

struct MpnnItem {
  std::string name;
  workloads::mpnn::Input input;
  std::string unit{}, precision{};
  std::int64_t bucket = 0;  // 0: as long as the longest of its call
  std::string note{};       // what the user is told of it
};

// The record of the whole set: totals of all calls, accuracy over all residues, a note a protein.
// W8A8 is calibrated on all of them. answers: by item.
results::Record run_mpnn_set(
    MpnnPlan plan, const std::vector<MpnnItem>& items,
    const std::function<Target(const std::string& unit)>& target_of,
    const std::function<const kernels::arith::Profile&(const Target&)>& profile_of,
    std::vector<MpnnAnswer>& answers);

}  // namespace ane::sim
