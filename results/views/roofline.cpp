// roofline: each operator against the two roofs of the unit that ran it.
//
//   readqc mlp on M4 ane (coreml, ane16, fp16), batch 100
//     peak 7.50 TMAC/s, DRAM 60.0 GB/s: they meet at 125 MAC/B
//     name      intensity MAC/B  reached GMAC/s  roof TMAC/s  of roof %  under      0 to 100 %
//     fc1                  28.1             128         1.68       7.60  bandwidth  ##
//     the call             28.5            18.7         1.71       1.09  bandwidth  #
//
// intensity: multiply-accumulates for each byte to or from DRAM. The roof is the smaller of the
// peak and of intensity x bandwidth; `under` says which. Far below the roof: neither is what holds
// it back, see the bottleneck view. An operator without MACs or DRAM traffic has no place here.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "results/text.h"
#include "results/views/views.h"

namespace ane::results {

namespace {

std::vector<Cell> row(const std::string& name, double macs, double bytes, double time,
                      const Limits& limits) {
  const double reached = macs / time;
  if (macs <= 0 || time <= 0) return {name, {}, {}, {}, {}, std::string("-"), {}};
  const double intensity = bytes > 0 ? macs / bytes : unknown;
  const double by_bandwidth = intensity * limits.dram_bytes_per_s;  // NaN without traffic
  const bool bandwidth = by_bandwidth < limits.peak_macs_per_s;
  const double roof = bandwidth ? by_bandwidth : limits.peak_macs_per_s;
  return {name,
          known(intensity),
          reached,
          known(roof),
          share_of(reached, roof),
          std::string(bandwidth ? "bandwidth" : "arithmetic"),
          share_of(reached, roof)};
}

std::vector<Block> blocks(const Record& r) {
  const Limits& limits = r.limits;
  const bool has_roofs =
      !std::isnan(limits.peak_macs_per_s) && !std::isnan(limits.dram_bytes_per_s);
  Block b;
  if (has_roofs)
    b.before = {fmt::format("  peak {}, DRAM {}: they meet at {} MAC/B",
                            with_unit(limits.peak_macs_per_s, "MAC/s"),
                            significant(limits.dram_bytes_per_s / 1e9) + " GB/s",
                            significant(limits.peak_macs_per_s / limits.dram_bytes_per_s))};
  b.table = {"operators",
             {{"name", "name", ""},
              {"macs_per_byte", "intensity", "MAC/B"},
              {"macs_per_s", "reached", "MAC/s"},
              {"roof_macs_per_s", "roof", "MAC/s"},
              {"of_roof_share", "of roof", "%"},
              {"under", "under", ""},
              {"", "0 to 100 %", "#"}},
             {}};
  if (!has_roofs) {
    b.before = {"  the run says nothing of its unit's peak rates"};
    return {std::move(b)};
  }
  for (const OperatorRow& o : r.operators)
    if (o.unit == r.run.unit && o.macs > 0)
      b.table.rows.push_back(row(o.name, static_cast<double>(o.macs),
                                 static_cast<double>(o.dram_bytes), o.seconds, limits));
  b.table.rows.push_back(row("the call", static_cast<double>(r.totals.macs),
                             static_cast<double>(r.totals.dram_bytes), r.totals.latency_s, limits));
  return {std::move(b)};
}

}  // namespace

std::vector<Report> roofline(Records records) {
  return each(records, blocks);
}

}  // namespace ane::results
