#include "workloads/request/job.h"

#include <fmt/format.h>

#include "isa/error.h"
#include "workloads/graph/join.h"
#include "workloads/request/fp16_layers.h"
#include "workloads/request/kinds.h"

namespace ane::workloads {
namespace {

Job plain_job(const Request& r, const JobFor& target) {
  Job job = r.work->job(r, target);
  job.kind = r.kind;
  job.formats = r.formats;
  job.batch = r.batch;
  job.items = r.work->items(r);
  job.nominal_flop = r.work->nominal_flop(r);
  job.counted_bytes = r.work->counted_bytes(r);
  job.parameters = r.work->parameters();
  if (!target.programs) {
    if (!r.formats.fp16_layers.empty())
      throw InputError("fp16_layers", "precision by layer is the accelerator's", "unit=ane");
    // A framework runs the operators that the network has.
    return job;
  }
  keep_fp16(job, r.formats.fp16_layers);
  for (Stage& s : job.stages)
    if (auto* graph = std::get_if<Graph>(&s.work)) *graph = joined(*graph);
  return job;
}

}  // namespace

Job job_of(const Request& r, const JobFor& target) {
  Job job = plain_job(r, target);
  if (const std::int64_t from = r.conditions.slope_from; from > 0) {
    // A marginal figure: the longer chain less the shorter one, a layer.
    const Request first = with(with(r, "slope_from", ""), "depth", fmt::format("{}", from));
    Job less = plain_job(first, target);
    const double layers = static_cast<double>(r.work->depth() - from);
    for (Stage& s : job.stages) s.calls /= layers;
    for (Stage& s : less.stages) {
      s.calls /= -layers;
      job.stages.push_back(std::move(s));
    }
    job.nominal_flop = (job.nominal_flop - less.nominal_flop) / layers;
  }
  job.text = fmt::format("{} form={}{}", to_text(r), name(target.form),
                         target.programs ? "" : " operators");
  return job;
}

Form form_of(const Request& r, Unit unit) {
  return r.conditions.form.value_or(unit == Unit::ane ? Form::accelerator : Form::framework);
}

Graph graph_of(const Request& r, const isa::Machine& machine, std::optional<std::uint64_t> seed) {
  Job job = job_of(r, {.machine = machine, .form = form_of(r, Unit::ane), .seed = seed});
  Graph* graph = nullptr;
  for (Stage& s : job.stages)
    if (s.place == Stage::Place::target) {
      auto* one = std::get_if<Graph>(&s.work);
      if (one == nullptr || graph != nullptr) {
        graph = nullptr;
        break;
      }
      graph = one;
    }
  if (graph == nullptr)
    throw InputError("request", fmt::format("kind={} is no single program", r.kind->name));
  return std::move(*graph);
}

}  // namespace ane::workloads
