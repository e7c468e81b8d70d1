#include "sim/claims/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
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

// Half a unit of the last digit: 0.05 of "14.7", 0.5 of "60".
double half_digit(const std::string& text) {
  const std::size_t point = text.find('.');
  const auto places = point == std::string::npos ? 0 : text.size() - point - 1;
  return 0.5 * std::pow(10, -static_cast<double>(places));
}

Sense sense_named(const std::string& name, const std::string& place) {
  for (const Sense s : {Sense::plain, Sense::up_to, Sense::at_least})
    if (name == sim::name(s)) return s;
  throw InputError(place, fmt::format("sense '{}' is unknown", name), "up to, at least or none");
}

}  // namespace

std::string whole_chip(const std::string& name) {
  return name.substr(0, name.find('-'));
}

std::string_view name(Sense s) {
  return s == Sense::up_to ? "up to" : s == Sense::at_least ? "at least" : "";
}

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
      {"GB", 1e9},     {"GiB", 0x1p30},  {"M", 1e6},        {"G", 1e9},    {"W", 1},
      {"x", 1},        {"x/W", 1},       {"x/day", 1},      {"bits", 1},   {"fraction", 1},
      {"tokens/s", 1}, {"res/s", 1},     {"percent", 0.01}, {"ms", 1e-3},  {"s", 1}};
  const auto at = scales.find(unit);
  if (at == scales.end()) throw InputError("", fmt::format("unit '{}' is unknown", unit));
  return at->second;
}

Published load_published(const std::vector<DataFile>& files) {
  Published p;
  for (const Row& r : table(files, "configurations",
                            {"name", "chip", "unit", "runtime", "items", "precision", "spec"})) {
    Configuration c{.name = r.at("name"),
                    .chip = r.at("chip"),
                    .unit = r.at("unit"),
                    .runtime = r.at("runtime"),
                    .items = r.number("items"),
                    .precision = r.at("precision"),
                    .spec = r.at("spec")};
    if (!(c.items > 0)) throw InputError(r.place, "items must be above 0");
    if (!c.precision.empty() && c.precision != "adaptive")
      throw InputError(r.place, fmt::format("precision '{}' is unknown", c.precision),
                       "adaptive, or none for that of the spec");
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
  struct Standing {
    bool stands = true;
    std::string says, cited;
  };
  std::map<std::string, Standing> standings;
  for (const Row& r : table(files, "provenance", {"provenance", "stands", "says", "cited"}))
    standings[r.at("provenance")] = {r.number("stands") != 0, r.at("says"), r.at("cited")};

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
    c.digit = half_digit(r.at("value_low"));
    if (c.low > c.high) throw InputError(r.place, "value_low is above value_high");
    if (p.find(c.id) != nullptr) throw InputError(r.place, fmt::format("'{}' twice", c.id));
    const auto standing = standings.find(c.provenance);
    if (standing == standings.end())
      throw InputError(r.place,
                       fmt::format("provenance '{}' is not in provenance.csv", c.provenance));
    c.stands = standing->second.stands;
    c.standing = standing->second.says;
    c.cited = standing->second.cited;
    p.claims.push_back(std::move(c));
  }

  for (const Row& r : table(files, "answers",
                            {"id", "quantity", "of", "against", "arithmetic", "missing", "sense",
                             "choice", "row", "column"})) {
    const auto at = std::ranges::find(p.claims, r.at("id"), &PublishedClaim::id);
    if (at == p.claims.end()) throw InputError(r.place, fmt::format("no claim '{}'", r.at("id")));
    at->quantity = r.at("quantity");
    at->of = words(r.at("of"));
    at->against = words(r.at("against"));
    at->arithmetic = r.at("arithmetic");
    at->missing = r.at("missing");
    at->sense = sense_named(r.at("sense"), r.place);
    at->choice = r.at("choice");
    at->row = r.at("row");
    at->column = r.at("column");
    if (at->quantity.empty()) throw InputError(r.place, "no quantity");
  }
  for (const PublishedClaim& c : p.claims)
    if (c.quantity.empty()) throw InputError("answers.csv", fmt::format("no row for '{}'", c.id));
  for (const Row& r : table(files, "choices", {"id", "choice", "of", "against"})) {
    const auto at = std::ranges::find(p.claims, r.at("id"), &PublishedClaim::id);
    if (at == p.claims.end()) throw InputError(r.place, fmt::format("no claim '{}'", r.at("id")));
    if (r.at("choice").empty() || at->choice.empty())
      throw InputError(r.place, fmt::format("a choice of '{}' has no name", at->id),
                       "in answers.csv and in choices.csv");
    at->others.push_back({r.at("choice"), words(r.at("of")), words(r.at("against"))});
  }

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
