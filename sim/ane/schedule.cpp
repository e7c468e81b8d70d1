#include "sim/ane/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "isa/error.h"
#include "isa/stream.h"
#include "sim/ane/bounds.h"
#include "sim/ane/races.h"
#include "sim/ane/rectified.h"

namespace ane::sim {

namespace insns = isa::insns;

Schedule::Schedule(const isa::Program& program, const AneParameters& chip) {
  isa::Stream stream(program.words, program.name);
  isa::Registers registers;
  RaceChecker checker;
  std::vector<RaceChecker::Signal> signals;
  std::vector<std::pair<int, std::size_t>> signalled;  // event, task
  std::vector<std::size_t> after;
  int id = 0, op = 0, depend = 3;
  bool prefetch = false, ended = false;
  while (const auto control = stream.next(registers)) {
    const std::string where = fmt::format("{}: word {}", program.name, stream.at());
    switch (control->opcode()) {
      case insns::nop.base:
        break;
      case insns::task.base: {
        constexpr auto id_field = isa::operand(insns::task, "id");
        constexpr auto op_field = isa::operand(insns::task, "operator");
        id = static_cast<int>(control->get(id_field));
        op = static_cast<int>(control->get(op_field));
        break;
      }
      case insns::dep.base: {
        constexpr auto n = isa::operand(insns::dep, "n");
        depend = static_cast<int>(control->get(n));
        checker.depend(depend);
        break;
      }
      case insns::sig.base: {
        constexpr auto when = isa::operand(insns::sig, "when"),
                       event = isa::operand(insns::sig, "event");
        signals.push_back(
            {static_cast<int>(control->get(when)), static_cast<int>(control->get(event))});
        break;
      }
      case insns::wait.base: {
        constexpr auto count = isa::operand(insns::wait, "count"),
                       event = isa::operand(insns::wait, "event");
        const int e = static_cast<int>(control->get(event));
        const int n = static_cast<int>(control->get(count));
        checker.wait(e, n, where);
        int seen = 0;
        for (const auto& [raised, task] : signalled)
          if (raised == e && seen < n) ++seen, after.push_back(task);
        break;
      }
      case insns::fence.base:
        checker.fence();
        if (!issues_.empty()) after.push_back(issues_.size() - 1);
        break;
      case insns::kpf.base:
        prefetch = true;
        break;
      case insns::run.base: {
        Issue issue{
            .task = isa::decode_task(registers), .depend = depend, .after = std::move(after)};
        issue.task.id = id;
        issue.task.operator_index = op;
        issue.task.prefetch = prefetch;
        check_operands(issue.task, program, chip.l2);
        if (const auto race = checker.start(issue.task, signals)) races_.push_back(*race);
        for (const auto& s : signals) signalled.emplace_back(s.event, issues_.size());
        issues_.push_back(std::move(issue));
        signals.clear();
        after.clear();
        prefetch = false;
        break;
      }
      case insns::end.base:
        ended = true;
        break;
      default:
        ANE_CHECK(false, "a control instruction that the machine does not know");
    }
    if (ended) break;
  }
  if (!ended)
    throw InputError(fmt::format("{}: word {}", program.name, program.words.size()),
                     "the program has no `end`", "the last instruction must be `end`");
  if (stream.at() != program.words.size())
    throw InputError(fmt::format("{}: word {}", program.name, stream.at()), "words after `end`");
  work_.reserve(issues_.size());
  for (const Issue& i : issues_) work_.push_back(count_work(i.task, chip));
  keep_weights();
  find_rectified();
  find_alike();
}

// Bytes a cycle from the system cache to the kernel memories: a line of the crossbar.
constexpr double cache_line = 64;

// A stream that the kernel memories still hold is not read again: the same stream, decoded no
// larger than they are, and nothing in between that needs them [T7].
void Schedule::keep_weights() {
  const isa::KernelStream* held = nullptr;
  for (std::size_t i = 0; i < issues_.size(); ++i) {
    const isa::Task& t = issues_[i].task;
    if (t.ne == isa::NeOp::mm) held = nullptr;
    if (t.ne != isa::NeOp::mac || !t.kernel.enable) continue;
    const isa::KernelStream& k = t.kernel;
    const bool same = held != nullptr && held->bar == k.bar && held->offset == k.offset &&
                      held->length == k.length && held->streams == k.streams;
    if (same) work_[i].weight_bytes = 0;
    held = work_[i].weights_fit ? &k : nullptr;
  }
}

// Products with a tensor that came out of a relu take less energy [E2].
void Schedule::find_rectified() {
  Rectified tensors;
  for (std::size_t i = 0; i < issues_.size(); ++i)
    work_[i].rectified = tensors.take(issues_[i].task) && work_[i].macs > 0;
}

void Schedule::find_alike() {
  const auto hash = [](const TaskKey& k) { return k.hash(); };
  std::unordered_map<TaskKey, std::uint32_t, decltype(hash)> kinds(64, hash);
  kind_.reserve(issues_.size());
  for (std::size_t i = 0; i < issues_.size(); ++i) {
    const auto [at, fresh] = kinds.try_emplace(TaskKey(issues_[i].task, work_[i]),
                                               static_cast<std::uint32_t>(first_of_kind_.size()));
    if (fresh) first_of_kind_.push_back(i);
    kind_.push_back(at->second);
  }
}

// Tasks in order: each starts when the tasks it depends on have ended. The kernel DMA is one
// device: a prefetched stream may begin with the task before, as soon as the stream before it has
// ended, and runs ahead of its own task by what the kernel memories hold [T6].
Execution Schedule::time(const AneParameters& ane, double clock_share, bool keep_tasks) const {
  struct Priced {
    TaskTime time;
    TaskEnergy energy;
  };
  std::vector<Priced> priced;
  priced.reserve(first_of_kind_.size());
  for (const std::size_t i : first_of_kind_)
    priced.push_back(
        {price(issues_[i].task, work_[i], ane, clock_share), sim::energy(work_[i], ane)});
  Execution run;
  std::vector<double> ends;
  ends.reserve(issues_.size());
  if (keep_tasks) run.tasks.reserve(issues_.size());
  // End of everything so far; start and duration of the task before; end of the last stream.
  double now = 0, before = 0, previous = 0, kernel_dma = 0, moved = 0;
  // Where weights come ahead into the system cache [T7]: until when the memory's port is taken, and
  // what has been streamed by the end of each task.
  double port = 0;
  std::int64_t streamed = 0;
  std::vector<std::pair<std::int64_t, double>> consumed;
  std::size_t oldest = 0;
  for (std::size_t i = 0; i < issues_.size(); ++i) {
    const Issue& issue = issues_[i];
    const TaskWork& w = work_[i];
    TaskTime t = priced[kind_[i]].time;
    // In order: one task at a time. dep n > 0 lets a task start while up to n before it still run;
    // the devices are then the limit, here taken as the longest stage of each.
    double start = now;
    if (issue.depend > 0) {
      const auto back = static_cast<std::size_t>(issue.depend);
      start = i > back ? ends[i - back - 1] : 0;
      for (const std::size_t a : issue.after) start = std::max(start, ends[a]);
      start = std::max(start, now - previous + std::max({0.0, previous - t.overhead}));
    }
    double end = start + t.engine, hidden = 0, arrived = 0, stream = 0;
    if (t.weights > 0 && ane.weights_ahead.count > 0) {
      streamed += w.weight_bytes;
      // The cache has room when what lies that many bytes back has been used.
      double room = 0;
      while (oldest < consumed.size() &&
             consumed[oldest].first <= streamed - ane.weights_ahead.count)
        ++oldest;
      if (streamed > ane.weights_ahead.count && oldest > 0) room = consumed[oldest - 1].second;
      port = arrived = std::max(port, room) + t.weights;
      stream = t.weights;
      t.weights = std::min(t.weights, static_cast<double>(w.weight_bytes) /
                                          (cache_line * ane.clock_hz * clock_share));
    }
    if (t.weights > 0) {
      const double held = static_cast<double>(ane.kernel_memory.count * ane.cores);
      const double ahead =
          t.weights * std::min(1.0, held / std::max(1.0, static_cast<double>(w.kernel_bytes)));
      const double begin = std::max(kernel_dma, issue.task.prefetch ? before : start + t.overhead);
      kernel_dma = std::max({begin + t.weights, start + t.weights - ahead, arrived});
      hidden = std::clamp(start + t.overhead - begin, 0.0, t.weights);
      if (stream == 0) stream = t.weights, arrived = begin + t.weights;
      if (kernel_dma > end) end = kernel_dma, t.bound = Cause::weights;
    }
    // Whatever runs beside whatever else, all bytes pass the engine's one port [T19].
    moved += static_cast<double>(w.weight_bytes + w.load_bytes + w.store_bytes);
    if (const double port_free = moved / ane.dram_bandwidth; port_free > end)
      end = port_free,
      t.bound = w.weight_bytes > w.load_bytes + w.store_bytes ? Cause::weights : Cause::activations;
    // 106 days of picoseconds are all that 64 bits hold.
    if (!(end < 9e6))
      throw InputError(fmt::format("task {}", issue.task.id),
                       fmt::format("ends after {:.3g} s, more than 9e6", end),
                       "`shape`, `conv` and `kld` give the work of a task");
    const double visible = std::max(0.0, end - now);
    const double overhead = std::min(visible, t.overhead);
    auto& causes = run.causes;
    causes[static_cast<std::size_t>(Cause::overhead)] += overhead;
    const double rest = visible - overhead;
    const double conflict =
        t.bound == Cause::compute && t.mac > 0 ? rest * t.bank_conflict / t.mac : 0;
    causes[static_cast<std::size_t>(Cause::bank_conflict)] += conflict;
    causes[static_cast<std::size_t>(t.bound)] += rest - conflict;
    const TaskEnergy& e = priced[kind_[i]].energy;
    run.energy.mac += e.mac;
    run.energy.l2 += e.l2;
    run.energy.kernel += e.kernel;
    run.energy.dma += e.dma;
    run.energy.dram += e.dram;
    run.energy.planar += e.planar;
    run.work += w;
    run.lit_core_seconds += w.lit_cores * (end - start);
    if (keep_tasks) {
      const auto ps = [](double s) {
        return Picoseconds{static_cast<std::int64_t>(s * 1e12 + 0.5)};
      };
      run.tasks.push_back({.id = issue.task.id,
                           .operator_index = issue.task.operator_index,
                           .start = ps(start),
                           .end = ps(end),
                           .time = t,
                           .work = w,
                           .energy = e,
                           .hidden = hidden,
                           .stream_begin = arrived - stream,
                           .stream_end = arrived});
    }
    if (ane.weights_ahead.count > 0) {
      port += static_cast<double>(w.load_bytes + w.store_bytes) / ane.dram_bandwidth;
      consumed.emplace_back(streamed, end);
    }
    now = std::max(now, end);
    before = start;
    previous = end - start;
    ends.push_back(end);
  }
  run.duration = {static_cast<std::int64_t>(now * 1e12 + 0.5)};
  return run;
}

}  // namespace ane::sim
