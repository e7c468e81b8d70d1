#include "sim/claims/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "isa/error.h"
#include "results/csv.h"
#include "sim/silicon/silicon_rows.h"

namespace ane::sim {
namespace {

// The records of one table by column name, with their places for messages.
struct Row {
  std::map<std::string, std::string> fields;
  std::string place;
  const std::string& at(const std::string& column) const { return fields.at(column); }
  double number(const std::string& column) const {
    const std::string& text = at(column);
    double v = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (fault != std::errc{} || end != text.data() + text.size())
      throw InputError(place, fmt::format("{}: '{}' is no number", column, text));
    return v;
  }
};

std::vector<Row> table(const std::vector<DataFile>& files, std::string_view name,
                       const std::vector<std::string>& columns) {
  for (const DataFile& f : files) {
    if (f.folder != "published" || f.name != name) continue;
    const std::string file = std::string(name) + ".csv";
    const auto records = results::parse_csv(f.text, file);
    if (records.empty()) throw InputError(file, "no rows");
    if (records[0].fields != columns)
      throw InputError(file + ":1", "the columns differ",
                       fmt::format("{}", fmt::join(columns, ",")));
    std::vector<Row> rows;
    for (std::size_t r = 1; r < records.size(); ++r) {
      Row row{.fields = {}, .place = fmt::format("{}:{}", file, records[r].line)};
      if (records[r].size() != columns.size())
        throw InputError(row.place,
                         fmt::format("{} fields, not {}", records[r].size(), columns.size()));
      for (std::size_t c = 0; c < columns.size(); ++c) row.fields[columns[c]] = records[r][c];
      rows.push_back(std::move(row));
    }
    return rows;
  }
  throw InputError(std::string(name) + ".csv", "the table is not there");
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string w; in >> w;) out.push_back(w);
  return out;
}

}  // namespace

const PublishedClaim* Published::find(const std::string& id) const {
  const auto at = std::ranges::find(claims, id, &PublishedClaim::id);
  return at == claims.end() ? nullptr : &*at;
}

const Configuration& Published::configuration(const std::string& name) const {
  const auto at = configurations.find(name);
  ANE_CHECK(at != configurations.end(), name.c_str());
  return at->second;
}

double unit_scale(const std::string& unit) {
  static const std::map<std::string, double> scales = {
      {"TOPS", 1e12},  {"TFLOPS", 1e12}, {"GFLOPS/W", 1e9}, {"GB/s", 1e9}, {"MB", 1e6},
      {"M", 1e6},      {"W", 1},         {"x", 1},          {"x/W", 1},    {"fraction", 1},
      {"tokens/s", 1}, {"res/s", 1},     {"percent", 0.01}, {"ms", 1e-3},  {"s", 1}};
  const auto at = scales.find(unit);
  if (at == scales.end()) throw InputError("", fmt::format("unit '{}' is unknown", unit));
  return at->second;
}

Published load_published(const std::vector<DataFile>& files) {
  Published p;
  for (const Row& r :
       table(files, "configurations", {"name", "chip", "unit", "runtime", "items", "spec"})) {
    Configuration c{.name = r.at("name"),
                    .chip = r.at("chip"),
                    .unit = r.at("unit"),
                    .runtime = r.at("runtime"),
                    .items = r.number("items"),
                    .spec = r.at("spec")};
    if (!(c.items > 0)) throw InputError(r.place, "items must be above 0");
    if (!p.configurations.emplace(c.name, c).second)
      throw InputError(r.place, fmt::format("'{}' is there twice", c.name));
  }
  for (const Row& r : table(files, "ablation", {"step", "alone", "base", "together"})) {
    p.ablation.push_back({r.at("step"), r.at("alone"), r.at("base"), r.at("together")});
    const AblationStep& step = p.ablation.back();
    for (const std::string* name : {&step.alone, &step.base, &step.together})
      if (!p.configurations.contains(*name) && (!name->empty() || name != &step.together))
        throw InputError(r.place, fmt::format("no configuration '{}'", *name));
  }
  std::map<std::string, std::pair<bool, std::string>> standings;
  for (const Row& r : table(files, "provenance", {"provenance", "stands", "says"}))
    standings[r.at("provenance")] = {r.number("stands") != 0, r.at("says")};

  for (const Row& r :
       table(files, "claims",
             {"id", "source", "table", "chip", "unit", "workload", "config", "metric", "value_low",
              "value_high", "value_unit", "kind", "provenance"})) {
    PublishedClaim c;
    c.id = r.at("id");
    c.source = r.at("source");
    c.table = r.at("table");
    c.chip = r.at("chip");
    c.unit = r.at("unit");
    c.workload = r.at("workload");
    c.config = r.at("config");
    c.metric = r.at("metric");
    c.low = r.number("value_low");
    c.high = r.number("value_high");
    c.value_unit = r.at("value_unit");
    c.kind = r.at("kind");
    c.provenance = r.at("provenance");
    unit_scale(c.value_unit);
    if (c.low > c.high) throw InputError(r.place, "value_low is above value_high");
    if (p.find(c.id) != nullptr) throw InputError(r.place, fmt::format("'{}' twice", c.id));
    const auto standing = standings.find(c.provenance);
    if (standing == standings.end())
      throw InputError(r.place,
                       fmt::format("provenance '{}' is not in provenance.csv", c.provenance));
    std::tie(c.stands, c.standing) = standing->second;
    p.claims.push_back(std::move(c));
  }

  for (const Row& r :
       table(files, "answers",
             {"id", "quantity", "of", "against", "arithmetic", "missing", "row", "column"})) {
    const auto at = std::ranges::find(p.claims, r.at("id"), &PublishedClaim::id);
    if (at == p.claims.end()) throw InputError(r.place, fmt::format("no claim '{}'", r.at("id")));
    at->quantity = r.at("quantity");
    at->of = words(r.at("of"));
    at->against = words(r.at("against"));
    at->arithmetic = r.at("arithmetic");
    at->missing = r.at("missing");
    at->row = r.at("row");
    at->column = r.at("column");
    if (at->quantity.empty()) throw InputError(r.place, "no quantity");
  }
  for (const PublishedClaim& c : p.claims)
    if (c.quantity.empty()) throw InputError("answers.csv", fmt::format("no row for '{}'", c.id));

  for (const Row& r : table(files, "context",
                            {"source", "table", "row", "column", "value_low", "value_high",
                             "value_unit", "quantity", "of", "against"})) {
    PublishedClaim c;
    c.source = r.at("source");
    c.table = r.at("table");
    c.row = r.at("row");
    c.column = r.at("column");
    c.low = r.number("value_low");
    c.high = r.number("value_high");
    c.value_unit = r.at("value_unit");
    unit_scale(c.value_unit);
    c.quantity = r.at("quantity");
    c.of = words(r.at("of"));
    c.against = words(r.at("against"));
    for (const auto* names : {&c.of, &c.against})
      for (const std::string& name : *names)
        if (!p.configurations.contains(name))
          throw InputError(r.place, fmt::format("no configuration '{}'", name));
    p.context.push_back(std::move(c));
  }
  return p;
}

}  // namespace ane::sim
