// anesim tune: the best of what a user may choose for given work on a given machine.
//
//   $ anesim tune resnet50 --chip M4 --objective energy --max-latency 10ms
#include "sim/explore/tune.h"

#include <fmt/format.h>

#include "isa/error.h"
#include "isa/status.h"
#include "results/document.h"
#include "results/json.h"
#include "results/store.h"
#include "sim/cli/ask.h"
#include "sim/cli/sweep/asked.h"
#include "sim/cli/sweep/stop.h"
#include "sim/cli/tune/agreement.h"
#include "sim/cli/tune/buckets.h"
#include "sim/explore/choices.h"
#include "sim/explore/point.h"
#include "sim/explore/sweep.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

// What is best, as it is asked and as points are judged: what a batch multiplies is told by item.
struct Aim {
  std::string_view name, objective, summary;
};
constexpr Aim aims[] = {{"latency", "latency", "of a call"},
                        {"energy", "energy_per_item", "of an item"},
                        {"power", "power", "mean of a call"},
                        {"memory", "memory", "at its peak"},
                        {"throughput", "throughput", "items a second"},
                        {"agreement", agreement_objective, "answers that are float32's"}};

struct Limit {
  const char *option, *objective, *unit, *summary;
  bool least = false;
};
constexpr Limit limits[] = {{"max-latency", "latency", "s", "of a call, as 10ms"},
                            {"max-energy", "energy_per_item", "J", "of an item, as 5mJ"},
                            {"max-power", "power", "W", "mean of a call, as 10W"},
                            {"max-memory", "memory", "B", "as 512MiB"},
                            {"min-throughput", "throughput", "1", "items a second", true}};

std::string_view objective_of(const std::string& name) {
  std::vector<std::string> names;
  for (const Aim& a : aims) {
    if (a.name == name) return a.objective;
    names.emplace_back(a.name);
  }
  throw InputError("--objective", fmt::format("unknown objective '{}'", name),
                   choice_note(name, names));
}

double share_option(const po::variables_map& given) {
  const double share = given["min-agreement"].as<double>();
  if (!(share > 0 && share <= 1))
    throw InputError("--min-agreement", fmt::format("{:g} is no share of answers", share),
                     "above 0 to 1, as 0.99");
  return share;
}

TunePlan plan_of(const po::variables_map& given) {
  TunePlan plan;
  const std::string text =
      with_inputs(given, only_request(given, "anesim tune", "what is to be tuned?",
                                      "anesim tune resnet50 --chip M4 --objective energy"));
  const workloads::Request request = workloads::parse_request(text);
  SweepPlan& grid = plan.grid;
  grid.request = workloads::to_text(request);
  grid.set = overrides_of(given);
  const Chip chip = load_chip(given["chip"].as<std::string>(), grid.set);
  grid.chip = chip.name();
  const std::string_view objective = objective_of(given["objective"].as<std::string>());
  plan.most_agreement = objective == agreement_objective;
  if (!plan.most_agreement) grid.objectives = {std::string(objective)};
  if (given.count("min-agreement")) plan.min_agreement = share_option(given);
  for (const Limit& l : limits) {
    if (given.count(l.option) == 0) continue;
    const std::string place = fmt::format("--{}", l.option);
    const std::string value = given[l.option].as<std::string>();
    const Quantity q = parse_quantity(value, place);
    if (q.dimension != l.unit || !(q.value > 0))
      throw InputError(place, fmt::format("'{}' is none", value), l.summary);
    plan.bounds.push_back({l.objective, q.value});
    grid.where.emplace_back(fmt::format("{} {} {}", l.objective, l.least ? ">=" : "<=", value));
  }
  if (given.count("where"))
    for (const std::string& c : given["where"].as<std::vector<std::string>>())
      grid.where.emplace_back(c);
  const bool numbers = plan.min_agreement || plan.most_agreement;
  const auto wanted = given.count("choose") ? given["choose"].as<std::vector<std::string>>()
                                            : std::vector<std::string>{};
  grid.axes = choices_of(request, chip, wanted, numbers);
  return plan;
}

std::string choices_text() {
  std::string text;
  for (const Choice& c : common_choices())
    text += fmt::format("  {:<11} {}{}\n", c.name, c.summary,
                        c.values == nullptr ? " (where --choose names values)"
                        : c.numbers         ? " (by itself only with --min-agreement)"
                                            : "");
  for (const workloads::Kind* k : workloads::kinds()) {
    std::string names;
    for (const workloads::Key& key : k->keys)
      if (key.choice && key.name != "bucket") names += fmt::format(" {}", key.name);
    if (!names.empty()) text += fmt::format("  of {}:{}\n", k->name, names);
  }
  return text;
}

