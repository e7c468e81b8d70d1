#include "sim/ane/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "isa/error.h"
#include "isa/stream.h"
#include "kernels/arith/round.h"
#include "sim/ane/execute.h"
#include "sim/ane/races.h"

namespace ane::sim {
namespace {

namespace insns = isa::insns;

// What the task manager does, in program order.
struct Issue {
  isa::Task task;
  int depend = 3;                  // tasks back that may still run
  std::vector<std::size_t> after;  // tasks that waits and fences before it named
};

const isa::TensorSymbol& symbol(const isa::Program& p, const std::string& name) {
  std::vector<std::string> names;
  for (const isa::TensorSymbol& t : p.tensors) {
    if (t.name == name) return t;
    names.push_back(t.name);
  }
  throw InputError(p.name, "no tensor '" + name + "'", choice_note(name, names));
}

}  // namespace

struct AneMachine::Impl {
  Chip chip;
  isa::Program program;
  AneMemory memory;
  const kernels::arith::Profile& profile;
  Executor executor;
  std::vector<Issue> issues;
  std::vector<TaskWork> work;
  std::vector<std::string> races;

  Impl(const Chip& c, isa::Program p)
      : chip(c),
        program(std::move(p)),
        memory(program, chip.ane().l2),
        profile(kernels::arith::profile_named(
            program.profile.empty() ? chip.machine().default_profile : program.profile)),
        executor(memory, profile) {
    for (isa::Section& s : program.sections) s.contents = {};  // memory holds them now
    read_program();
    check_addresses();
  }

