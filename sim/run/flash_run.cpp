#include "sim/run/flash_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "sim/price/device_run.h"
#include "sim/price/graph_run.h"
#include "sim/price/version.h"
#include "sim/run/digest.h"
#include "sim/run/mpnn_host.h"
#include "workloads/mpnn/metrics.h"

namespace ane::sim {
namespace {

namespace mp = workloads::mpnn;

results::Run identity(const MpnnPlan& plan, const mp::FlashOptions& o, const Target& target,
                      const kernels::arith::Profile& profile) {
  if (plan.precision != "fp16" && (target.unit == "ane" || plan.precision != "fp32"))
    throw InputError("--precision",
                     fmt::format("'{}' for attention over all residues", plan.precision), "fp16");
  results::Run run;
  run.workload = "mpnn";
  run.variant = fmt::format("{} L{}", plan.variant, o.length);
  if (o.block > 0) run.variant += fmt::format(" blocks of {}", o.block);
  run.chip = target.chip.name();
  run.unit = target.unit;
  run.runtime = target.runtime.name();
  run.profile = target.unit == "ane" ? std::string(profile.name) : "fp32";
  run.precision = plan.precision;
  run.code_version = code_version();
  return run;
}

// The host's part: features and neighbours, and the head.
void add_host_parts(results::Record& record, const MpnnPlan& plan, std::int64_t length,
                    const Target& target) {
  const std::int64_t k = std::min<std::int64_t>(plan.weights.spec.neighbours, length);
  add_host(record, "host features", feature_work(length, k), target);
  add_host(record, "host head", head_work(length, plan.weights.spec.hidden), target);
}

void add_rate(results::Record& record, std::int64_t length) {
  record.totals.accuracy.push_back(
      {"residues_per_s", static_cast<double>(length) / record.totals.latency_s});
  record.notes.push_back("a network of its own that nobody has trained: its cost is real");
}

}  // namespace

results::Record time_flash(const MpnnPlan& plan, const mp::FlashOptions& options,
                           const Target& target, const kernels::arith::Profile& profile) {
  mp::FlashOptions shapes = options;
  shapes.with_values = false;
  const workloads::Graph graph = mp::flash_graph(plan.weights, shapes);
  const results::Run run = identity(plan, options, target, profile);
  results::Record record =
      target.unit == "ane" ? GraphRun(graph, target, profile, {.with_values = false}).record(run)
                           : device_record(run, graph, target, plan.precision);
  add_host_parts(record, plan, options.length, target);
  add_rate(record, options.length);
  return record;
}

results::Record run_flash(const MpnnPlan& plan, mp::FlashOptions options, const mp::Input& input,
                          const Target& target, const kernels::arith::Profile& profile,
                          MpnnAnswer& answer) {
  const mp::Input complete = mp::complete_residues(input);
  if (complete.real == 0) throw InputError("--pdb", "no residue has all its backbone atoms");
  options.length = complete.real;
  if (target.unit != "ane") return time_flash(plan, options, target, profile);
  GraphRun machine(mp::flash_graph(plan.weights, options), target, profile);
  results::Record record = machine.record(identity(plan, options, target, profile));
  add_host_parts(record, plan, options.length, target);
  add_rate(record, options.length);
  const workloads::Tensors inputs = mp::flash_inputs(plan.weights, complete);
  answer.log_probs = mp::flash_answer(plan.weights, machine.run(inputs));
  Digest in, out;
  in.add(std::span<const float>(complete.atoms));
  out.add(std::span<const float>(answer.log_probs));
  record.run.input_digest = in.hex();
  record.totals.digest = out.hex();
  mp::FlashOptions standard = options;
  standard.block = 0;
  const std::vector<float> exact =
      mp::flash_answer(plan.weights, workloads::evaluate(mp::flash_graph(plan.weights, standard),
                                                         kernels::float_arithmetic(), inputs));
  const mp::AnswerDifference d = mp::compare(exact, answer.log_probs, complete.mask);
  results::Parts& accuracy = record.totals.accuracy;
  accuracy.push_back({"top1_agreement", d.top1});
  accuracy.push_back({"mean_kl_to_fp32", d.mean_kl});
  accuracy.push_back({"max_abs_dlogp", d.max_abs});
  return record;
}

}  // namespace ane::sim
