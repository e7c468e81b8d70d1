// layers: the operators in the order of the model.
//
//   readqc mlp on M4 ane (coreml, ane16, fp16), batch 100
//     #  name  op      unit  tasks  time us  share %  MACs k  of peak %  weights KiB  ...  bound
//     0  fc1   linear  ane       1     30.0     12.0    3840       1.70         75.0  ...  weights
//     2  sort  topk    cpu       0     5.00     2.00       0          -            -  ...  transfer
//     outside the operators: 200 us (80.0 %)
//     not on the ane:
//       sort on the cpu [C4]: this chip has no compare-and-sort unit
#include <fmt/format.h>

#include "results/text.h"
#include "results/views/views.h"

namespace ane::results {

const char* const layers_reading =
    "A line an operator, in the order of the model. time is from when the operator before it "
    "ended until it has, share is of the call's latency; what no operator owns (dispatch, "
    "waking, copies) is the last line. of peak: of the unit's peak rate in the operator's own "
    "format. An operator of 0 tasks was folded into a neighbour, or did not run on the ANE. "
    "Those that ran elsewhere stand below with their reason.";

namespace {

std::vector<Block> blocks(const Record& r) {
  Table t{"operators",
          {{"index", "#", ""},
           {"name", "name", ""},
           {"op", "op", ""},
           {"unit", "unit", ""},
           {"placement", "", ""},
           {"reason", "", ""},
           {"tasks", "tasks", ""},
           {"start_s", "", "s"},
           {"time_s", "time", "s"},
           {"share", "share", "%"},
           {"macs", "MACs", "count"},
           {"of_peak_share", "of peak", "%"},
           {"weight_bytes", "weights", "B"},
           {"dram_bytes", "DRAM", "B"},
           {"l2_bytes", "L2", "B"},
           {"energy_j", "energy", "J"},
           {"bound", "bound", ""}},
          {}};
  std::vector<std::string> elsewhere;
  for (const OperatorRow& o : r.operators) {
    t.rows.push_back({std::int64_t{o.index}, o.name, o.op, o.unit, o.placement, o.reason,
                      std::int64_t{o.tasks}, o.start_s, o.seconds,
                      share_of(o.seconds, r.totals.latency_s), nonzero(o.macs),
                      known(o.utilisation), nonzero(o.weight_bytes), nonzero(o.dram_bytes),
                      nonzero(o.l2_bytes), known(o.energy_j), o.bound});
    if (o.unit != r.run.unit)
      elsewhere.push_back(
          fmt::format("    {} on the {} [{}]: {}", o.name, o.unit, o.placement, o.reason));
  }
  Block b;
  if (r.operators.empty()) b.before = {"  no operators were recorded"};
  if (const Rest rest = rest_of(r); rest.seconds > 0 && !r.operators.empty()) {
    std::vector<Cell> row(t.columns.size());
    row[1] = std::string(rest_name);
    row[8] = rest.seconds;
    row[9] = share_of(rest.seconds, r.totals.latency_s);
    row[15] = known(rest.energy_j);
    row[16] = largest(rest.causes);
    t.rows.push_back(std::move(row));
  }
  if (!elsewhere.empty()) b.after.push_back(fmt::format("  not on the {}:", r.run.unit));
  b.after.insert(b.after.end(), elsewhere.begin(), elsewhere.end());
  b.table = std::move(t);
  return {std::move(b)};
}

}  // namespace

std::vector<Report> layers(Records records) {
  return each(records, blocks);
}

}  // namespace ane::results
