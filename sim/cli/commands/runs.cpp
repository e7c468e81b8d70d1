// anesim runs: what the results file holds, oldest first.
//
//   $ anesim runs
//   anesim.db, 2 runs
//     id  recorded             workload  variant  chip  unit  runtime  precision  batch  ...
//      1  2026-03-01 12:00:03  readqc    mlp      M4    ane   coreml   fp16         100  ...
#include <fmt/format.h>

#include "isa/error.h"
#include "results/document.h"
#include "results/json.h"
#include "results/store.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
using results::known;

// "2026-03-01T12:00:03.123Z" as a person reads it; JSON and CSV keep the original. Another program
// may have written something else.
std::string readable(const std::string& recorded_at) {
  if (recorded_at.size() < 19) return recorded_at;
  return recorded_at.substr(0, 10) + " " + recorded_at.substr(11, 8);
}

bool chosen(const po::variables_map& given, const results::Run& run) {
  const auto fits = [&](const char* option, const std::string& value) {
    return given.count(option) == 0 || given[option].as<std::string>() == value;
  };
  return fits("workload", run.workload) && fits("chip", run.chip) && fits("unit", run.unit);
}

results::Table table_of(const std::vector<results::Listing>& runs, const po::variables_map& given) {
  results::Table t{"runs",
                   {{"id", "id", ""},
                    {"recorded_at", "", ""},
                    {"", "recorded UTC", ""},
                    {"workload", "workload", ""},
                    {"variant", "variant", ""},
                    {"input", "", ""},
                    {"chip", "chip", ""},
                    {"unit", "unit", ""},
                    {"runtime", "runtime", ""},
                    {"profile", "profile", ""},
                    {"precision", "precision", ""},
                    {"batch", "batch", ""},
                    {"overrides", "", ""},
                    {"code_version", "", ""},
                    {"command", "", ""},
                    {"model", "", ""},
                    {"latency_s", "latency", "s"},
                    {"throughput_items_per_s", "items/s", "count"},
                    {"energy_j", "energy", "J"},
                    {"bound", "bound", ""}},
                   {}};
  for (const results::Listing& l : runs) {
    const results::Run& r = l.run;
    if (chosen(given, r))
      t.rows.push_back({l.id,
                        l.recorded_at,
                        readable(l.recorded_at),
                        r.workload,
                        r.variant,
                        r.input,
                        r.chip,
                        r.unit,
                        r.runtime,
                        r.profile,
                        r.precision,
                        r.batch,
                        r.overrides,
                        r.code_version,
                        l.command,
                        l.model,
                        known(l.latency_s),
                        known(l.throughput_items_per_s),
                        known(l.energy_j),
                        l.bound});
  }
  return t;
}

// What repeats a run. One of a version that kept no command is asked again by its request.
std::string command_of(const results::Record& r) {
  if (!r.stored.command.empty()) return "anesim " + r.stored.command;
  if (r.run.request.empty())
    throw InputError(fmt::format("run {}", r.stored.id),
                     "has no command: an older version made it");
  const std::vector<std::string> words{"run", r.run.request, "--chip", r.run.chip};
  return "anesim " + results::shell_text(words);
}

}  // namespace

int run_runs(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("db", po::value<std::string>()->default_value("anesim.db"),
                        "the results file")("workload", po::value<std::string>(),
                                            "only this workload")(
      "chip", po::value<std::string>(), "only this chip")("unit", po::value<std::string>(),
                                                          "only this unit: ane, gpu, cpu, nvidia");
  options.add_options()("command", "the command line that made run RUN_ID, to be run again");
  add_style(options);
  const auto given = parse({"runs",
                            "[RUN_ID] [options]\n\nThe stored runs, oldest first. `anesim show ID` "
                            "shows one in full.",
                            options, "RUN_ID"},
                           arguments);
  if (!given) return 0;
  results::Store store((*given)["db"].as<std::string>(), results::Store::Open::existing);
  if (given->count("command")) {
    const std::int64_t id = run_id(only_word(*given, "RUN_ID", "runs --command", "of which run?"));
    fmt::print("{}\n", command_of(store.load(id)));
    return 0;
  }
  if (given->count("RUN_ID"))
    throw InputError("anesim runs", "a RUN_ID goes with --command",
                     "`anesim show RUN_ID` shows a run");
  results::Block block;
  block.table = table_of(store.list(), *given);
  const std::size_t n = block.table.rows.size();
  const std::vector<results::Report> reports{
      {fmt::format("{}, {} run{}", store.path(), n, n == 1 ? "" : "s"), nullptr, {block}}};
  const results::Style style = style_of(*given);
  fmt::print("{}", style == results::Style::json  ? results::reports_json({}, reports)
                   : style == results::Style::csv ? results::csv_of(reports)
                                                  : results::text_of(reports, columns_of(*given)));
  return 0;
}

}  // namespace ane::sim
