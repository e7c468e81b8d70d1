// anesim sweep: one request on many machines, in many forms.
//
//   $ anesim sweep resnet50 --axis ane.l2=1MiB,2MiB,4MiB --axis chip=M1,M4 --where 'latency < 5ms'
#include "sim/explore/sweep.h"

#include <fmt/format.h>

#include "isa/error.h"
#include "isa/file.h"
#include "isa/status.h"
#include "results/document.h"
#include "results/json.h"
#include "results/store.h"
#include "sim/cli/session.h"
#include "sim/cli/sweep/asked.h"
#include "sim/cli/sweep/output.h"
#include "sim/cli/sweep/stop.h"
#include "sim/cli/tune/agreement.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

SweepPlan plan_of(const po::variables_map& given) {
  SweepPlan plan;
  if (given.count("file")) {
    const std::string file = given["file"].as<std::string>();
    constexpr std::uint64_t most = 64 << 20;
    plan = plan_of_json(read_file(file, most), file);
    refuse_beside(given, "--file",
                  {"axis", "sample", "points", "seed", "where", "objective", "set", "memory",
                   "chip", "unit", "runtime", "batch", "what"},
                  "the file says all of it");
    if (plan.request.empty()) throw InputError(file, "lacks 'request'");
    if (!plan.answers.empty())
      throw InputError(file, "'answers' is what --values and its inputs say", "without it");
    plan.request = priced_requests({plan.request}).at(0);
  } else {
    plan.request = with_inputs(given, only_request(given, "anesim sweep", "what is to be swept?",
                                                   "anesim sweep resnet50 --axis chip=M1,M4"));
    plan.chip = given["chip"].as<std::string>();
    plan.set = overrides_of(given);
    if (given.count("axis"))
      for (const std::string& a : given["axis"].as<std::vector<std::string>>())
        plan.axes.push_back(parse_axis(a));
    plan.sampling = sampling_named(given["sample"].as<std::string>(), "--sample");
    if (plan.sampling == Sampling::grid)
      refuse_beside(given, "--sample grid", {"points"}, "a grid is all of its points");
    if (plan.sampling == Sampling::grid && given.count("values") == 0)
      refuse_beside(given, "--sample grid", {"seed"}, "nothing of it is random");
    if (given.count("points"))
      plan.samples = count_of("--points", given["points"].as<std::string>(), 1, most_points);
    plan.seed = seed_of(given);
    if (given.count("where"))
      for (const std::string& c : given["where"].as<std::vector<std::string>>())
        plan.where.emplace_back(c);
    if (given.count("objective"))
      plan.objectives = split_set("--objective", given["objective"].as<std::string>());
  }
  if (given.count("values"))
    plan.answers = answers_text(given);
  else
    refuse_beside(given, "no --values", {"pdb", "weights", "reads", "model", "limit", "answer"},
                  "nothing is answered");
  plan.request = workloads::to_text(workloads::parse_request(plan.request));
  plan.chip = load_chip(plan.chip).name();
  check(plan);
  return plan;
}

}  // namespace

