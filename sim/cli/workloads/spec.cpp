// anesim run "kind=... key=value ..." --chip M4: the time and energy of one spec, as validate
// predicts it for a measured row; with --values its numbers too.
#include <fmt/format.h>

#include <cmath>

#include "isa/error.h"
#include "sim/cli/session.h"
#include "sim/cli/workloads.h"
#include "sim/price/predict_ane.h"
#include "sim/run/values_run.h"
#include "sim/silicon/band.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

std::string_view kind_name(kernels::WorkKind kind) {
  using kernels::WorkKind;
  switch (kind) {
    case WorkKind::gemm:
      return "gemm";
    case WorkKind::conv:
      return "conv";
    case WorkKind::elementwise:
      return "elementwise";
    case WorkKind::reduction:
      return "reduction";
    case WorkKind::softmax:
      return "softmax";
    case WorkKind::normalisation:
      return "normalisation";
    case WorkKind::gather:
      return "gather";
    case WorkKind::copy:
      return "copy";
    case WorkKind::pool:
      return "pool";
    case WorkKind::attention:
      return "attention";
  }
  return "";
}

void add_bands(results::Totals& t, const workloads::Spec& spec, const Target& target) {
  Bands bands;
  t.latency_band_s = bands.around(t.latency_s, spec, target.chip, target.runtime, "latency");
  if (t.energy_j > 0)
    t.energy_band_j = bands.around(t.energy_j, spec, target.chip, target.runtime, "energy");
}

results::Record record_of(const workloads::Spec& spec, const Target& target,
                          const std::vector<std::string>& overrides) {
  const Prediction p = predict(spec, target.chip, target.runtime);
  results::Record r;
  r.run = {.workload = spec.kind,
           .variant = spec.name.empty() ? spec.op : spec.name,
           .input = workloads::to_string(spec),
           .input_digest = results::fnv1a_128(workloads::to_string(spec)),
           .chip = target.chip.name(),
           .unit = target.unit,
           .runtime = target.runtime.name(),
           .profile = "timing",
           .precision = spec.weights == spec.activations
                            ? spec.weights
                            : fmt::format("{} weights, {}", spec.weights, spec.activations),
           .batch = spec.batch,
           .items = spec.batch,
           .overrides = canonical(overrides),
           .code_version = code_version()};
  if (target.unit == "ane")
    if (auto whole = ane_spec_record(r.run, spec, target.chip, target.runtime)) {
      add_bands(whole->totals, spec, target);
      return *whole;
    }
  results::Totals& t = r.totals;
  for (const results::Part& c : p.causes)
    if (c.value > 0) t.causes.push_back(c);
  for (const results::Part& e : p.energy)
    if (e.value > 0) t.energy_parts.push_back(e);
  t.latency_s = results::sum(t.causes);
  t.throughput_items_per_s = as_quantity(p, spec, "throughput_items");
  t.energy_j = results::sum(t.energy_parts);
  t.power_w = t.energy_j / t.latency_s;
  t.bound = p.bound;
  t.dram_bytes = static_cast<std::int64_t>(p.dram_bytes);
  add_bands(t, spec, target);
  double at = 0, weights = 0, largest = 0;
  for (const OpEstimate& o : p.operators) {
    results::OperatorRow row;
    row.index = static_cast<int>(r.operators.size());
    row.name = o.count > 1 ? fmt::format("{} x{}", o.name, o.count) : std::string(o.name);
    row.op = kind_name(o.kind);
    row.unit = target.unit;
    row.placement = "spec";
    row.reason = "the spec names the unit";
    row.start_s = at;
    row.seconds = o.seconds;
    row.macs = static_cast<std::int64_t>(o.macs);
    row.weight_bytes = static_cast<std::int64_t>(o.weight_bytes);
    row.dram_bytes = static_cast<std::int64_t>(o.dram_bytes);
    row.bound = o.bound;
    at += o.seconds;
    t.macs += row.macs;
    weights += o.weight_bytes;
    largest = std::max(largest, (o.dram_bytes - o.weight_bytes) / static_cast<double>(o.count));
    r.operators.push_back(std::move(row));
  }
  if (p.operators.empty()) t.macs = static_cast<std::int64_t>(p.flop / 2);  // the ANE's program
  t.memory_parts = p.memory;
  if (weights + largest > 0)
    t.memory_parts = {{"weights", std::floor(weights)}, {"tensors", std::floor(largest)}};
  t.peak_memory_bytes = static_cast<std::int64_t>(results::sum(t.memory_parts));
  return r;
}

}  // namespace

int run_spec(const Arguments& arguments) {
  CommandLine line{
      .name = "run",
      .usage =
          "\"kind=... key=value ...\" [options]\n\nTime and energy of one spec, in the grammar of "
          "results/silicon. Its unit= and path= choose\ndevice and runtime. With --values the "
          "graph "
          "is executed: seeded weights and inputs, every result\nheld against the scalar reference "
          "bit for bit (exit 1 where one differs) and against float32.",
      .options = po::options_description("options")};
  ValuesPlan plan;
  line.options.add_options()  //
      ("chip", po::value<std::string>()->default_value("M4")->value_name("NAME"),
       "see `anesim chips`")                                                              //
      ("values", "execute the graph with seeded values, at a size that fits")             //
      ("seed", po::value(&plan.seed)->default_value(plan.seed), "of weights and inputs")  //
      ("answer", po::value(&plan.answer)->default_value(plan.answer)->value_name("TOKENS"),
       "that a language model writes after its prompt, 0 to 64");
  add_target_options(line.options);
  add_output_options(line.options);
  const auto given = parse(std::move(line), {arguments.begin() + 1, arguments.end()});
  if (!given) return 0;
  const workloads::Spec spec = workloads::parse_spec(arguments[0]);
  std::string runtime = (*given)["runtime"].as<std::string>();
  if (runtime.empty()) runtime = spec.path;
  const std::vector<std::string> overrides = overrides_of(*given);
  workloads::Spec placed = spec;
  if (placed.unit.empty()) placed.unit = "ane";
  const std::string chip = (*given)["chip"].as<std::string>();
  placed.unit = unit_of(placed, load_chip(chip, overrides));
  const Target target = make_target(chip, placed.unit, runtime, overrides);
  if (given->count("values") == 0) {
    for (const char* only : {"seed", "answer", "profile"})
      if (given->count(only) != 0 && !(*given)[only].defaulted())
        throw InputError(fmt::format("--{}", only), "there are no values to be computed",
                         "add --values");
    return finish(*given, {record_of(placed, target, overrides)}, "summary");
  }
  if (plan.answer < 0 || plan.answer > 64)
    throw InputError("--answer", fmt::format("{} is out of range", plan.answer), "0 to 64");
  choose_simd(*given);
  plan.spec = placed;
  ValuesAnswer answer = run_values(plan, target, profile_of(*given, target.chip));
  answer.record.run.overrides = canonical(overrides);
  finish(*given, {answer.record}, "summary");
  if (answer.exact) return 0;
  fmt::print(stderr, "the machine's bits are not the scalar reference's\n");
  return 1;
}

}  // namespace ane::sim
