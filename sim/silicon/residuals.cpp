#include "sim/silicon/residuals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "isa/error.h"
#include "results/csv.h"
#include "sim/silicon/silicon_rows.h"
#include "sim/silicon/validate.h"

namespace ane::sim {
namespace {

struct Group {
  int rows = 0;
  double p90 = 0;
};
// unit, kind, measure, chip
using Key = std::tuple<std::string, std::string, std::string, std::string>;

const std::map<Key, Group>& groups() {
  static const std::map<Key, Group> all = [] {
    std::map<Key, Group> out;
    const auto records = results::parse_csv(built_in_text("residuals"), "residuals.csv");
    for (std::size_t i = 1; i < records.size(); ++i) {
      const auto& r = records[i];
      ANE_CHECK(r.size() == 7, "a line of residuals.csv has seven fields");
      out[{r[0], r[1], r[2], r[3]}] = {std::stoi(r[4]), std::stod(r[6])};
    }
    return out;
  }();
  return all;
}

std::optional<double> of_group(const std::string& unit, const std::string& kind,
                               const std::string& measure, const char* chip) {
  constexpr int enough = 8;
  const auto pooled = groups().find({unit, "all", measure, chip});
  if (pooled == groups().end() || pooled->second.rows < enough) return std::nullopt;
  const auto own = groups().find({unit, kind, measure, chip});
  if (own == groups().end()) return pooled->second.p90;
  return own->second.rows >= enough ? own->second.p90
                                    : std::max(own->second.p90, pooled->second.p90);
}

}  // namespace

double expected_residual(std::string_view unit, std::string_view kind, std::string_view measure,
                         bool known) {
  const std::string u(unit), k(kind), m(measure);
  const std::optional<double> seen = of_group(u, k, m, "known");
  if (!seen) return std::log(2.0);
  // Networks are asked for that no row is of: what leaving out each says counts for all of them.
  const auto work = groups().find({u, k, m, "work"});
  const double least = work == groups().end() ? *seen : std::max(*seen, work->second.p90);
  return known ? least : std::max(least, of_group(u, k, m, "new").value_or(0));
}

bool is_calibrated(std::string_view chip, std::string_view unit, std::string_view runtime) {
  static const std::set<std::string, std::less<>> lines = [] {
    std::set<std::string, std::less<>> out;
    std::string_view text = built_in_text("calibrated");
    for (std::size_t end; (end = text.find('\n')) != std::string_view::npos;
         text.remove_prefix(end + 1))
      out.emplace(text.substr(0, end));
    return out;
  }();
  return lines.contains(fmt::format("{},{},{}", chip, unit, runtime));
}

std::string calibrated_csv() {
  std::set<std::string> lines;
  for (const std::string& file : calibration_files())
    for (const SiliconRow& r : load_silicon_rows(file)) {
      if (!r.scored()) continue;
      try {
        const workloads::Conditions c = request_of(r).conditions;
        lines.insert(fmt::format("{},{},{}\n", chip_of_row(r.machine).name(),
                                 workloads::name(c.unit.value_or(Unit::ane)), c.runtime));
      } catch (const InputError&) {
        // A machine that is not described calibrates nothing.
      }
    }
  return fmt::format("chip,unit,runtime\n{}", fmt::join(lines, ""));
}

}  // namespace ane::sim
