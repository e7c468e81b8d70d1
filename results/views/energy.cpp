// energy: where the joules of one call go.
//
//   readqc mlp on M4 ane (coreml, ane16, fp16), batch 100
//     500 uJ a call, 5.00 uJ an item, 2.00 W
//     part    energy uJ  share %
//     static        300     60.0  ##############
//
//     operator  unit  energy uJ  share %  a MAC pJ
//     fc1       ane         120     24.0      31.3
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "results/text.h"
#include "results/views/views.h"

namespace ane::results {

const char* const energy_reading =
    "Parts sum to the call's energy. An operator owns what its tasks move and multiply; what "
    "is spent while the unit is awake, and what dispatch, the host and waiting cost, is the "
    "last line.";

namespace {

std::vector<Block> blocks(const Record& r) {
  const Totals& t = r.totals;
  Block parts;
  parts.before = {fmt::format("  {} a call, {} an item, {}", with_unit(t.energy_j, "J"),
                              with_unit(t.energy_j / static_cast<double>(r.run.batch), "J"),
                              with_unit(t.power_w, "W"))};
  parts.table = {"parts",
                 {{"name", "part", ""},
                  {"energy_j", "energy", "J"},
                  {"share", "share", "%"},
                  {"", "0 to 100 %", "#"}},
                 {}};
  if (std::isnan(t.energy_j)) parts.before = {"  the energy of this unit is not known"};
  Parts sorted = t.energy_parts;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Part& a, const Part& b) { return a.value > b.value; });
  for (const Part& p : sorted)
    parts.table.rows.push_back(
        {p.name, p.value, share_of(p.value, t.energy_j), share_of(p.value, t.energy_j)});
  Block operators;
  operators.table = {"operators",
                     {{"name", "operator", ""},
                      {"unit", "unit", ""},
                      {"energy_j", "energy", "J"},
                      {"share", "share", "%"},
                      {"energy_per_mac_j", "a MAC", "J"}},
                     {}};
  for (const OperatorRow& o : r.operators)
    if (!std::isnan(o.energy_j))
      operators.table.rows.push_back(
          {o.name, o.unit, o.energy_j, share_of(o.energy_j, t.energy_j),
           o.macs > 0 ? Cell{o.energy_j / static_cast<double>(o.macs)} : Cell{}});
  if (const Rest rest = rest_of(r); !std::isnan(rest.energy_j))
    operators.table.rows.push_back({std::string(rest_name), std::monostate{}, rest.energy_j,
                                    share_of(rest.energy_j, t.energy_j), std::monostate{}});
  std::vector<Block> all{std::move(parts)};
  all.push_back(std::move(operators));
  return all;
}

}  // namespace

std::vector<Report> energy(Records records) {
  return each(records, blocks);
}

}  // namespace ane::results
