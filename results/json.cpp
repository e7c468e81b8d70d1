#include "results/json.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "results/columns.h"
#include "results/document.h"

namespace ane::results {

namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

// NaN is written as null by the library.
Json list(const Parts& parts, const char* value) {
  Json all = Json::array();
  for (const Part& p : parts) all.push_back({{"name", p.name}, {value, p.value}});
  return all;
}

Json low(const std::optional<Band>& band) {
  return band ? Json(band->low) : Json(nullptr);
}
Json high(const std::optional<Band>& band) {
  return band ? Json(band->high) : Json(nullptr);
}

// "ane.l2=4194304 gpu.cores=8" as an object; a value that is no number stays a text.
Json set_json(const std::string& overrides) {
  Json set = Json::object();
  std::istringstream words(overrides);
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) continue;
    const std::string value = word.substr(equals + 1);
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    Json& to = set[word.substr(0, equals)];
    if (error != std::errc() || end != value.data() + value.size())
      to = value;
    else if (number == static_cast<double>(static_cast<std::int64_t>(number)))
      to = static_cast<std::int64_t>(number);
    else
      to = number;
  }
  return set;
}

Json question_json(const Run& q) {
  return {{"workload", q.workload},
          {"variant", text_or_null(q.variant)},
          {"input", text_or_null(q.input)},
          {"input_digest", text_or_null(q.input_digest)},
          {"chip", q.chip},
          {"unit", q.unit},
          {"runtime", text_or_null(q.runtime)},
          {"profile", text_or_null(q.profile)},
          {"precision", text_or_null(q.precision)},
          {"form", text_or_null(q.form)},
          {"batch", q.batch},
          {"items", q.items},
          {"set", set_json(q.overrides)},
          {"request", text_or_null(q.request)},
          {"digest", q.question_digest()}};
}

Json bytes_or_null(std::int64_t bytes) {
  return bytes == 0 ? Json(nullptr) : Json(bytes);
}

Json operator_json(const OperatorRow& o) {
  Json json = Json::object();
  operator_columns(o, [&](std::string_view name, const auto& v) {
    json[std::string(name == "ordinal"       ? "index"
                     : name == "seconds"     ? "time_s"
                     : name == "utilisation" ? "of_peak_share"
                                             : name)] = v;
  });
  json["causes"] = list(o.causes, "s");
  return json;
}

Json identity_json(const Run& run, const Stored& stored) {
  return {{"id", stored.id == 0 ? Json(nullptr) : Json(stored.id)},
          {"recorded_at", text_or_null(stored.recorded_at)},
          {"version", text_or_null(run.code_version)},
          {"command", text_or_null(stored.command)},
          {"model", text_or_null(stored.model)},
          {"question", question_json(run)}};
}

Json designs_json(const std::vector<Design>& designs) {
  Json all = Json::array();
  for (const Design& d : designs)
    all.push_back({{"name", d.name},
                   {"sample", d.sample},
                   {"seed", d.seed},
                   {"temperature", d.temperature},
                   {"score", d.score},
                   {"global_score", d.global_score},
                   {"recovery", d.recovery},
                   {"sequence", d.sequence}});
  return all;
}

Json record_json(const Record& r) {
  const Totals& t = r.totals;
  Json o = identity_json(r.run, r.stored);
  o["latency"] = {{"s", t.latency_s},
                  {"low_s", low(t.latency_band_s)},
                  {"high_s", high(t.latency_band_s)},
                  {"causes", list(t.causes, "s")}};
  o["throughput_items_per_s"] = t.throughput_items_per_s;
  o["energy"] = {{"j", t.energy_j},
                 {"per_item_j", t.energy_j / (t.throughput_items_per_s * t.latency_s)},
                 {"low_j", low(t.energy_band_j)},
                 {"high_j", high(t.energy_band_j)},
                 {"parts", list(t.energy_parts, "j")}};
  o["power_w"] = t.power_w;
  o["memory"] = {{"peak_bytes", bytes_or_null(t.peak_memory_bytes)},
                 {"dram_bytes", bytes_or_null(t.dram_bytes)},
                 {"parts", list(t.memory_parts, "bytes")}};
  o["macs"] = t.macs;
  o["bound"] = text_or_null(t.bound);
  o["accuracy"] = Json::object();
  o["counts"] = Json::object();
  for (const Part& p : t.accuracy)
    if (!is_count(p.name))
      o["accuracy"][p.name] = p.value;
    else if (p.value == p.value)
      o["counts"][p.name] = static_cast<std::int64_t>(p.value);
    else
      o["counts"][p.name] = nullptr;
  o["output_digest"] = text_or_null(t.digest);
  if (!r.designs.empty()) o["designs"] = designs_json(r.designs);
  o["operators"] = Json::array();
  for (const OperatorRow& row : r.operators) o["operators"].push_back(operator_json(row));
  o["notes"] = r.notes;
  return o;
}

// The figures as they stood before version 0.2.
void add_old_keys(Json& o, const Record& r) {
  const auto parts_json = [](const Parts& parts) {
    Json object = Json::object();
    for (const Part& p : parts) object[p.name] = p.value;
    return object;
  };
  const auto band_json = [](const std::optional<Band>& band) {
    return band ? Json{{"low", band->low}, {"high", band->high}} : Json(nullptr);
  };
  const Totals& t = r.totals;
  o.update({{"latency_s", t.latency_s},
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
            {"energy_band_j", band_json(t.energy_band_j)}});
  run_columns(r.run, [&](std::string_view name, const auto& v) { o[std::string(name)] = v; });
  o["question_digest"] = r.run.question_digest();
  o["notes"] = r.notes;
}

Json cell_json(const Cell& cell) {
  return std::visit(
      [](const auto& v) -> Json {
        using Kind = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<Kind, std::monostate>)
          return nullptr;
        else if constexpr (std::is_same_v<Kind, std::string>)
          return text_or_null(v);
        else if constexpr (std::is_same_v<Kind, Estimate>)
          return v.value;
        else
          return v;
      },
      cell);
}

void add_tables(Json& o, const Report& report) {
  for (const Block& b : report.blocks) {
    if (b.table.key.empty()) continue;
    Json& rows = o[b.table.key] = Json::array();
    for (const auto& row : b.table.rows) {
      Json line = Json::object();
      for (std::size_t c = 0; c < row.size(); ++c)
        if (!b.table.columns[c].key.empty()) line[b.table.columns[c].key] = cell_json(row[c]);
      rows.push_back(std::move(line));
    }
  }
}

Json records_list(std::span<const Record> records) {
  Json all = Json::array();
  for (const Record& r : records) all.push_back(record_json(r));
  return all;
}

}  // namespace

std::string records_json(std::span<const Record> records) {
  Json body = {{"records", records_list(records)}};
  if (records.size() == 1) add_old_keys(body, records[0]);
  return document(body);
}

std::string reports_json(std::span<const Record> records, const std::vector<Report>& reports) {
  Json body = Json::object(), own = Json::array();
  for (const Report& r : reports) {
    if (!r.record) {
      add_tables(body, r);
      continue;
    }
    own.push_back(identity_json(r.record->run, r.record->stored));
    add_tables(own.back(), r);
  }
  if (!records.empty()) {
    Json all = {{"records", own.empty() ? records_list(records) : std::move(own)}};
    all.update(body);
    body = std::move(all);
  }
  return document(body);
}

}  // namespace ane::results
