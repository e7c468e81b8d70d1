// Reports of runs: how several compare, and what one is made of.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "results/text.h"
#include "results/views/views.h"
#include "sim/explore/views.h"
#include "sim/report/parts.h"
#include "sim/report/reports.h"

namespace ane::sim {
namespace {

using results::Cell;
using results::Record;
using results::Records;
using results::Run;
using results::Table;

// More runs than these are compared, not taken apart.
constexpr std::size_t most_apart = 4;

// What tells a run from others on its chip: the words in which any two of them differ.
class Series {
 public:
  explicit Series(Records records) {
    for (const auto field : fields)
      for (const Record& r : records)
        if (r.run.*field != records[0].run.*field) {
          differ_.push_back(field);
          break;
        }
    if (differ_.empty()) differ_ = {&Run::unit};
  }
  std::string operator()(const Run& run) const {
    std::string text;
    for (const auto field : differ_)
      if (!(run.*field).empty()) text += (text.empty() ? "" : " ") + run.*field;
    return text;
  }

 private:
  static constexpr std::string Run::*fields[] = {&Run::workload, &Run::variant,  &Run::unit,
                                                 &Run::runtime,  &Run::profile,  &Run::precision,
                                                 &Run::form,     &Run::overrides};
  std::vector<std::string Run::*> differ_;
};

// Without the last digits, in which runs of one size differ.
double items_of(const Record& r) {
  return std::round(results::items_per_call(r.totals) * 1e6) / 1e6;
}

// The lines of the compare view, each with its series, the items of its call and, of a series on a
// chip that was asked at several sizes, the mark of its knee.
Table runs_table(Records records, const Series& series) {
  Table t = results::compare(records, results::Style::json)[0].blocks[0].table;
  t.columns.push_back({"series", "series", ""});
  t.columns.push_back({"items_per_call", "items a call", ""});
  t.columns.push_back({"knee", "knee", ""});
  std::map<std::pair<std::string, std::string>, std::map<double, std::size_t>> lines;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::string name = series(records[i].run);
    t.rows[i].emplace_back(name);
    t.rows[i].push_back(results::known(items_of(records[i])));
    t.rows[i].emplace_back();
    lines[{records[i].run.chip, name}].emplace(items_of(records[i]), i);
  }
  for (const auto& [name, line] : lines) {
    if (line.size() < 2) continue;
    std::vector<double> sizes, rates;
    for (const auto& [items, i] : line) {
      sizes.push_back(items);
      rates.push_back(records[i].totals.throughput_items_per_s);
    }
    const std::size_t knee = knee_at(sizes, gains_of(sizes, rates));
    if (knee < sizes.size()) t.rows[line.at(sizes[knee])].back() = std::string("knee");
  }
  return t;
}

bool several_sizes(Records records) {
  return std::ranges::any_of(records,
                             [&](const Record& r) { return items_of(r) != items_of(records[0]); });
}

// Figures of accuracy that are no counts and in which the runs differ, one line each.
Table accuracy_table(Records records, const Series& series) {
  Table t{"accuracy",
          {{"series", "series", ""},
           {"chip", "chip", ""},
           {"latency_s", "latency", "s"},
           {"metric", "metric", ""},
           {"value", "value", ""}},
          {},
          true};
  std::map<std::string, std::set<double>> values;
  for (const Record& r : records)
    for (const results::Part& p : r.totals.accuracy)
      if (!std::isnan(p.value)) values[p.name].insert(p.value);
  for (const Record& r : records)
    for (const results::Part& p : r.totals.accuracy)
      if (!results::is_count(p.name) && !p.name.starts_with("ulp_") && values[p.name].size() > 1)
        t.rows.push_back({series(r.run), r.run.chip, results::known(r.totals.latency_s), p.name,
                          results::known(p.value)});
  return t;
}

Table ulp_table(const Record& r) {
  Table t{"ulp", {{"distance", "distance", ""}, {"share", "share", "%"}}, {}, true};
  for (const results::Part& p : r.totals.accuracy) {
    if (!p.name.starts_with("ulp_") || std::isnan(p.value)) continue;
    std::string distance = p.name.substr(4);
    if (distance.ends_with("_up")) distance.replace(distance.size() - 3, 3, " and more");
    std::ranges::replace(distance, '_', '-');
    t.rows.push_back({distance, results::known(p.value)});
  }
  return t;
}

void add(Section& section, const std::string& prefix, const std::string& chart,
         std::vector<Table> tables) {
  if (tables[0].rows.empty()) return;
  section.figures.push_back({prefix + chart, chart, std::move(tables)});
}

// The first table of that key of a view of one record.
Table table_in(const std::vector<results::Report>& reports, std::string_view key) {
  for (const results::Block& b : reports[0].blocks)
    if (b.table.key == key) return b.table;
  return {std::string(key)};
}

}  // namespace

