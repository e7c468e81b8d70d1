// roofline: each operator against the two roofs of the unit that ran it.
//
//   readqc mlp on M4 ane (coreml, ane16, fp16), batch 100
//     peak 7.50 TMAC/s, DRAM 60.0 GB/s: they meet at 125 MAC/B
//     name      intensity MAC/B  reached GMAC/s  roof TMAC/s  of roof %  under      0 to 100 %
//     fc1                  28.1             128         1.68       7.60  bandwidth  ##
//     the call             28.5            18.7         1.71       1.09  bandwidth  #
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "results/text.h"
#include "results/views/views.h"

namespace ane::results {

const char* const roofline_reading =
    "intensity: multiply-accumulates for each byte to or from DRAM. roof: the smaller of the "
    "peak and of intensity x bandwidth; `under` says which. reached: over the time in which "
    "the operator runs or loads its weights, which it may do while those before it still run; "
    "so times here may overlap and add up to more than the call. Where the engine does fewer "
    "multiplications than are asked for (Winograd, skipped zeros, INT8) the peak is as much "
    "higher. Far below the roof: neither is what holds the operator back, see the bottleneck "
    "view. An operator without multiplications has no place here.";

namespace {

// `peak`: of these products.
std::vector<Cell> row(const std::string& name, double macs, double bytes, double time, double peak,
                      const Limits& limits) {
  const double reached = macs / time;
  if (macs <= 0 || time <= 0) return {name, {}, {}, {}, {}, std::string("-"), {}};
  const double intensity = bytes > 0 ? macs / bytes : unknown;
  const double by_bandwidth = intensity * limits.dram_bytes_per_s;  // NaN without traffic
  const bool bandwidth = by_bandwidth < peak;
  const double roof = bandwidth ? by_bandwidth : peak;
  return {name,
          known(intensity),
          reached,
          known(roof),
          share_of(reached, roof),
          std::string(bandwidth ? "bandwidth" : "arithmetic"),
          share_of(reached, roof)};
}

// Utilisation is of the multiplications that are done: where those are fewer than asked for, so
// many more are answered a second at the peak.
double peak_of(const OperatorRow& o, const Limits& limits) {
  const double done = o.utilisation * o.seconds;  // s at the peak; NaN where it is not known
  return done > 0 ? std::max(limits.peak_macs_per_s, static_cast<double>(o.macs) / done)
                  : limits.peak_macs_per_s;
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
                                 static_cast<double>(o.dram_bytes), o.seconds + o.ahead_s,
                                 peak_of(o, limits), limits));
  b.table.rows.push_back(row("the call", static_cast<double>(r.totals.macs),
                             static_cast<double>(r.totals.dram_bytes), r.totals.latency_s,
                             limits.peak_macs_per_s, limits));
  Block roofs;
  roofs.table = {"limits",
                 {{"peak_macs_per_s", "", "MAC/s"},
                  {"dram_bytes_per_s", "", "B/s"},
                  {"ridge_macs_per_byte", "", "MAC/B"}},
                 {{limits.peak_macs_per_s, limits.dram_bytes_per_s,
                   limits.peak_macs_per_s / limits.dram_bytes_per_s}}};
  return {std::move(b), std::move(roofs)};
}

}  // namespace

std::vector<Report> roofline(Records records) {
  return each(records, blocks);
}

}  // namespace ane::results
