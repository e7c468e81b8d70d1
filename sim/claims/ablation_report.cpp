#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "results/csv.h"
#include "results/document.h"
#include "results/report.h"
#include "sim/claims/tables_report.h"

namespace ane::sim {
namespace {

std::string ratio(double v) {
  return std::isnan(v) ? std::string("-") : fmt::format("{:.2f}x", v);
}

// What the combination makes of the gains that its steps have alone.
std::string kept(const Step& r) {
  if (std::isnan(r.together) || std::isnan(r.multiplied))
    return r.note.empty() ? "another network, not combined" : r.note;
  const double share = r.together / r.multiplied;
  return share > 1.1   ? fmt::format("more than the product, by {:.0f} %", 100 * (share - 1))
         : share < 0.9 ? fmt::format("less than the product, by {:.0f} %", 100 * (1 - share))
                       : "as the product";
}

}  // namespace

std::string ablation_text(const std::vector<Step>& steps, std::size_t columns) {
  results::Block block;
  block.table = {"ablation",
                 {{"step", "step", ""},
                  {"chip", "chip", ""},
                  {"unit", "unit", ""},
                  {"alone", "alone", ">"},
                  {"multiplied", "multiplied", ">"},
                  {"combined", "combined", ">"},
                  {"energy_per_item_j", "each", "J"},
                  {"", "together", "..."}},
                 {}};
  for (const Step& r : steps)
    block.table.rows.push_back({r.step, r.chip, r.unit, ratio(r.alone), ratio(r.multiplied),
                                ratio(r.together), results::known(r.joules_each), kept(r)});
  block.after = {
      "alone: time an item over the step's own base; multiplied: the product of those gains; "
      "combined: all steps up to this one priced as one configuration, over the first line; each: "
      "energy of an item."};
  return results::text_of({{"", nullptr, {std::move(block)}}}, columns);
}

std::string ablation_json(const std::vector<Step>& steps) {
  auto rows = nlohmann::ordered_json::array();
  const auto value = [](double v) {
    return std::isnan(v) ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(v);
  };
  for (const Step& r : steps)
    rows.push_back({{"step", r.step},
                    {"chip", r.chip},
                    {"unit", r.unit},
                    {"alone", value(r.alone)},
                    {"multiplied", value(r.multiplied)},
                    {"combined", value(r.together)},
                    {"energy_per_item_j", value(r.joules_each)}});
  return results::document({{"ablation", rows}});
}

std::string ablation_csv(const std::vector<Step>& steps) {
  std::string out = "step,chip,unit,alone,multiplied,combined,energy_per_item_j\n";
  const auto value = [](double v) { return std::isnan(v) ? "" : fmt::format("{}", v); };
  for (const Step& r : steps)
    out +=
        fmt::format("{},{},{},{},{},{},{}\n", results::csv_field(r.step), r.chip, r.unit,
                    value(r.alone), value(r.multiplied), value(r.together), value(r.joules_each));
  return out;
}

}  // namespace ane::sim
