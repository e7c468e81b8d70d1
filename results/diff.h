// Two runs side by side: what was asked otherwise, and what that does to the totals, the causes,
// the units and the operators, the largest change first.
#pragma once
#include <string>
#include <vector>

#include "results/record.h"
#include "results/report.h"

namespace ane::results {

// Tables asked, changes, cause_changes, unit_changes and operator_changes; changes are of b against
// a. Operators are matched by name and, where several bear one name, by their order; those of one
// run alone have no meaning in the other.
Report diff(const Record& a, const Record& b);

// A limit on a change: "latency>2%", "energy>1mJ", "throughput<-5%".
struct ChangeLimit {
  std::string text{};  // as it was given
  // latency, energy, energy_per_item, throughput, power, memory, dram or macs
  std::string quantity{};
  bool above = true;  // '>': broken by more than `bound`, '<': by less
  double bound = 0;   // a share of a's, or in the base unit
  bool relative = true;
};
// InputError at `option` for an unknown quantity, no number or a unit of another kind.
ChangeLimit change_limit(const std::string& text, const std::string& option);
// Those that the change from a to b breaks, as a sentence each. A figure that one of them lacks
// breaks every limit on it.
std::vector<std::string> broken_limits(const Record& a, const Record& b,
                                       const std::vector<ChangeLimit>& limits);

}  // namespace ane::results
