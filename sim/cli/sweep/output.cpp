#include "sim/cli/sweep/output.h"

#include <fmt/format.h>

#include "results/json.h"
#include "sim/cli/session.h"

namespace ane::sim {

namespace po = boost::program_options;

void add_sweep_view_options(po::options_description& options) {
  options.add_options()  //
      ("view", po::value<std::string>()->value_name("NAME"),
       "one of the views above; default: front, with --json and --csv points")  //
      ("look-at", po::value<std::string>()->value_name("OBJECTIVE"),
       "what the view is of; default: the sweep's objectives")  //
      ("x", po::value<std::string>()->value_name("AXIS"), "columns of the view heat")(
          "y", po::value<std::string>()->value_name("AXIS"), "rows of the view heat");
}

SweepOutput sweep_output_of(const po::variables_map& given, results::Style style) {
  SweepOutput out;
  out.view = &sweep_view_named(given.count("view")             ? given["view"].as<std::string>()
                               : style == results::Style::text ? "front"
                                                               : "points");
  const auto text = [&](const char* option) {
    return given.count(option) ? given[option].as<std::string>() : std::string();
  };
  out.options = {.objective = text("look-at"), .x = text("x"), .y = text("y")};
  if (out.view->name == "points")
    refuse_beside(given, "--view points", {"look-at"}, "it has all objectives");
  if (out.view->name != "heat") refuse_beside(given, "this view", {"x", "y"}, "--view heat");
  out.style = style;
  out.table = table_of(given);
  out.columns = columns_of(given);
  return out;
}

void print_sweep(const results::Sweep& sweep, const SweepOutput& output) {
  std::vector<results::Report> reports{output.view->collect(sweep, output.options)};
  // Which sweep it is, for who reads data.
  results::Block about;
  about.table = {"sweep",
                 {{"id", "", ""},
                  {"plan", "", ""},
                  {"points", "", ""},
                  {"computed", "", ""},
                  {"version", "", ""},
                  {"command", "", ""}},
                 {}};
  about.table.rows.push_back(
      {sweep.id == 0 ? results::Cell{} : results::Cell{sweep.id}, sweep.plan, sweep.points,
       static_cast<std::int64_t>(std::ssize(sweep.rows)), sweep.code_version,
       sweep.command.empty() ? results::Cell{} : results::Cell{sweep.command}});
  if (output.style != results::Style::text) reports[0].blocks.push_back(std::move(about));
  fmt::print("{}", output.style == results::Style::json ? results::reports_json({}, reports)
                   : output.style == results::Style::csv
                       ? results::csv_of(reports, output.table)
                       : results::text_of(reports, output.columns));
}

std::string sweep_views_text() {
  std::string text;
  for (const SweepView& v : sweep_views()) text += fmt::format("  {:<11} {}\n", v.name, v.summary);
  return text;
}

}  // namespace ane::sim
