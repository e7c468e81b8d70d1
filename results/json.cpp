#include "results/json.h"

#include <nlohmann/json.hpp>

#include "results/columns.h"

namespace ane::results {

namespace {

using Json = nlohmann::ordered_json;

Json parts_json(const Parts& parts) {
  Json object = Json::object();
  for (const Part& p : parts) object[p.name] = p.value;  // NaN is written as null
  return object;
}

Json band_json(const std::optional<Band>& band) {
  if (!band) return nullptr;
  return {{"low", band->low}, {"high", band->high}};
}

void add_identity(Json& object, const Run& run) {
  run_columns(run, [&](std::string_view name, const auto& v) { object[std::string(name)] = v; });
  object["question_digest"] = run.question_digest();
}

Json record_json(const Record& r) {
  const Totals& t = r.totals;
  Json o = {{"latency_s", t.latency_s},
            {"throughput_items_per_s", t.throughput_items_per_s},
            {"energy_j", t.energy_j},
            {"power_w", t.power_w},
            {"peak_memory_bytes", t.peak_memory_bytes},
            {"dram_bytes", t.dram_bytes},
            {"macs", t.macs},
            {"bound", t.bound},
            {"causes", parts_json(t.causes)},
            {"energy_parts", parts_json(t.energy_parts)},
            {"accuracy", parts_json(t.accuracy)},
            {"digest", t.digest},
            {"memory_parts", parts_json(t.memory_parts)},
            {"latency_band_s", band_json(t.latency_band_s)},
            {"energy_band_j", band_json(t.energy_band_j)}};
  add_identity(o, r.run);
  o["notes"] = r.notes;
  return o;
}

Json cell_json(const Cell& cell) {
  return std::visit(
      [](const auto& v) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::monostate>)
          return nullptr;
        else
          return v;
      },
      cell);
}

Json report_json(const Report& report) {
  Json o = Json::object();
  if (report.run) add_identity(o["run"], *report.run);
  for (const Block& b : report.blocks) {
    if (b.table.key.empty()) continue;
    Json& rows = o[b.table.key] = Json::array();
    for (const auto& row : b.table.rows) {
      Json line = Json::object();
      for (std::size_t c = 0; c < row.size(); ++c)
        if (!b.table.columns[c].key.empty()) line[b.table.columns[c].key] = cell_json(row[c]);
      rows.push_back(line);
    }
  }
  return o;
}

// One is an object, several an array. Bytes of a name that are no UTF-8 are replaced, not thrown.
template <class Rows, class Make>
std::string one_or_many(const Rows& rows, Make make) {
  Json all = Json::array();
  for (const auto& row : rows) all.push_back(make(row));
  const Json& shown = all.size() == 1 ? all[0] : all;
  return shown.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string records_json(std::span<const Record> records) {
  return one_or_many(records, record_json);
}

std::string reports_json(const std::vector<Report>& reports) {
  return one_or_many(reports, report_json);
}

}  // namespace ane::results
