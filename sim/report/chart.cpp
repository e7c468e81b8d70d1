#include "sim/report/chart.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "isa/error.h"

namespace ane::sim {
namespace {

using Json = nlohmann::ordered_json;

Json value_of(const results::Cell& cell) {
  const auto number = [](double v) { return std::isfinite(v) ? Json(v) : Json(nullptr); };
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* d = std::get_if<double>(&cell)) return number(*d);
  if (const auto* e = std::get_if<results::Estimate>(&cell)) return number(e->value);
  if (const auto* i = std::get_if<std::int64_t>(&cell)) return *i;
  return nullptr;
}

// Columns that have a key: what JSON and CSV show. Words that repeat stand once, so that a timeline
// of ten thousand tasks stays small.
Json table_json(const results::Table& table) {
  Json columns = Json::array();
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].key.empty()) continue;
    Json values = Json::array(), words = Json::array();
    std::map<std::string, std::size_t> at;
    const bool named = std::ranges::all_of(
        table.rows, [&](const auto& row) { return std::holds_alternative<std::string>(row[c]); });
    for (const auto& row : table.rows) {
      if (!named) {
        values.push_back(value_of(row[c]));
        continue;
      }
      const auto& word = std::get<std::string>(row[c]);
      const auto [known, added] = at.emplace(word, words.size());
      if (added) words.push_back(word);
      values.push_back(known->second);
    }
    Json column{{"key", table.columns[c].key}, {"values", std::move(values)}};
    if (named && !table.rows.empty()) column["words"] = std::move(words);
    columns.push_back(std::move(column));
  }
  return {{"columns", std::move(columns)}, {"rows", table.rows.size()}};
}

// Title and unit of a member by the end of its name.
results::Column column_of(const std::string& key) {
  struct Ending {
    std::string_view end, unit;
  };
  static constexpr Ending endings[] = {{"_per_s", "count"}, {"_bytes", "B"},  {"_share", "%"},
                                       {"_ratio", "x"},     {"seconds", "s"}, {"_s", "s"},
                                       {"_j", "J"},         {"_w", "W"}};
  results::Column column{key, key, "", false, true};
  for (const Ending& e : endings)
    if (key.ends_with(e.end)) {
      column.unit = e.unit;
      if (e.end != "_per_s" && e.end != "seconds")
        column.title.resize(column.title.size() - e.end.size());
      break;
    }
  std::ranges::replace(column.title, '_', ' ');
  return column;
}

}  // namespace

const std::vector<ChartKind>& chart_kinds() {
  static const std::vector<ChartKind> kinds = [] {
    std::vector<ChartKind> all;
    for (const DataFile& f : report_files()) {
      if (f.folder != "charts") continue;
      const Json json = Json::parse(f.text);
      all.push_back({std::string(f.name), json.at("title"), json.at("reading"),
                     json.at("tables").get<std::vector<std::string>>(), json.at("spec").dump()});
    }
    return all;
  }();
  return kinds;
}

const ChartKind& chart_kind(std::string_view name) {
  const auto at = std::ranges::find(chart_kinds(), name, &ChartKind::name);
  ANE_CHECK(at != chart_kinds().end(), "a chart has a file");
  return *at;
}

std::string figures_json(const std::vector<const Figure*>& figures) {
  Json charts = Json::object(), list = Json::array(), tables = Json::array();
  std::map<std::string, std::size_t> known;  // of the text of a table
  for (const Figure* f : figures) {
    const ChartKind& kind = chart_kind(f->chart);
    if (!charts.contains(f->chart)) charts[f->chart] = Json::parse(kind.spec);
    Json of = Json::object();
    for (const results::Table& t : f->tables) {
      Json json = table_json(t);
      const auto [at, added] = known.emplace(json.dump(), tables.size());
      if (added) tables.push_back(std::move(json));
      of[t.key] = at->second;
    }
    for (const std::string& key : kind.tables)
      ANE_CHECK(of.contains(key), "a figure has the tables that its chart draws");
    list.push_back({{"id", f->id},
                    {"chart", f->chart},
                    {"title", f->title.empty() ? kind.title : f->title},
                    {"reading", kind.reading},
                    {"tables", std::move(of)}});
  }
  const Json body{
      {"charts", std::move(charts)}, {"figures", std::move(list)}, {"tables", std::move(tables)}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

results::Table table_of_list(const std::string& document, const std::string& list) {
  const Json rows = Json::parse(document).at(list);
  results::Table table;
  table.key = list;
  table.in_full = true;
  std::map<std::string, std::size_t> at;
  for (const Json& row : rows)
    for (const auto& [key, value] : row.items())
      if (!value.is_structured() && at.emplace(key, table.columns.size()).second)
        table.columns.push_back(column_of(key));
  for (const Json& row : rows) {
    std::vector<results::Cell> cells(table.columns.size());
    for (const auto& [key, value] : row.items()) {
      const auto column = at.find(key);
      if (column == at.end() || value.is_null() || value.is_structured()) continue;
      results::Cell& cell = cells[column->second];
      if (value.is_string())
        cell = value.get<std::string>();
      else if (value.is_number_integer())
        cell = value.get<std::int64_t>();
      else if (value.is_boolean())
        cell = std::string(value.get<bool>() ? "yes" : "no");
      else
        cell = value.get<double>();
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string_view report_file(std::string_view name) {
  for (const DataFile& f : report_files())
    if (f.folder == "report" && f.name == name) return f.text;
  return {};
}

}  // namespace ane::sim
