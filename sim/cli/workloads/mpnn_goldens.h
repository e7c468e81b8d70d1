// The stages of ProteinMPNN's float32 reference beside another implementation's, as a report.
#pragma once
#include <string>
#include <vector>

#include "results/report.h"
#include "workloads/mpnn/goldens.h"

namespace ane::sim {

results::Report goldens_report(const std::string& protein,
                               const std::vector<workloads::mpnn::StageDifference>& stages);

}  // namespace ane::sim
