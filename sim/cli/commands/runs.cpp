// anesim runs: what the results file holds, oldest first.
//
//   $ anesim runs
//   anesim.db, 2 runs
//     id  recorded             workload  variant  chip  unit  runtime  precision  batch  ...
//      1  2026-03-01 12:00:03  readqc    mlp      M4    ane   coreml   fp16         100  ...
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "isa/error.h"
#include "isa/status.h"
#include "results/document.h"
#include "results/json.h"
#include "results/store.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/price/target.h"
#include "workloads/request/kinds.h"

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

// One of --workload, --chip, --unit: what it may be, in its own spelling.
struct Filter {
  const char* option;
  std::string results::Run::*field;
  std::vector<std::string> known;  // beside what is stored
  std::string wanted{};            // empty: all
};

// The stored or known name that is meant, whatever its case; InputError with the nearest.
std::string spelt(const Filter& f, const std::string& word,
                  const std::vector<results::Listing>& runs) {
  std::vector<std::string> names;
  for (const results::Listing& l : runs)
    if (std::ranges::find(names, l.run.*f.field) == names.end()) names.push_back(l.run.*f.field);
  for (const std::string& name : f.known)
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  for (const std::string& name : names)
    if (folded_name(name) == folded_name(word)) return name;
  throw InputError(fmt::format("--{}", f.option), fmt::format("unknown {} '{}'", f.option, word),
                   choice_note(word, names));
}

std::vector<Filter> filters_of(const po::variables_map& given,
                               const std::vector<results::Listing>& runs) {
  std::vector<std::string> kinds, units;
  for (const workloads::Kind* k : workloads::kinds()) kinds.emplace_back(k->name);
  for (const std::string_view unit : workloads::names_of(Unit{})) units.emplace_back(unit);
  std::vector<Filter> all{{"workload", &results::Run::workload, kinds},
                          {"chip", &results::Run::chip, chip_names()},
                          {"unit", &results::Run::unit, units}};
  for (Filter& f : all) {
    if (given.count(f.option) == 0) continue;
    std::string word = given[f.option].as<std::string>();
    // A device's name is its chip's.
    if (f.field == &results::Run::chip)
      for (const auto& [alias, chip] : description_aliases("chips"))
        if (folded_name(alias) == folded_name(word)) word = chip;
    f.wanted = spelt(f, word, runs);
  }
  return all;
}

bool chosen(const std::vector<Filter>& filters, const results::Run& run) {
  return std::ranges::all_of(
      filters, [&](const Filter& f) { return f.wanted.empty() || run.*f.field == f.wanted; });
}

// Why there are no runs: which values there are.
void tell_none(const std::vector<Filter>& filters, const std::vector<results::Listing>& runs) {
  for (const Filter& f : filters) {
    if (f.wanted.empty()) continue;
    std::set<std::string> stored;
    for (const results::Listing& l : runs) stored.insert(l.run.*f.field);
    print_status("no run fits --{} {}: stored are {}\n", f.option, f.wanted,
                 fmt::join(stored, ", "));
  }
}

results::Table table_of(const std::vector<results::Listing>& runs,
                        const std::vector<Filter>& filters) {
  results::Table t{"runs",
                   {{"id", "id", ""},
                    {"recorded_at", "", ""},
                    {"", "recorded UTC", "", false, true},
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
    if (chosen(filters, r))
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

[[noreturn]] void refuse_word(const po::variables_map& given) {
  const std::string word = given["RUN_ID"].as<std::vector<std::string>>().front();
  const std::size_t equals = word.find('=');
  throw InputError(
      "anesim runs", fmt::format("'{}' is a word too many", word),
      equals != std::string::npos
          ? fmt::format("did you mean '--{} {}'?", word.substr(0, equals), word.substr(equals + 1))
          : "`anesim show RUN_ID` shows a run, `anesim runs RUN_ID --command` its command");
}

}  // namespace

int run_runs(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()  //
      ("db", po::value<std::string>()->default_value("anesim.db")->value_name("FILE"),
       "the results file")                                                                       //
      ("workload", po::value<std::string>()->value_name("NAME"), "only this workload")           //
      ("chip", po::value<std::string>()->value_name("NAME"), "only this chip")                   //
      ("unit", po::value<std::string>()->value_name("NAME"), "only this unit: ane, gpu or cpu")  //
      ("command", "the command line that made run RUN_ID, to be run again");
  add_style(options);
  const auto given = parse(
      {.name = "runs",
       .usage =
           "[RUN_ID] [options]\n\nThe stored runs, oldest first. `anesim show ID` shows one in "
           "full.",
       .options = options,
       .positional = "RUN_ID",
       .examples = {"anesim runs --chip M4", "anesim runs --workload network --csv"}},
      arguments);
  if (!given) return 0;
  if (given->count("RUN_ID") && !given->count("command")) refuse_word(*given);
  results::Store store((*given)["db"].as<std::string>(), results::Store::Open::existing);
  if (given->count("command")) {
    const std::int64_t id = run_id(only_word(*given, "RUN_ID", "runs --command", "of which run?"));
    fmt::print("{}\n", command_of(store.load(id)));
    return 0;
  }
  const std::vector<results::Listing> runs = store.list();
  const std::vector<Filter> filters = filters_of(*given, runs);
  results::Block block;
  block.table = table_of(runs, filters);
  if (block.table.rows.empty() && !runs.empty()) tell_none(filters, runs);
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
