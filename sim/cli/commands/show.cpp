// anesim show: stored runs through any view, without running anything again.
//
//   $ anesim show --view bottleneck 3
//   $ anesim show --view compare 3 4 5
#include <fmt/format.h>

#include "isa/error.h"
#include "results/store.h"
#include "results/text.h"
#include "results/trace.h"
#include "results/view.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/session.h"
#include "sim/cli/sweep/output.h"
#include "sim/price/levers.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

// With the view that the words ask for, how it is read.
std::string usage(const Arguments& arguments) {
  std::string text =
      "[RUN_ID...] [options]\n\nStored runs, the newest without RUN_ID, through a view; `anesim "
      "show "
      "--view NAME --help` says how it is read:\n";
  for (const results::View& v : results::views())
    text += fmt::format("  {:<11} {}\n", v.name, v.summary);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name;
    if (arguments[i].starts_with("--view=")) name = arguments[i].substr(7);
    if (arguments[i] == "--view" && i + 1 < arguments.size()) name = arguments[i + 1];
    for (const results::View& v : results::views())
      if (v.name == name)
        text += fmt::format(
            "\n{}:\n{}\n", v.name,
            results::wrapped(fmt::format("  {}", v.reading), results::usual_columns, 2));
  }
  return text;
}

// The views of sweeps have names of their own, which take the place of those of runs.
int show_sweep(const po::variables_map& given, results::Style style) {
  refuse_beside(given, "--sweep", {"RUN_ID", "trace"}, "a sweep is no run");
  const std::string id = given["sweep"].as<std::string>();
  SweepOutput output = sweep_output_of(given, style);
  results::Store store(given["db"].as<std::string>(), results::Store::Open::existing);
  print_sweep(store.load_sweep(id == "last" ? 0 : run_id(id)), output);
  return 0;
}

}  // namespace

int run_show(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("db", po::value<std::string>()->default_value("anesim.db"),
                        "the results file")("view", po::value<std::string>(),
                                            "one of the views above; default: summary")(
      "trace", po::value<std::string>(),
      "write what ran when to this file, for ui.perfetto.dev; tasks where the run was stored with "
      "--tasks");
  options.add_options()("sweep", po::value<std::string>()->value_name("ID|last"),
                        "a sweep instead: through front, best, sensitivity, heat, knee or points")(
      "look-at", po::value<std::string>()->value_name("OBJECTIVE"),
      "of a sweep: what the view is of")("x", po::value<std::string>()->value_name("AXIS"),
                                         "of the view heat: its columns")(
      "y", po::value<std::string>()->value_name("AXIS"), "of the view heat: its rows");
  add_style(options);
  add_table_option(options);
  const auto given =
      parse({.name = "show",
             .usage = usage(arguments),
             .options = options,
             .positional = "RUN_ID",
             .examples = {"anesim show --view bottleneck", "anesim show 1 2 --view compare",
                          "anesim show --view roofline --help"}},
            arguments);
  if (!given) return 0;
  const results::Style style = style_of(*given);
  if (given->count("sweep")) return show_sweep(*given, style);
  refuse_beside(*given, "a run", {"look-at", "x", "y"}, "--sweep ID");
  std::vector<std::int64_t> ids;
  if (given->count("RUN_ID"))
    for (const std::string& word : (*given)["RUN_ID"].as<std::vector<std::string>>())
      ids.push_back(run_id(word));
  if (given->count("trace")) check_file_to_write(*given, "trace");
  results::Store store((*given)["db"].as<std::string>(), results::Store::Open::existing);
  if (ids.empty()) ids.push_back(store.newest());
  if (given->count("trace") && ids.size() > 1)
    throw InputError("--trace", "a trace shows one run", "give one RUN_ID");
  std::vector<results::Record> records;
  for (const std::int64_t id : ids) records.push_back(store.load(id));
  const std::string view =
      given->count("view") ? (*given)["view"].as<std::string>() : std::string("summary");
  if (view == "bottleneck")
    for (results::Record& r : records) r.levers = levers_of(r);
  results::Rendering how(style);
  how.table = table_of(*given);
  how.columns = columns_of(*given);
  const std::string text = results::render(view, records, how);
  if (given->count("trace")) results::write_trace(records[0], (*given)["trace"].as<std::string>());
  fmt::print("{}", text);
  return 0;
}

}  // namespace ane::sim
