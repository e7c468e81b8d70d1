// Placements of Core ML that others have observed, and whether the planner places the same.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "results/csv.h"
#include "results/report.h"
#include "sim/place/planner.h"

namespace ane::sim {

// What is asked of a program: whether the ANE is capable of all of it; where its last operator runs
// by itself; where, inside a graph that makes the ANE worth it; and there with the GPU allowed too.
enum class PlacementQuestion { capable, alone, context, all };
std::span<const std::string_view> names_of(PlacementQuestion);

// Rows of a table of results/placement that the program carries, as fields by its columns' order.
// InputError with table and line.
results::CsvRecords placement_table(std::string_view name, const std::vector<std::string>& columns);

struct ObservedPlacement {
  std::string set;  // "m4_single_op" or "facts": a table of results/placement
  std::string id, chip, system, trust, source;
  PlacementQuestion question = PlacementQuestion::alone;
  std::vector<workloads::mil::Op> ops;
  // ane, cpu, gpu or refused; of the context of m4_single_op the units in order, "ANE|CPU".
  std::string expected;
};
// The tables that the program carries. InputError with table and line.
std::vector<ObservedPlacement> observed_placements();

struct JudgedPlacement {
  ObservedPlacement observed;
  std::string predicted;
  std::string why;  // of what is predicted
  bool right() const { return predicted == observed.expected; }
};
std::vector<JudgedPlacement> judge_placements();

// The operators between two pairs of a convolution (3x3, as many channels out as in) and a relu on
// each input and result of four axes, or of a linear layer and a relu where there are three: the
// graphs of S1.
workloads::mil::Program in_context(const std::vector<workloads::mil::Op>& ops);
// Between two stretches of eight convolutions each, which save 0.76 ms there.
workloads::mil::Program in_large_graph(const std::vector<workloads::mil::Op>& ops);

// Shares by table and question, then each that is not right.
results::Report placement_report(const std::vector<JudgedPlacement>& judged);

}  // namespace ane::sim