int run_sweep(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()  //
      ("axis", po::value<std::vector<std::string>>()->composing()->value_name("NAME=VALUES"),
       "what varies, repeat for several: a parameter of the chip (ane.l2, memory.bandwidth), chip, "
       "unit, runtime, precision, batch or a key of the request. VALUES: A,B,C or FROM..TO:STEP, "
       "FROM..TO*FACTOR; of samples FROM..TO and FROM..TO:log")  //
      ("file", po::value<std::string>()->value_name("FILE"),
       "all of it from a JSON file (docs/explore.md)")  //
      ("sample", po::value<std::string>()->default_value("grid")->value_name("HOW"),
       "grid (all combinations), random, lhs (Latin hypercube) or sobol")                  //
      ("points", po::value<std::string>()->value_name("N"), "how many samples: 500, 10k")  //
      ("seed", po::value<std::int64_t>()->default_value(1), "of samples")                  //
      ("where", po::value<std::vector<std::string>>()->composing()->value_name("CONDITION"),
       "points that count: 'latency < 5ms', 'ane.l2 * ane.cores <= 64MiB'; repeat for several")  //
      ("objective", po::value<std::string>()->value_name("NAME,..."),
       "what is best: latency, energy, energy_per_item, edp (energy x delay), power, memory, "
       "throughput, agreement (with --values); default: latency,energy")                        //
      ("chip", po::value<std::string>()->default_value(default_chip), "where no axis is chip")  //
      ("unit", po::value<std::string>()->value_name("NAME"), "ane, gpu or cpu")                 //
      ("runtime", po::value<std::string>()->value_name("NAME"), "software on top")              //
      ("batch", po::value<std::string>()->value_name("N"), "items a call")                      //
      ("set", po::value<std::vector<std::string>>()->composing()->value_name("PATH=VALUE"),
       "a chip's value of all points")                                                   //
      ("memory", po::value<std::string>()->value_name("SIZE"), "memory of the chip")     //
      ("threads", po::value<int>(), "how many points at once; default: all processors")  //
      ("shard", po::value<std::string>()->value_name("K/N"),
       "only the Kth of N parts, for another file; `anesim merge` joins them")  //
      ("db", po::value<std::string>()->default_value("anesim.db")->value_name("FILE"),
       "results file, made when absent")  //
      ("no-db", "store nothing");
  options.add_options()("values",
                        "answers of each point too, compared with float32's: the objective "
                        "agreement (kind=mpnn with --pdb, readqc with --reads and --model, llm)");
  add_agreement_options(options, false);
  add_sweep_view_options(options);
  add_style(options);
  add_table_option(options);
  const auto given = parse(
      {.name = "sweep",
       .usage = "NAME|KIND|MODEL.onnx|kind=... [key=value ...] --axis NAME=VALUES ... "
                "[options]\n\nOne request "
                "on many machines: every point priced, stored as it comes, answered by a view. "
                "Started\nagain it computes what is missing.\n\nviews:\n" +
                sweep_views_text(),
       .options = options,
       .positional = "what",
       .examples =
           {"anesim sweep resnet50 --axis chip=M1,M4 --axis ane.l2=1MiB,2MiB,4MiB",
            "anesim sweep mpnn residues=106 phase=forward --axis memory.bandwidth=60GB/s..240GB/s "
            "--axis ane.clock=1GHz..3GHz --sample sobol --points 200 --view sensitivity"}},
      arguments);
  if (!given) return 0;
  const results::Style style = style_of(*given);
  if (given->count("no-db")) refuse_beside(*given, "--no-db", {"db", "shard"}, "nothing is stored");
  const SweepOutput output = sweep_output_of(*given, style);
  const SweepPlan plan = plan_of(*given);
  results::Sweep sweep = sweep_of(plan);
  sweep.command = results::shell_text(results::program().command);
  SweepRun run;
  run.threads = threads_of(*given);
  if (given->count("values"))
    run.agreement = agreement_of(*given, workloads::parse_request(plan.request), "--values");
  if (given->count("shard")) run.shard = parse_shard((*given)["shard"].as<std::string>());
  std::optional<results::Store> store;
  std::int64_t there = 0;
  if (given->count("no-db") == 0) {
    store.emplace((*given)["db"].as<std::string>());
    sweep.id = store->begin_sweep(sweep, run.done);
    there = std::ranges::count(run.done, true);
  }
  const bool part = run.shard.of > 1;
  SweepSum sum;
  {
    const StopAtSignal stop;
    run.stop = stop.flag();
    Progress progress("points", (sweep.points - there) / run.shard.of);
    run.keep = [&](std::span<const results::SweepPoint> points) {
      if (store)
        store->add_points(sweep.id, points);
      else
        sweep.rows.insert(sweep.rows.end(), points.begin(), points.end());
      progress.step(std::ssize(points));
    };
    sum = run_sweep(plan, run);
  }
  print_status("{}{} points computed, {} refused{}{}\n",
               store ? fmt::format("{}: sweep {}: ", store->path(), sweep.id) : "", sum.computed,
               sum.refused, there > 0 ? fmt::format(", {} were there", there) : "",
               sum.left_out > 0 ? fmt::format(", {} left out by conditions", sum.left_out) : "");
  if (sum.stopped) {
    print_status("stopped{}\n", store ? ": the same command goes on from here" : "");
    return 130;
  }
  if (store) sweep = store->load_sweep(sweep.id);
  std::ranges::sort(sweep.rows, {}, &results::SweepPoint::index);
  // A part is of the whole's points: others may have a price.
  if (!part && !sweep.rows.empty() &&
      std::ranges::all_of(sweep.rows,
                          [](const results::SweepPoint& p) { return !p.refused.empty(); }))
    throw InputError("anesim sweep",
                     fmt::format("no point can be priced; the first: {}", sweep.rows[0].refused));
  print_sweep(sweep, output);
  return 0;
}

}  // namespace ane::sim
