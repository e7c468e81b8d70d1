#include "sim/silicon/naive.h"

#include <algorithm>

#include "isa/error.h"
#include "sim/price/price.h"
#include "workloads/request/kind.h"

namespace ane::sim {
namespace {

struct Naive {
  double flop = 0, seconds = 0;
};

// One pass of the job's operators as a framework has them, without the floor.
Naive work_of(const workloads::Job& job, const workloads::Stage& stage,
              const workloads::Conditions& conditions, const Target& target) {
  workloads::WorkList graph_list;
  // The model knows a floor for each call and none for each operator: of a launch the floor alone.
  if (job.kind->name == "launch") return {};
  const workloads::WorkList* work = std::get_if<workloads::WorkList>(&stage.work);
  if (const auto* graph = std::get_if<workloads::Graph>(&stage.work)) {
    graph_list = workloads::graph_work(*graph, workloads::bytes_of(job.formats.activations),
                                       workloads::bytes_of(job.formats.weights));
    work = &graph_list;
  }
  if (work == nullptr) return {};
  double bytes = 0;
  const workloads::WorkSums sums = workloads::sums_of(*work);
  for (const kernels::Work& w : *work)
    bytes +=
        static_cast<double>(w.count) * static_cast<double>((w.read + w.written + w.weights).count);
  const double weights = sums.weight_bytes * job.distinct_weights;
  // Of a marginal figure the job's FLOP are a layer's.
  Naive n{.flop = job.nominal_flop > 0 && conditions.slope_from == 0 ? job.nominal_flop
                                                                     : 2 * sums.macs};
  if (target.unit == Unit::ane) {
    const AneParameters& ane = target.chip.ane();
    const double peak = job.formats.activations == "int8" ? ane.peak_int8() : ane.peak_fp16();
    // One program runs on one engine.
    const auto engines =
        static_cast<double>(std::min<std::int64_t>(conditions.engines, ane.engines));
    n.seconds = std::max(n.flop / (0.95 * peak * engines),
                         (weights > 0 ? weights : bytes) / ane.weight_bandwidth);
    return n;
  }
  const double peak = target.unit == Unit::cpu            ? target.chip.cpu().peak_matrix_fp32()
                      : job.formats.activations == "fp32" ? target.chip.gpu().peak_fp32()
                                                          : target.chip.gpu().peak_fp16();
  n.seconds = std::max(n.flop / (0.95 * peak), bytes / target.chip.memory().bandwidth);
  return n;
}

}  // namespace

std::optional<double> naive_quantity(const workloads::Request& request, const Target& target,
                                     workloads::Quantity q) {
  const workloads::Conditions& c = request.conditions;
  if (workloads::measure_of(q) == "energy") return std::nullopt;
  Naive n;
  workloads::Job job;
  double passes = 1;
  try {
    job = workloads::job_of(
        request,
        {.machine = target.chip.machine(), .form = workloads::Form::framework, .programs = false});
    for (const workloads::Stage& s : job.stages) {
      if (std::holds_alternative<workloads::Idle>(s.work)) return std::nullopt;
      if (s.place != workloads::Stage::Place::target) continue;
      passes = static_cast<double>(s.programs);
      const Naive one = work_of(job, s, c, target);
      n.seconds += s.calls * one.seconds;
    }
  } catch (const InputError&) {
    return std::nullopt;  // no list of its operators
  }
  if (c.slope_from == 0) {
    if (target.unit == Unit::ane) n.seconds += passes * target.chip.ane().dispatch_family;
    if (target.unit == Unit::gpu && !c.overlap) n.seconds += target.chip.gpu().sync_time;
  }
  if (n.seconds <= 0) return std::nullopt;
  results::Cost cost;
  cost.totals.latency_s = n.seconds;
  double macs = 0;
  for (const workloads::Stage& s : job.stages)
    if (const auto* work = std::get_if<workloads::WorkList>(&s.work))
      macs += s.calls * workloads::sums_of(*work).macs;
  cost.totals.macs = static_cast<std::int64_t>(macs);
  return quantity(cost, job, q);
}

}  // namespace ane::sim
