#include "sim/profile/observed_models.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "isa/error.h"
#include "sim/place/observed.h"
#include "workloads/request/terms.h"

namespace ane::sim {

std::vector<ObservedModel> observed_models() {
  std::vector<ObservedModel> all;
  for (const results::CsvRecord& r : placement_table(
           "models", {"id", "request", "chip", "system", "units", "on_ane", "trust", "source"})) {
    const std::string place = fmt::format("models.csv:{}", r.line);
    ObservedModel m{.id = r.fields[0],
                    .request = r.fields[1],
                    .chip = r.fields[2],
                    .system = r.fields[3],
                    .trust = r.fields[6],
                    .source = r.fields[7],
                    .units = workloads::parse_term<Units>("units", r.fields[4], place),
                    .on_ane_share = 0};
    const std::string& share = r.fields[5];
    const auto [end, fault] =
        std::from_chars(share.data(), share.data() + share.size(), m.on_ane_share);
    if (fault != std::errc{} || end != share.data() + share.size() ||
        !(m.on_ane_share >= 0 && m.on_ane_share <= 100))
      throw InputError(place, fmt::format("'{}' is no share in percent", share));
    m.on_ane_share /= 100;
    all.push_back(std::move(m));
  }
  return all;
}

bool JudgedModel::right() const {
  return std::fabs(predicted_share - observed.on_ane_share) <= 0.1;
}

std::vector<JudgedModel> judge_models() {
  std::vector<JudgedModel> all;
  for (ObservedModel& m : observed_models()) {
    const Profile p = profile_of(workloads::parse_request(m.request + " placement=coreml"),
                                 load_chip(m.chip), m.units, ProfileDepth::placement);
    JudgedModel j{.observed = std::move(m), .predicted_share = p.on_ane_share, .why = {}};
    if (!p.record.notes.empty()) j.why = p.record.notes.back();
    all.push_back(std::move(j));
  }
  return all;
}

results::Report model_placements_report(const std::vector<JudgedModel>& judged) {
  results::Report report{.heading = "whole models"};
  results::Block block;
  std::int64_t right = 0;
  block.table = {"model_placements",
                 {{"id", "id", ""},
                  {"request", "request", ""},
                  {"chip", "chip", ""},
                  {"system", "system", ""},
                  {"units", "units", ""},
                  {"observed_share", "observed %", "%"},
                  {"predicted_share", "predicted %", "%"},
                  {"right", "", ""}},
                 {},
                 true};
  for (const JudgedModel& j : judged) {
    right += j.right() ? 1 : 0;
    block.table.rows.push_back(
        {j.observed.id, j.observed.request, j.observed.chip, j.observed.system,
         std::string(names_of(Units{})[static_cast<std::size_t>(j.observed.units)]),
         j.observed.on_ane_share, j.predicted_share, std::string(j.right() ? "yes" : "no")});
  }
  block.after.push_back(
      fmt::format("  {} of {} within ten operators in a hundred", right, judged.size()));
  report.blocks = {std::move(block)};
  return report;
}

}  // namespace ane::sim