Section section_of_run(const Record& record, const std::string& prefix) {
  Section section{results::heading(record.run)};
  const Records one(&record, 1);
  const auto bottleneck = results::bottleneck(one);
  section.lines.push_back(fmt::format(
      "{} a call, {} an item, bound by {}.", results::with_unit(record.totals.latency_s, "s"),
      results::with_unit(record.totals.energy_j / items_of(record), "J"), record.totals.bound));
  for (const std::string& note : record.notes) section.lines.push_back(note);
  add(section, prefix, "causes", {table_in(bottleneck, "causes")});
  add(section, prefix, "operator_causes", {table_in(bottleneck, "operator_causes")});
  const auto roofline = results::roofline(one);
  if (const Table limits = table_in(roofline, "limits"); !limits.rows.empty())
    add(section, prefix, "roofline", {table_in(roofline, "operators"), limits});
  add(section, prefix, "timeline",
      {table_in(results::timeline(one, results::Style::json), "intervals")});
  add(section, prefix, "energy_parts", {table_in(results::energy(one), "parts")});
  add(section, prefix, "memory_parts", {table_in(results::memory(one), "parts")});
  add(section, prefix, "ulp", {ulp_table(record)});
  return section;
}

Page report_of_runs(Records records, const std::string& again) {
  Page page;
  const Run& first = records[0].run;
  const bool one = records.size() == 1;
  page.title = one ? results::heading(first)
                   : fmt::format("{}{}: {} runs", first.workload,
                                 first.variant.empty() ? "" : " " + first.variant, records.size());
  std::set<std::string> commands, versions;
  for (const Record& r : records) {
    if (!r.stored.command.empty()) commands.insert(r.stored.command);
    versions.insert(r.run.code_version);
  }
  if (one) page.head.emplace_back("question", first.request);
  for (const std::string& c : commands) page.head.emplace_back("run by", "anesim " + c);
  page.head.emplace_back("report by", again);
  for (const std::string& v : versions) page.head.emplace_back("answered by", "anesim " + v);
  if (!one) {
    const Series series(records);
    Section compared{"Compared"};
    const Table runs = runs_table(records, series);
    const std::string prefix = "runs-";
    if (several_sizes(records)) {
      add(compared, prefix, "speed_up_by_items", {runs});
      add(compared, prefix, "latency_by_items", {runs});
      add(compared, prefix, "throughput_by_items", {runs});
    } else {
      add(compared, prefix, "speed_up", {runs});
    }
    add(compared, prefix, "energy", {runs});
    add(compared, prefix, "memory", {runs});
    add(compared, prefix, "accuracy", {accuracy_table(records, series)});
    if (records.size() > most_apart)
      compared.lines.push_back(
          fmt::format("Of more than {} runs none is taken apart; `anesim report RUN_ID` shows one "
                      "with its roofline and timeline.",
                      most_apart));
    page.sections.push_back(std::move(compared));
  }
  if (records.size() <= most_apart)
    for (std::size_t i = 0; i < records.size(); ++i)
      page.sections.push_back(
          section_of_run(records[i], one ? "run-" : fmt::format("run-{}-", i + 1)));
  return page;
}

}  // namespace ane::sim