// Precision by layer is tried where shorter numbers would be better, but agree too little: on the
// best of each precision.
std::optional<LayerChoice> layers_of(const TunePlan& plan, const Tuning& tuning,
                                     const TuneRun& run) {
  if (!plan.min_agreement || plan.most_agreement) return std::nullopt;
  const auto precision = std::ranges::find(plan.grid.axes, "precision", &Axis::name);
  if (precision == plan.grid.axes.end() ||
      std::ranges::find(plan.grid.axes, "fp16_layers", &Axis::name) != plan.grid.axes.end())
    return std::nullopt;
  const Objective& o = objective_named(plan.grid.objectives.front());
  const auto cost = [&](const Tried& t) {
    return t.point.objective(o.name) * (o.largest ? -1 : 1);
  };
  // The cheapest that keeps the bounds and agrees too little.
  const Tried* most = nullptr;
  for (const auto& [i, t] : tuning.tried)
    if (t.point.feasible && t.agreement && *t.agreement < *plan.min_agreement &&
        (most == nullptr || cost(t) < cost(*most)))
      most = &t;
  if (most == nullptr) return std::nullopt;
  PointMaker maker(plan.grid);
  try {
    LayerChoice layers = tune_layers(plan, maker.request_of(most->point.values), run);
    // Not where it is no better than one precision for all layers.
    if (layers.best && tuning.best &&
        cost(layers.tried[*layers.best]) >= cost(tuning.tried.at(*tuning.best)))
      layers.best.reset();
    return layers;
  } catch (const InputError& e) {
    print_status("no precision by layer: {}: {}\n", e.place(), e.what());
    return std::nullopt;
  }
}

}  // namespace

