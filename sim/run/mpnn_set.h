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
  Unit unit = Unit::ane;
  workloads::Formats formats{};
  std::int64_t bucket = 0;  // 0: as long as the longest of its call
  std::string note{};       // what the user is told of it
};

struct MpnnSet {
  results::Record record;  // totals of all calls, accuracy over all residues, a note a protein
  std::vector<MpnnAnswer> answers;  // by item
};

// W8A8 is calibrated on all of them. `plan`: what the calls have in common.
MpnnSet run_mpnn_set(
    MpnnPlan plan, const std::vector<MpnnItem>& items, const std::string& variant,
    const std::function<Target(Unit unit)>& target_of,
    const std::function<const kernels::arith::Profile&(const Target&)>& profile_of);

}  // namespace ane::sim
