#include "sim/cli/workloads/mpnn_goldens.h"

#include <fmt/format.h>

#include <cmath>

namespace ane::sim {

results::Report goldens_report(const std::string& protein,
                               const std::vector<workloads::mpnn::StageDifference>& stages) {
  results::Report report{
      .heading = fmt::format("mpnn {}: stages of the float32 reference", protein),
      .record = nullptr,
      .blocks = {}};
  results::Table table{.key = "stages",
                       .columns = {{"stage", "stage", ""},
                                   {"values", "values", ""},
                                   {"farthest", "largest difference", ""},
                                   {"tolerance", "allowed", ""},
                                   {"agrees", "agrees", ""}},
                       .rows = {}};
  std::string others;
  for (const auto& s : stages) {
    if (s.values == 0) {
      others += (others.empty() ? "" : ", ") + s.stage;
      continue;
    }
    // An emulation of another precision need not agree.
    const bool told = std::isinf(s.tolerance);
    table.rows.push_back(
        {s.stage, s.values, s.farthest, told ? results::Cell{} : results::Cell{s.tolerance},
         told ? results::Cell{} : results::Cell{std::string(s.agrees() ? "yes" : "no")}});
  }
  report.blocks.push_back({.before = {}, .table = std::move(table), .after = {}});
  if (!others.empty())
    report.blocks.back().after.push_back("no stages, or orders that stages are computed in: " +
                                         others);
  return report;
}

}  // namespace ane::sim