int run_tune(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()  //
      ("objective", po::value<std::string>()->default_value("latency")->value_name("NAME"),
       "what is best: latency (of a call), energy (of an item), power, memory, throughput or "
       "agreement (of answers with float32's)");
  for (const Limit& l : limits)
    options.add_options()(l.option, po::value<std::string>()->value_name("VALUE"), l.summary);
  options.add_options()  //
      ("min-agreement", po::value<double>()->value_name("SHARE"),
       "of answers that are float32's, as 0.99: shorter numbers are tried too, layer by layer "
       "where "
       "all of them agree too little (mpnn, readqc, llm)")  //
      ("where", po::value<std::vector<std::string>>()->composing()->value_name("CONDITION"),
       "further bounds, as for `anesim sweep`: 'batch <= 64'; repeat for several")  //
      ("choose", po::value<std::vector<std::string>>()->composing()->value_name("NAME[=VALUES]"),
       "only these choices, with their usual values or with A,B,C, FROM..TO:STEP, FROM..TO*FACTOR; "
       "repeat for several; default: all that the request does not say")                    //
      ("chip", po::value<std::string>()->default_value(default_chip), "the machine")        //
      ("unit", po::value<std::string>()->value_name("NAME"), "no choice: ane, gpu or cpu")  //
      ("runtime", po::value<std::string>()->value_name("NAME"), "software on top")          //
      ("batch", po::value<std::string>()->value_name("N"), "no choice: items a call")       //
      ("set", po::value<std::vector<std::string>>()->composing()->value_name("PATH=VALUE"),
       "override a chip's value, e.g. ane.l2=4MiB")                                      //
      ("memory", po::value<std::string>()->value_name("SIZE"), "memory of the chip")     //
      ("threads", po::value<int>(), "how many points at once; default: all processors")  //
      ("whole", po::value<std::string>()->default_value("4096")->value_name("N"),
       "combinations up to which all are tried; above, coordinate descent")  //
      ("starts", po::value<int>()->default_value(4)->value_name("N"), "of a descent, 1 to 64");
  add_agreement_options(options, true);
  add_bucket_options(options);
  options.add_options()  //
      ("db", po::value<std::string>()->default_value("anesim.db")->value_name("FILE"),
       "results file: what was tried as a sweep, the best as a run")  //
      ("no-db", "store nothing");
  add_style(options);
  add_table_option(options);
  const auto given = parse(
      {.name = "tune",
       .usage =
           "NAME|KIND|kind=... [key=value ...] [options]\n\nThe best of what a user may choose "
           "for this work on this chip, and what each choice gives. What the request says "
           "stays\nas it is. Few combinations are all tried; of many a coordinate descent, "
           "which says what it tried.\n\nchoices:\n" +
           choices_text(),
       .options = options,
       .positional = "what",
       .examples = {"anesim tune resnet50 --chip M4 --objective energy --max-latency 10ms",
                    "anesim tune mpnn residues=106 --objective throughput --choose batch=1,2,4 "
                    "--choose gather"},
       .mismatch = "where nothing that was tried is within the bounds"},
      arguments);
  if (!given) return 0;
  const results::Style style = style_of(*given);
  const std::string table = table_of(*given);
  if (given->count("lengths")) return tune_buckets(*given);
  if (was_given(*given, "most-buckets"))
    throw InputError("--most-buckets", "is of --lengths", "--lengths FILE");
  if (given->count("no-db")) refuse_beside(*given, "--no-db", {"db"}, "nothing is stored");
  TunePlan plan = plan_of(*given);
  plan.whole = count_of("--whole", (*given)["whole"].as<std::string>(), 1, 1'000'000);
  plan.starts = (*given)["starts"].as<int>();
  if (plan.starts < 1 || plan.starts > 64) throw InputError("--starts", "1 to 64");
  TuneRun run;
  run.threads = threads_of(*given);
  if (plan.min_agreement || plan.most_agreement)
    run.agreement =
        agreement_of(*given, workloads::parse_request(plan.grid.request), "--min-agreement");
  else
    refuse_beside(*given, "no --min-agreement",
                  {"weights", "reads", "model", "limit", "seed", "answer"}, "nothing is answered");
  std::optional<results::Store> store;
  results::Sweep sweep = sweep_of(plan.grid);
  sweep.command = results::shell_text(results::program().command);
  // A plan with faults is no sweep.
  check_choices(plan);
  if (given->count("no-db") == 0) {
    store.emplace((*given)["db"].as<std::string>());
    std::vector<bool> done;
    sweep.id = store->begin_sweep(sweep, done);
    run.known = store->load_sweep(sweep.id).rows;
  }
  Tuning tuning;
  std::optional<LayerChoice> layers;
  {
    const StopAtSignal stop;
    run.stop = stop.flag();
    Progress progress("combinations", 0);
    run.keep = [&](std::span<const results::SweepPoint> points) {
      if (store) store->add_points(sweep.id, points);
      progress.step(std::ssize(points));
    };
    tuning = tune(plan, run);
    if (!*run.stop) layers = layers_of(plan, tuning, run);
    if (*run.stop) {
      print_status("stopped{}\n", store ? ": the same command goes on from here" : "");
      return 130;
    }
  }
  // The best as a run.
  if (store && tuning.best) {
    PointMaker maker(layers && layers->best ? layers->grid : plan.grid);
    const std::vector<std::string>& values = layers && layers->best
                                                 ? layers->tried[*layers->best].point.values
                                                 : tuning.tried.at(*tuning.best).point.values;
    const Target target = maker.target_of(values);
    Bands bands;
    results::Record record =
        priced_record({.request = maker.request_of(values)}, target, bands, Detail::operators);
    record.stored.command = sweep.command;
    const auto added = store->add(record);
    print_status("{}: tried as sweep {}, the best {} run {}\n", store->path(), sweep.id,
                 added.added ? "as" : "was there as", added.id);
  }
  std::vector<results::Report> reports{tuning_report(plan, tuning, layers)};
  // What was tried, for who reads data.
  if (style != results::Style::text) {
    results::Block about;
    about.table = {"tuning",
                   {{"objective", "", ""},
                    {"combinations", "", ""},
                    {"tried", "", ""},
                    {"starts", "", ""},
                    {"rounds", "", ""},
                    {"within_bounds", "", ""},
                    {"sweep", "", ""},
                    {"version", "", ""}},
                   {}};
    about.table.rows.push_back(
        {(*given)["objective"].as<std::string>(), plan.grid.points(),
         static_cast<std::int64_t>(tuning.tried.size()), std::int64_t{tuning.starts},
         std::int64_t{tuning.rounds}, std::int64_t{tuning.best ? 1 : 0},
         sweep.id == 0 ? results::Cell{} : results::Cell{sweep.id}, sweep.code_version});
    reports[0].blocks.push_back(std::move(about));
  }
  fmt::print("{}", style == results::Style::json  ? results::reports_json({}, reports)
                   : style == results::Style::csv ? results::csv_of(reports, table)
                                                  : results::text_of(reports, columns_of(*given)));
  return tuning.best ? 0 : 1;
}

}  // namespace ane::sim
