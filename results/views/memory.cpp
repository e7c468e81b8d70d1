// memory: what is resident in DRAM at the peak, and what each operator moves.
//
//   readqc mlp on M4 ane (coreml, ane16, fp16), batch 100
//     192 KiB at the peak, 160 KiB to and from DRAM a call
//     part         resident KiB  share %
//     weights              96.0     50.0  ############
//
//     operator  unit  weights KiB  DRAM KiB  L2 KiB  DRAM GB/s
//     fc1       ane          75.0       134    71.1       4.56
#include <fmt/format.h>

#include "results/text.h"
#include "results/views/views.h"

namespace ane::results {

const char* const memory_reading =
    "At the peak: what must be resident at once. Of an operator: weights are those that it "
    "reads, DRAM all its traffic there (weights included), L2 its traffic inside the "
    "accelerator.";

namespace {

std::vector<Block> blocks(const Record& r) {
  const Totals& t = r.totals;
  const double peak = static_cast<double>(t.peak_memory_bytes);
  Block parts;
  parts.before = {fmt::format("  {} at the peak, {} to and from DRAM a call", with_unit(peak, "B"),
                              with_unit(static_cast<double>(t.dram_bytes), "B"))};
  parts.table = {"parts",
                 {{"name", "part", ""},
                  {"bytes", "resident", "B"},
                  {"share", "share", "%"},
                  {"", "0 to 100 %", "#"}},
                 {}};
  for (const Part& p : t.memory_parts)
    parts.table.rows.push_back({p.name, p.value, share_of(p.value, peak), share_of(p.value, peak)});
  Block operators;
  operators.table = {"operators",
                     {{"name", "operator", ""},
                      {"unit", "unit", ""},
                      {"weight_bytes", "weights", "B"},
                      {"dram_bytes", "DRAM", "B"},
                      {"l2_bytes", "L2", "B"},
                      {"dram_bytes_per_s", "rate", "B/s"}},
                     {}};
  for (const OperatorRow& o : r.operators)
    operators.table.rows.push_back(
        {o.name, o.unit, nonzero(o.weight_bytes), nonzero(o.dram_bytes), nonzero(o.l2_bytes),
         o.dram_bytes > 0 && o.seconds > 0 ? Cell{static_cast<double>(o.dram_bytes) / o.seconds}
                                           : Cell{}});
  std::vector<Block> all{std::move(parts)};
  all.push_back(std::move(operators));
  return all;
}

}  // namespace

std::vector<Report> memory(Records records) {
  return each(records, blocks);
}

}  // namespace ane::results
