#include "sim/report/reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "results/document.h"
#include "sim/claims/tables_report.h"
#include "sim/explore/views.h"
#include "sim/report/parts.h"
#include "sim/silicon/validate_report.h"

namespace ane::sim {
namespace {

using results::Cell;
using results::Table;

// A wide table of a view of sweeps in the form that a chart takes: a line a value.
Table long_heat(const Table& wide) {
  Table t{"heat", {{"x", "x", ""}, {"y", "y", ""}, {"objective", "objective", ""}}, {}, true};
  for (const auto& row : wide.rows)
    for (std::size_t c = 1; c < row.size(); ++c)
      t.rows.push_back({wide.columns[c].title, row[0], row[c]});
  return t;
}

// The table of the view knee, the axis in each line and the objective under that name.
Table filled_knee(Table t) {
  Cell axis;
  for (auto& row : t.rows) {
    if (std::get<std::string>(row[0]) != " ") axis = row[0];
    row[0] = axis;
  }
  t.columns[2].key = "objective";
  return t;
}

const Table& table_of(const results::Report& report) {
  return report.blocks[0].table;
}

}  // namespace

void add_program(Page& page, const std::string& again) {
  page.head.emplace_back("report by", again);
  page.head.emplace_back("answered by", "anesim " + results::program().version);
}

Page report_of_sweep(const results::Sweep& sweep, const std::string& again) {
  Page page;
  page.title = fmt::format("Sweep of {} points", sweep.points);
  page.head = {{"question", sweep.plan}};
  if (!sweep.command.empty()) page.head.emplace_back("run by", "anesim " + sweep.command);
  page.head.emplace_back("report by", again);
  page.head.emplace_back("answered by", "anesim " + sweep.code_version);
  const auto view = [&](std::string_view name) {
    return sweep_view_named(name).collect(sweep, {});
  };
  Section all{"Points"};
  const results::Report front = view("front");
  all.lines.push_back(front.heading);
  for (const std::string& line : front.blocks[0].after) all.lines.push_back(line);
  if (!table_of(front).rows.empty())
    all.figures.push_back({"sweep-points", "points", {table_of(view("points")), table_of(front)}});
  page.sections.push_back(std::move(all));
  Section axes{"Axes"};
  const results::Report slopes = view("sensitivity");
  axes.lines.push_back(slopes.heading);
  const Table& tornado = table_of(slopes);
  if (std::ranges::any_of(tornado.rows, [](const auto& row) {
        return !std::holds_alternative<std::monostate>(row[1]);
      }))
    axes.figures.push_back({"sweep-tornado", "tornado", {tornado}});
  // These two refuse where no axis, or only one, has several values.
  for (const auto& [name, shape] : {std::pair{"knee", &filled_knee}, {"heat", nullptr}}) try {
      results::Report report = view(name);
      axes.figures.push_back({fmt::format("sweep-{}", name),
                              name,
                              {shape ? shape(table_of(report)) : long_heat(table_of(report))},
                              report.heading});
    } catch (const InputError& e) {
      axes.lines.push_back(fmt::format("No chart of the view {}: {}.", name, e.what()));
    }
  page.sections.push_back(std::move(axes));
  return page;
}

Page report_of_tables(const std::vector<Answer>& answers, const std::string& again) {
  Page page;
  page.title = "Published figures, answered";
  add_program(page, again);
  const Table claims = table_of_list(tables_json(answers), "claims");
  page.sections.push_back({"Verdicts", {}, {{"verdicts", "verdicts", {claims}}}});
  page.sections.push_back({"Figures", {}, {{"claims", "claims", {claims}}}});
  return page;
}

Page report_of_validation(const Validation& validation, const std::string& again) {
  Page page;
  page.title = "Predictions against measured silicon";
  add_program(page, again);
  const std::string json = validation_json(validation, {});
  page.sections.push_back(
      {"Rows", {}, {{"silicon", "silicon", {table_of_list(json, "rows")}}}, {}});
  Section groups{"Groups", {}, {{"silicon-groups", "silicon_groups", {table_of_list(json, "by")}}}};
  Table worst = table_of_list(json, "worst");
  worst.key = "the worst rows";
  groups.tables.push_back(std::move(worst));
  page.sections.push_back(std::move(groups));
  return page;
}

Page report_of_model(const Profile& profile, const std::string& again) {
  Page page;
  page.title = fmt::format("{} on {}, units {}", profile.model, profile.chip, profile.units);
  page.head = {{"question", profile.record.run.request}};
  add_program(page, again);
  const std::string json = profile_json(profile);
  Section where{"Placement"};
  where.lines.push_back(
      fmt::format("{:.0f} % of the operators run on the accelerator.", 100 * profile.on_ane_share));
  const Table operators = table_of_list(json, "operators");
  where.figures.push_back({"model-placement", "placement", {operators}});
  const Table segments = table_of_list(json, "segments");
  if (segments.rows.size() > 1)
    where.figures.push_back({"model-crossings", "crossings", {segments}});
  where.figures.push_back({"model-operator-time", "operator_time", {operators}});
  Table fallbacks = table_of_list(json, "fallbacks");
  fallbacks.key = "what does not run on the accelerator";
  where.tables.push_back(std::move(fallbacks));
  page.sections.push_back(std::move(where));
  Table what_ifs = table_of_list(json, "what_ifs");
  if (!what_ifs.rows.empty()) {
    std::vector<Cell> now(what_ifs.columns.size());
    for (std::size_t c = 0; c < now.size(); ++c) {
      const std::string& key = what_ifs.columns[c].key;
      if (key == "what") now[c] = std::string("as it is");
      if (key == "latency_s") now[c] = results::known(profile.record.totals.latency_s);
      if (key == "energy_j") now[c] = results::known(profile.record.totals.energy_j);
    }
    what_ifs.rows.insert(what_ifs.rows.begin(), std::move(now));
    page.sections.push_back({"What if", {}, {{"model-what-ifs", "what_ifs", {what_ifs}}}});
  }
  page.sections.push_back(section_of_run(profile.record, "run-"));
  return page;
}

}  // namespace ane::sim
