#include "sim/price/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "isa/error.h"
#include "sim/place/planner.h"
#include "sim/price/call.h"
#include "sim/price/lowered.h"
#include "sim/price/plan.h"
#include "sim/price/price.h"
#include "sim/runtimes/generation.h"
#include "workloads/networks/networks.h"
#include "workloads/request/kind.h"

namespace ane::sim {
namespace {

using workloads::Form;
using workloads::Graph;
using workloads::Request;
using workloads::Stage;
using workloads::WorkList;

// Work that software does not offer in these numbers is refused, not priced as something else.
void check_numbers(const workloads::Formats& f, const Target& target) {
  const RuntimeParameters& r = target.runtime.costs();
  const auto refuse = [&](const std::string& who, const std::string& choices) {
    throw InputError("activations", fmt::format("{} does not compute in {}", who, f.activations),
                     choices);
  };
  if (target.unit == Unit::ane) {
    workloads::accelerated(f, target.chip.machine());
    return;
  }
  const Precision p = precision_of(f.activations);
  const std::string choices =
      fmt::format("fp32{}{}{}", r.fp16 ? ", fp16" : "", r.bf16.value_or(0) != 0 ? ", bf16" : "",
                  r.int8 ? ", int8" : "");
  const bool bf16 = f.activations == "bf16";
  if ((p == Precision::int8 && !r.int8) || (p == Precision::fp16 && !bf16 && !r.fp16) ||
      (bf16 && r.bf16.value_or(0) == 0))
    refuse("'" + target.runtime.name() + "'", choices);
  workloads::check_pair(f);
  if (!f.scales.empty()) throw InputError("scales", "are of the accelerator's streams", "unit=ane");
}

// Of an encoder with its features last a compiler that absorbs transpositions makes the program of
// the same encoder with channels first.
std::optional<Request> channels_first(const Request& request) {
  if (request.kind->name != "encoder") return std::nullopt;
  const std::string name = request.work->label(), first = name + "-ane";
  if (workloads::find_encoder(first) == nullptr) return std::nullopt;
  std::string text = workloads::to_text(request);
  const std::string key = "name=" + name;
  const std::size_t at = text.find(key);
  if (at == std::string::npos) return std::nullopt;
  return workloads::parse_request(text.replace(at, key.size(), "name=" + first));
}

// `shared`: for other rates too.
LoweredSegment lower_program(Segment segment, const Target& target, bool keep_in_l2, bool shared) {
  LoweredSegment out;
  out.on_ane = segment.on_ane;
  out.placements = std::move(segment.placements);
  for (const workloads::Node& n : segment.graph.nodes)
    out.nodes.push_back({n.name, std::string(n.op->name)});
  if (!segment.on_ane) {
    // What crosses is converted on both sides; its bytes are in those of the operators.
    for (std::size_t i = 0; i < segment.graph.nodes.size(); ++i)
      for (const kernels::Work& w :
           workloads::node_work(segment.graph, segment.graph.nodes[i], 4, 4)) {
        out.work.push_back(w);
        out.node_of_work.push_back(static_cast<int>(i));
      }
    return out;
  }
  Plan plan = quickest_plan(segment.graph, target.chip, keep_in_l2, shared ? &out.same : nullptr);
  out.same_tasks = plan.kept;
  out.schedule = std::move(plan.schedule);
  out.spills = plan.spills;
  for (const std::string& race : out.schedule->races()) throw InputError(segment.graph.name, race);
  out.transferred = transferred_bytes(segment.graph);
  out.memory = memory_parts(plan.compiled);
  out.tasks_of_node = std::move(plan.compiled.tasks_of_node);
  return out;
}

LoweredStage lower_graph(const Stage& stage, const Graph& graph, const Target& target,
                         workloads::Placing placing, bool shared) {
  LoweredStage out;
  out.macs = workloads::graph_macs(graph);
  auto [segments, assumed] = segmented(stage, graph, target, placing);
  out.assumed = std::move(assumed);
  const auto refused = std::ranges::find(segments, false, &Segment::on_ane);
  if (refused != segments.end() && !falls_back(target.runtime))
    throw InputError(refused->graph.nodes[0].name,
                     fmt::format("the accelerator of {} does not take {} [{}]: {}",
                                 target.chip.name(), refused->graph.nodes[0].op->name,
                                 refused->placements[0].label, refused->placements[0].reason),
                     "a runtime that falls back to the CPU: coreml");
  for (Segment& s : segments)
    out.segments.push_back(lower_program(
        std::move(s), target, stage.keep_in_l2 && generation_of(target.runtime).keeps(), shared));
  return out;
}

LoweredStage lower_stage(Stage& stage, const workloads::Formats& formats, const Target& target,
                         workloads::Placing placing, bool shared) {
  const Unit unit = unit_of(stage, target);
  const Target on = unit == target.unit ? target
                    : stage.place == Stage::Place::host
                        ? Target{target.chip, target.runtime, Unit::cpu}
                        : make_target(target.chip, unit, "");
  LoweredStage out;
  if (auto* graph = std::get_if<Graph>(&stage.work)) {
    if (unit == Unit::ane) {
      out = lower_graph(stage, *graph, on, placing, shared);
    } else {
      out.work = workloads::graph_work(*graph, workloads::bytes_of(formats.activations),
                                       workloads::bytes_of(formats.weights));
      out.macs = workloads::sums_of(out.work).macs;
    }
    *graph = Graph{};
  } else if (auto* work = std::get_if<WorkList>(&stage.work)) {
    if (unit == Unit::ane)
      throw InputError("request", "this work has no graph for the accelerator", "unit=gpu, cpu");
    if (unit == Unit::gpu &&
        std::ranges::find(*work, kernels::WorkKind::loop, &kernels::Work::kind) != work->end())
      throw InputError("request", "this work is a loop of one core of a CPU", "unit=cpu");
    out.work = std::move(*work);
    out.macs = workloads::sums_of(out.work).macs;
  }
  return out;
}

// A request without a graph for the accelerator, as the CPU does all of it; `why` from the
// accelerator's side.
void lower_elsewhere(Lowered::Impl& impl, const Request& request, const Target& target,
                     const InputError& why) {
  workloads::Job job;
  try {
    job = workloads::job_of(
        request, {.machine = target.chip.machine(), .form = Form::framework, .programs = false});
  } catch (const InputError&) {
    throw why;  // there is no list of its operators either
  }
  if (!target.chip.has_cpu())
    throw InputError("request", why.what(),
                     "and no CPU of " + target.chip.name() + " is known to fall back to");
  for (Stage& s : job.stages) {
    LoweredStage stage = lower_stage(s, job.formats, {target.chip, target.runtime, Unit::cpu},
                                     workloads::Placing::capable, false);
    stage.refused = why.what();
    impl.stages.push_back(std::move(stage));
  }
  impl.job = std::move(job);
}

// Whether a tensor of the job exceeds the accelerator's extents.
bool exceeds_extents(const workloads::Job& job, const Target& target) {
  for (const Stage& s : job.stages)
    if (const auto* graph = std::get_if<Graph>(&s.work);
        graph != nullptr && unit_of(s, target) == Unit::ane)
      for (const Placement& p : place(*graph, target.chip.machine()))
        if (p.label == "A1") return true;
  return false;
}

// A batch whose tensors exceed the accelerator's extents is sent in several calls, as even as they
// can be: the stages of the larger ones, then those of the smaller ones.
void split_batch(Lowered::Impl& impl, const Request& request, const workloads::JobFor& made_for,
                 const Target& target) {
  if (request.batch < 2 || !exceeds_extents(impl.job, target)) return;
  const auto of_batch = [&](std::int64_t batch) {
    Request part = request;
    part.batch = batch;
    return workloads::job_of(part, made_for);
  };
  if (exceeds_extents(of_batch(1), target)) return;
  std::int64_t fits = 1, fails = request.batch;
  while (fits + 1 < fails) {
    const std::int64_t middle = fits + (fails - fits) / 2;
    (exceeds_extents(of_batch(middle), target) ? fails : fits) = middle;
  }
  const std::int64_t calls = (request.batch + fits - 1) / fits, least = request.batch / calls;
  const std::int64_t larger = request.batch % calls;  // calls with one item more
  impl.job.stages.clear();
  for (const auto& [batch, times] :
       {std::pair{least + 1, larger}, std::pair{least, calls - larger}}) {
    if (times == 0) continue;
    workloads::Job job = of_batch(batch);
    for (Stage& s : job.stages) {
      s.calls *= static_cast<double>(times);
      impl.job.stages.push_back(std::move(s));
    }
  }
  impl.call_batch = least + (larger > 0 ? 1 : 0);
  impl.note = fmt::format("{} calls of at most {} items: more exceed the accelerator's extents",
                          calls, impl.call_batch);
}

std::shared_ptr<const Lowered::Impl> lower_now(const Request& request, const Target& target,
                                               const MachineKey& key, bool shared);

// Seconds of a call's programs.
double program_seconds(const LoweredStage& stage, const AneParameters& ane) {
  double sum = 0;
  for (const LoweredSegment& s : stage.segments)
    if (s.schedule) sum += s.passes * seconds(s.schedule->time(ane, 1, false).duration);
  return sum;
}

// Items of a batch have nothing to do with each other, so a program may go through its graph for
// one half of them and then for the other: the plan that keeps more in L2 where the whole batch
// spills.
void halve_batch(Lowered::Impl& whole, const Target& target) {
  if (whole.request.batch % 2 != 0) return;
  const auto spills = [](const LoweredStage& s) {
    return s.segments.size() == 1 && s.segments[0].schedule && s.segments[0].spills;
  };
  if (std::ranges::none_of(whole.stages, spills)) return;
  whole.of_one_chip = true;
  Request half = whole.request;
  half.batch /= 2;
  const auto part = lower_now(half, target, whole.machine, false);
  if (part->stages.size() != whole.stages.size()) return;
  const AneParameters& ane = target.chip.ane();
  for (std::size_t i = 0; i < whole.stages.size(); ++i) {
    LoweredStage& stage = whole.stages[i];
    if (!spills(stage) || part->stages[i].segments.size() != 1 ||
        !part->stages[i].segments[0].schedule ||
        whole.job.stages[i].calls != part->job.stages[i].calls ||
        2 * program_seconds(part->stages[i], ane) >= program_seconds(stage, ane))
      continue;
    LoweredSegment two = part->stages[i].segments[0];
    two.passes *= 2;
    two.transferred = stage.segments[0].transferred;
    results::add(two.memory, "tensors", static_cast<double>(two.transferred.count) / 2);
    stage.segments[0] = std::move(two);
  }
}

std::shared_ptr<const Lowered::Impl> lower_now(const Request& request, const Target& target,
                                               const MachineKey& key, bool shared) {
  auto impl = std::make_shared<Lowered::Impl>();
  impl->request = request;
  impl->unit = target.unit;
  impl->machine = key;
  const isa::Machine machine = target.chip.machine();
  const bool programs = target.unit == Unit::ane;
  const workloads::JobFor made_for{
      .machine = machine, .form = workloads::form_of(request, target.unit), .programs = programs};
  const std::optional<Request> other =
      programs && generation_of(target.runtime).absorbs() ? channels_first(request) : std::nullopt;
  const Request& meant = other ? *other : request;
  try {
    impl->job = workloads::job_of(meant, made_for);
    if (programs) split_batch(*impl, meant, made_for, target);
  } catch (const InputError& e) {
    if (!programs || !falls_back(target.runtime) || !request.work->is_one_operator()) throw;
    lower_elsewhere(*impl, request, target, e);
    return impl;
  }
  // Which operators are quicker elsewhere rests on rates.
  impl->of_one_chip = request.conditions.placement == workloads::Placing::best;
  for (Stage& s : impl->job.stages)
    impl->stages.push_back(
        lower_stage(s, impl->job.formats, target, request.conditions.placement, shared));
  if (programs) halve_batch(*impl, target);
  return impl;
}

std::size_t size_of(const Lowered::Impl& impl) {
  std::size_t tasks = 1;
  for (const LoweredStage& s : impl.stages) {
    tasks += s.work.size() / 4;
    for (const LoweredSegment& segment : s.segments)
      tasks += segment.schedule ? segment.schedule->issues().size() + segment.same_tasks
                                : segment.work.size() / 4;
  }
  return tasks;
}

}  // namespace

Unit unit_of(const Stage& stage, const Target& target) {
  using Place = Stage::Place;
  switch (stage.place) {
    case Place::target:
      return target.unit;
    case Place::ane:
      return Unit::ane;
    case Place::gpu:
      return Unit::gpu;
    case Place::ane_else_gpu:
      return target.chip.has_ane() ? Unit::ane : Unit::gpu;
    default:
      return Unit::cpu;
  }
}

MachineKey key_of(const isa::Machine& m) {
  return {
      m.cores,         m.macs_fp16,    m.macs_int8,        m.kernel_memory.count,  m.l2.count,
      m.max_extent,    m.max_channels, m.max_kernel_width, m.max_kernel_height,    m.max_pool,
      m.row_alignment, m.int8_macs,    m.texture_unit,     m.streams_int8_weights, m.chains_tiles};
}

const workloads::Job& Lowered::job() const {
  return impl_->job;
}

std::int64_t Lowered::call_batch() const {
  return impl_->call_batch > 0 ? impl_->call_batch : impl_->request.batch;
}

// The quickest of the placements that there are rules for, priced whole. Nothing of it is kept: it
// rests on all rates of the chip and its CPU.
Lowered lower_best(const Request& request, const Target& target) {
  Lowered best = lower_anew(request, target);
  const auto latency = [&](const Lowered& l) {
    return price(l, target, request.conditions).totals.latency_s;
  };
  double least = latency(best);
  for (const auto how : {workloads::Placing::capable, workloads::Placing::coreml}) {
    Request other = request;
    other.conditions.placement = how;
    const Lowered candidate = lower(other, target);
    if (const double s = latency(candidate); s < least) least = s, best = candidate;
  }
  return best;
}

Lowered lower(const Request& request, const Target& target) {
  constexpr std::size_t most_tasks = 400'000;
  static std::mutex mutex;
  constexpr std::size_t most_programs = 16, most_rates = 256;  // of one request
  struct Kept {
    std::map<std::uint64_t, std::shared_ptr<const Lowered::Impl>> of_rates{};
    std::vector<std::shared_ptr<const Lowered::Impl>> programs{};  // of different plans
  };
  static std::map<std::string, Kept> kept;
  static std::size_t tasks = 0;
  if (!drives(target.runtime, target.unit))
    throw InputError("request", fmt::format("'{}' does not drive the {}", target.runtime.name(),
                                            workloads::name(target.unit)));
  if (request.conditions.unit == Unit::memory && request.kind->name != "copy")
    throw InputError("request", fmt::format("unit=memory does no kind={}", request.kind->name),
                     "kind=copy");
  if (request.conditions.placement != workloads::Placing::capable &&
      (target.unit != Unit::ane || !falls_back(target.runtime)))
    throw InputError("placement", "is of programs that Core ML runs on the ANE",
                     "unit=ane path=coreml");
  if ((request.kind->takes & (workloads::takes_weights | workloads::takes_activations)) != 0)
    check_numbers(request.formats, target);
  const MachineKey machine = key_of(target.chip.machine());
  if (request.conditions.placement == workloads::Placing::best) return lower_best(request, target);
  // The runtime decides only whether what is refused may run elsewhere, and what its compiler does.
  Request work = request;
  work.conditions.runtime.clear();
  const bool on_ane = target.unit == Unit::ane;
  const AneGeneration generation = generation_of(target.runtime);
  const std::string key =
      fmt::format("{} | {} {} {} {} {} {} {} | {}", workloads::to_text(work),
                  workloads::name(target.unit), target.chip.has_ane(), target.chip.has_cpu(),
                  falls_back(target.runtime), on_ane ? target.chip.plans_key() : 0,
                  generation.keeps(), generation.absorbs(), fmt::join(machine, " ")) +
      (request.conditions.placement == workloads::Placing::coreml
           ? planner_of(target.chip.name()).planner.name() + target.chip.name()
           : std::string());
  const std::uint64_t rates = on_ane ? target.chip.accelerator_key() : 0;
  std::vector<std::shared_ptr<const Lowered::Impl>> programs;
  bool asked_before = false;
  {
    const std::scoped_lock lock(mutex);
    if (const auto at = kept.find(key); at != kept.end()) {
      const auto known = at->second.of_rates.find(rates);
      if (known != at->second.of_rates.end()) return Lowered(known->second);
      programs = at->second.programs;
      asked_before = on_ane;
    }
  }
  // Without the lock, so that several requests are lowered at once; two threads that lower the same
  // one make the same. What was made for other rates is asked first: which of its plans is the
  // quickest is told in a fraction of the time.
  std::shared_ptr<const Lowered::Impl> found;
  for (auto p = programs.rbegin(); p != programs.rend() && !found; ++p)
    if ((*p)->holds(target.chip)) found = *p;
  const bool fresh = !found;
  // What is asked once needs no other plans kept; a second asking, for other rates, begins to.
  if (fresh) found = lower_now(request, target, machine, asked_before);
  const std::size_t size = fresh ? size_of(*found) : 0;
  const std::scoped_lock lock(mutex);
  if (tasks + size > most_tasks) kept.clear(), tasks = 0;
  tasks += size;
  Kept& here = kept[key];
  if (fresh && asked_before && !found->of_one_chip) {
    if (here.programs.size() == most_programs) here.programs.erase(here.programs.begin());
    here.programs.push_back(found);
  }
  if (here.of_rates.size() == most_rates) here.of_rates.clear();
  here.of_rates.emplace(rates, found);
  return Lowered(found);
}

Lowered lower_anew(const Request& request, const Target& target) {
  return Lowered(lower_now(request, target, key_of(target.chip.machine()), false));
}

bool Lowered::Impl::holds(const Chip& chip) const {
  if (of_one_chip) return false;
  for (const LoweredStage& stage : stages)
    for (const LoweredSegment& s : stage.segments)
      if (s.schedule && !(s.same && s.same(chip))) return false;
  return true;
}

}  // namespace ane::sim