  void read_program();
  void check_addresses();
};

void AneMachine::Impl::read_program() {
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
        if (!issues.empty()) after.push_back(issues.size() - 1);
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
        if (const auto race = checker.start(issue.task, signals)) races.push_back(*race);
        for (const auto& s : signals) signalled.emplace_back(s.event, issues.size());
        issues.push_back(std::move(issue));
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
}

// Every operand inside memory and L2, before anything runs: a timed run must refuse what a run for
// values would.
void AneMachine::Impl::check_addresses() {
  for (const Issue& i : issues) {
    const isa::Task& t = i.task;
    const std::string who = fmt::format("{}: task {}", program.name, t.id);
    const auto in_l2 = [&](const isa::Extents& e, const isa::L2Operand& l) {
      const ByteRange r = touched(e, l);
      memory.l2(r.begin, r.end - r.begin, who);
    };
    const auto in_section = [&](const isa::Extents& e, const isa::MemoryOperand& m) {
      if (!m.enable) return;
      const ByteRange r = touched(e, m);
      memory.section(m.bar, r.begin, r.end - r.begin, who);
    };
    const auto positive = [&](const isa::Extents& e) {
      if (e.w < 1 || e.h < 1 || e.c < 1 || e.n < 1)
        throw InputError(who, "an extent is 0", "every extent in `shape` is at least 1");
    };
    positive(t.in1);
    positive(t.out);
    in_l2(t.in1, t.l2_in1);
    in_section(t.in1, t.load1);
    if (t.ne == isa::NeOp::mm || t.ne == isa::NeOp::tex || t.pe == isa::PeMode::ew) {
      positive(t.in2);
      in_l2(t.in2, t.l2_in2);
      in_section(t.in2, t.load2);
    }
    in_l2(t.out, t.l2_out);
    in_section(t.out, t.store);
    if (t.ne == isa::NeOp::mac && (t.kw < 1 || t.kh < 1 || t.sx < 1 || t.sy < 1))
      throw InputError(who, "a kernel extent or stride is 0", "`conv` gives kw, kh, sx, sy");
    work.push_back(count_work(t, chip.ane()));
  }
}

AneMachine::AneMachine(const Chip& chip, isa::Program program)
    : impl_(std::make_unique<Impl>(chip, std::move(program))) {}
AneMachine::~AneMachine() = default;
AneMachine::AneMachine(AneMachine&&) noexcept = default;

const isa::Program& AneMachine::program() const {
  return impl_->program;
}
const std::vector<std::string>& AneMachine::races() const {
  return impl_->races;
}

void AneMachine::write(const std::string& tensor, const kernels::Tensor& values) {
  const isa::TensorSymbol& s = symbol(impl_->program, tensor);
  if (values.size() != s.n * s.c * s.h * s.w)
    throw InputError(
        tensor, fmt::format("{} values for a tensor of {}", values.size(), s.n * s.c * s.h * s.w));
  const bool converts = values.format == isa::Format::fp32 && s.format == isa::Format::fp16;
  if (!converts && values.format != s.format)
    throw InputError(tensor, fmt::format("values in {} for a tensor in {}",
                                         isa::info(values.format).name, isa::info(s.format).name));
  const std::int64_t size = isa::byte_size(s.format);
  const auto region = impl_->memory.section(
      s.bar, s.offset,
      (s.n - 1) * s.sn + (s.c - 1) * s.sc + (s.h - 1) * s.sh + (s.w - 1) * s.sw + size, tensor);
  std::int64_t at = 0;
  const float* floats = converts ? values.as<const float>().data() : nullptr;
  for (std::int64_t n = 0; n < s.n; ++n)
    for (std::int64_t c = 0; c < s.c; ++c)
      for (std::int64_t h = 0; h < s.h; ++h) {
        std::uint8_t* row = region.data() + n * s.sn + c * s.sc + h * s.sh;
        for (std::int64_t w = 0; w < s.w; ++w, ++at) {
          if (converts) {
            const kernels::arith::Half half =
                kernels::arith::to_half(static_cast<double>(floats[at]));
            std::memcpy(row + w * s.sw, &half, 2);
          } else {
            std::memcpy(row + w * s.sw, values.bytes.data() + at * size,
                        static_cast<std::size_t>(size));
          }
        }
      }
}

kernels::Tensor AneMachine::read(const std::string& tensor) const {
  const isa::TensorSymbol& s = symbol(impl_->program, tensor);
  kernels::Tensor values(s.format, {s.n, s.c, s.h, s.w});
  const std::int64_t size = isa::byte_size(s.format);
  const auto region = impl_->memory.section(
      s.bar, s.offset,
      (s.n - 1) * s.sn + (s.c - 1) * s.sc + (s.h - 1) * s.sh + (s.w - 1) * s.sw + size, tensor);
  std::int64_t at = 0;
  for (std::int64_t n = 0; n < s.n; ++n)
    for (std::int64_t c = 0; c < s.c; ++c)
      for (std::int64_t h = 0; h < s.h; ++h)
        for (std::int64_t w = 0; w < s.w; ++w, ++at)
          std::memcpy(values.bytes.data() + at * size,
                      region.data() + n * s.sn + c * s.sc + h * s.sh + w * s.sw,
                      static_cast<std::size_t>(size));
  return values;
}

void AneMachine::execute() {
  for (std::size_t i = 0; i < impl_->issues.size(); ++i)
    impl_->executor.execute(impl_->issues[i].task, i);
}

// Tasks in order: each starts when the tasks it depends on have ended, and its stages' devices are
// free. Its weights may have streamed during the task before [T6].
Execution AneMachine::time(double clock_share, bool keep_tasks) const {
  const AneParameters& ane = impl_->chip.ane();
  Execution run;
  std::vector<double> ends;
  ends.reserve(impl_->issues.size());
  if (keep_tasks) run.tasks.reserve(impl_->issues.size());
  double now = 0, previous = 0;  // end of everything so far; duration of the task before
  for (std::size_t i = 0; i < impl_->issues.size(); ++i) {
    const Issue& issue = impl_->issues[i];
    const TaskWork& w = impl_->work[i];
    TaskTime t = price(issue.task, w, ane, clock_share);
    double hidden = 0;
    if (issue.task.prefetch && t.weights > 0) {
      hidden = std::min(t.weights, previous);
      const double others = std::max({t.mac, t.planar, t.load + t.store});
      const double exposed = std::max(others, t.weights - hidden);
      const double shown = std::max(others, t.weights);
      t.total -= shown - exposed;
      if (t.bound == Cause::weights && others >= t.weights - hidden)
        t.bound = others == t.mac      ? Cause::compute
                  : others == t.planar ? Cause::planar
                                       : Cause::activations;
    }
    // In order: one task at a time. dep n > 0 lets a task start while up to n before it still run;
    // the devices are then the limit, here taken as the longest stage of each.
    double start = now;
    if (issue.depend > 0) {
      const auto back = static_cast<std::size_t>(issue.depend);
      start = i > back ? ends[i - back - 1] : 0;
      for (const std::size_t a : issue.after) start = std::max(start, ends[a]);
      start = std::max(start, now - previous + std::max({0.0, previous - t.overhead}));
    }
    const double end = start + t.total;
    const double visible = std::max(0.0, end - now);
    const double overhead = std::min(visible, t.overhead);
    auto& causes = run.causes;
    causes[static_cast<std::size_t>(Cause::overhead)] += overhead;
    const double rest = visible - overhead;
    const double conflict =
        t.bound == Cause::compute && t.mac > 0 ? rest * t.bank_conflict / t.mac : 0;
    causes[static_cast<std::size_t>(Cause::bank_conflict)] += conflict;
    causes[static_cast<std::size_t>(t.bound)] += rest - conflict;
    const TaskEnergy e = energy(w, ane);
    run.energy.mac += e.mac;
    run.energy.l2 += e.l2;
    run.energy.kernel += e.kernel;
    run.energy.dram += e.dram;
    run.energy.planar += e.planar;
    run.work.macs += w.macs;
    run.work.weight_bytes += w.weight_bytes;
    run.work.kernel_bytes += w.kernel_bytes;
    run.work.load_bytes += w.load_bytes;
    run.work.store_bytes += w.store_bytes;
    run.work.l2_bytes += w.l2_bytes;
    run.work.planar_elements += w.planar_elements;
    run.lit_core_seconds += w.lit_cores * t.total;
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
                           .hidden = hidden});
    }
    now = std::max(now, end);
    previous = t.total;
    ends.push_back(end);
  }
  run.duration = {static_cast<std::int64_t>(now * 1e12 + 0.5)};
  return run;
}

}  // namespace ane::sim
