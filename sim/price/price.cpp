#include "sim/price/price.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <sstream>

#include "isa/error.h"
#include "results/cause.h"
#include "results/text.h"
#include "sim/price/call.h"
#include "sim/price/lowered.h"
#include "sim/price/rows.h"
#include "sim/price/version.h"
#include "sim/runtimes/generation.h"
#include "workloads/request/kind.h"

namespace ane::sim {
namespace {

using results::Cause;
using results::CauseSeconds;
using results::OperatorRow;
using workloads::Conditions;
using workloads::Scope;
using workloads::Stage;

// The sum of a job's stages, each as often as it is called.
struct Sum {
  CauseSeconds causes{};
  results::Parts energy{}, memory{};
  double macs = 0, dram_bytes = 0;
  double seconds() const {
    double s = 0;
    for (const double c : causes) s += c;
    return s;
  }
};

void add(Sum& whole, const Sum& part, double calls) {
  for (std::size_t c = 0; c < part.causes.size(); ++c) whole.causes[c] += calls * part.causes[c];
  for (const results::Part& p : part.energy) results::add(whole.energy, p.name, calls * p.value);
  whole.macs += calls * part.macs;
  whole.dram_bytes += calls * part.dram_bytes;
  if (results::sum(part.memory) > results::sum(whole.memory)) whole.memory = part.memory;
}

int thread_count(const std::string& threads, const Chip& chip) {
  if (threads.empty() || threads == "all") return 0;
  if (threads == "p_cores") return chip.cpu().p_cores;
  int n = 0;
  const auto [end, fault] = std::from_chars(threads.data(), threads.data() + threads.size(), n);
  if (fault != std::errc{} || end != threads.data() + threads.size() || n < 1 || n > 10000)
    throw InputError("request", fmt::format("threads={}: no count", threads), "1, p_cores, all");
  return n;
}

// Conditions that no law of this unit knows are refused.
void check_conditions(const Conditions& c, const Target& target) {
  const auto only = [&](bool given, const char* key, const char* units) {
    if (given)
      throw InputError(
          "request", fmt::format("{} is no condition of the {}", key, workloads::name(target.unit)),
          fmt::format("it is of: {}", units));
  };
  const bool ane = target.unit == Unit::ane, gpu = target.unit == Unit::gpu,
             cpu = target.unit == Unit::cpu;
  only(!c.threads.empty() && !cpu, "threads", "cpu");
  only(c.engines != 1 && !ane, "engines", "ane");
  only(c.idle_s > 0 && !ane, "idle_s", "ane");
  only(c.cold && cpu, "cold", "ane, gpu");
  only(c.overlap && !gpu, "overlap", "gpu");
  only(c.api != workloads::Api::any && ane, "api", "gpu, cpu");
  if (cpu) thread_count(c.threads, target.chip);
  if (c.host.empty()) return;
  load_chip(c.host);
  if (target.chip.has_cpu())
    throw InputError("host", fmt::format("{} has a CPU of its own", target.chip.name()),
                     "it is for cards");
}

// The chip whose CPU stands beside one that has none of its own: what is said, else the usual one.
std::string host_of(const workloads::Request& request, const Conditions& said, const Chip& chip) {
  return !said.host.empty()                                   ? said.host
         : (request.kind->takes & workloads::takes_host) != 0 ? usual_host(chip)
                                                              : std::string();
}

// A chip's measured joules need no figure where nothing runs.
double idle_watts(const Target& t) {
  return t.unit == Unit::ane   ? t.chip.ane().power_idle
         : t.unit == Unit::gpu ? t.chip.gpu().power_idle
                               : t.chip.cpu().power_idle;
}

class Pricing {
 public:
  Pricing(const Lowered::Impl& work, const Target& target, const Conditions& conditions,
          Detail detail)
      : work_(work), target_(target), conditions_(conditions), detail_(detail) {}

  results::Cost cost() {
    check_conditions(conditions_, target_);
    note_memory();
    if (!work_.note.empty()) note(work_.note);
    for (const std::string& n : work_.job.notes) note(n);
    Unit before = Unit::cpu;
    for (std::size_t i = 0; i < work_.stages.size(); ++i) {
      const Stage& stage = work_.job.stages[i];
      const std::size_t first_row = cost_.operators.size();
      start_ = sum_.seconds();
      const Sum part = price_stage(stage, work_.stages[i], before);
      add(sum_, part, stage.calls);
      finish_rows(stage, part, first_row);
      if (stage.calls != 1) cost_.tasks.clear(), keeps_tasks_ = false;
      before = unit_;
    }
    return totals();
  }

 private:
  bool with_rows() const { return detail_ != Detail::totals; }

  Sum price_stage(const Stage& stage, const LoweredStage& lowered, Unit before) {
    if (stage.place == Stage::Place::host) return on_host(stage, lowered, before);
    const Target* on = &target_;
    const Unit wanted = unit_of(stage, target_);
    if (wanted != target_.unit) on = &other_target(wanted);
    Sum part;
    crossing(part, stage, before, wanted);
    unit_ = wanted;
    if (stage.crosses && wanted == Unit::gpu && target_.chip.pcie()) {
      at_ += part.seconds();
      return part;
    }
    if (std::holds_alternative<workloads::Idle>(stage.work)) {
      of(part.causes, Cause::idle) += 1;
      results::add(part.energy, "static", idle_watts(*on));
    } else if (wanted == Unit::ane && lowered.refused.empty()) {
      on_ane(part, stage, lowered, *on);
    } else if (wanted == Unit::ane) {
      elsewhere(part, stage, lowered);
    } else {
      on_device(part, stage, lowered, *on);
    }
    return part;
  }

  const Target& other_target(Unit unit) {
    for (const Target& t : others_)
      if (t.unit == unit) return t;
    return others_.emplace_back(make_target(target_.chip, unit, ""));
  }

  // The CPU beside the target; a card's is another chip.
  const Target* host() {
    if (target_.chip.has_cpu())
      return target_.unit == Unit::cpu && target_.runtime.name() == "accelerate"
                 ? &target_
                 : &other_target(Unit::cpu);
    const std::string name = host_of(work_.request, conditions_, target_.chip);
    if (name.empty()) return nullptr;
    if (!host_) host_ = make_target(load_chip(name), Unit::cpu, "");
    return &*host_;
  }

  // ---- the accelerator

  void on_ane(Sum& part, const Stage& stage, const LoweredStage& lowered, const Target& on) {
    AneParameters ane = ane_under(conditions_, on.chip);
    // A decoder holds one palette at a time: it decodes channels of one group together [T22].
    if (const auto group = workloads::palette_channels(work_.job.formats);
        group && ane.palette_channel)
      ane.palette_decode = std::min(ane.palette_decode, *group * *ane.palette_channel);
    const EngineState state = state_of(conditions_, ane);
    part.macs = lowered.macs;
    if (lowered.segments.empty()) {
      LoweredSegment nothing;
      call(part, stage, nothing, on, ane, state);
    }
    int calls = 0;
    for (const LoweredSegment& s : lowered.segments) {
      if (s.on_ane) {
        call(part, stage, s, on, ane, state);
        ++calls;
      } else {
        fallback(part, s);
      }
    }
    // Core ML's own call, where it never reaches the engine.
    if (calls == 0 && !lowered.segments.empty()) {
      of(part.causes, Cause::dispatch) += on.runtime.costs().call_cpu;
      at_ += on.runtime.costs().call_cpu;
    }
    note_fallbacks(lowered, calls);
    // A stage beside a job of another unit has formats of its own.
    if (target_.unit == Unit::ane)
      for (std::string& n : workloads::accelerated(work_.job.formats, on.chip.machine()).notes)
        note(std::move(n));
    const bool integer = workloads::accelerated(work_.job.formats, on.chip.machine()).int8_macs;
    cost_.limits.peak_macs_per_s =
        (integer ? on.chip.ane().peak_int8() : on.chip.ane().peak_fp16()) / 2;
    cost_.limits.dram_bytes_per_s = on.chip.ane().dram_bandwidth;
  }

  // A big model is several programs, each with its call: no fewer than the compiler's limit of
  // 2 GiB of weights asks for (S61).
  static double programs_of(const Stage& stage, const results::Parts& memory) {
    constexpr double most_weights = 2147483648;
    return std::max(static_cast<double>(stage.programs),
                    std::ceil(results::part(memory, "weights") / most_weights));
  }

  // What older software takes on other units for a program's normalisations, whatever their number.
  static double detour_of(const LoweredSegment& s, const Runtime& runtime) {
    const bool norms = std::ranges::find(s.nodes, "layer_norm", &NodeName::op) != s.nodes.end();
    return norms ? generation_of(runtime).norm_detour.value_or(0) : 0;
  }

  void call(Sum& part, const Stage& stage, const LoweredSegment& s, const Target& on,
            const AneParameters& ane, const EngineState& state) {
    Execution e, full;                                // as it runs, and at the full clock
    double at_floor = state.clock_share < 1 ? 1 : 0;  // part of the work done at the floor clock
    const bool rows = with_rows() && s.schedule && state.clock_share == 1;
    if (s.schedule) {
      e = full = passes(s.schedule->time(ane, 1, rows), s.passes);
      if (state.clock_share < 1) {
        const Execution floor = passes(s.schedule->time(ane, state.clock_share, false), s.passes);
        e = ramped(full, floor, ane.ramp_time);
        const double slow = seconds(floor.duration) - seconds(full.duration);
        if (slow > 0) at_floor = (seconds(e.duration) - seconds(full.duration)) / slow;
      }
    }
    const CallCosts costs = call_costs(on.chip, on.runtime, s.transferred);
    const double programs = programs_of(stage, s.memory);
    // The firmware that starts a program slows down with the engine's clock.
    const double dispatch = programs * costs.dispatch / state.clock_share;
    for (std::size_t c = 0; c < e.causes.size(); ++c) part.causes[c] += e.causes[c];
    of(part.causes, Cause::dispatch) += dispatch;
    of(part.causes, Cause::idle) += state.wake;
    of(part.causes, Cause::copies) += costs.copies;
    const double detour = detour_of(s, on.runtime);
    of(part.causes, Cause::fallback) += detour;
    results::Parts energy =
        call_energy(ane, full, programs * costs.dispatch + seconds(full.duration));
    // At a lower clock the voltage is lower too; the memory has a rail of its own [E3].
    const double left = 1 - at_floor * (1 - ane.energy_floor_share);
    for (results::Part& p : energy)
      if (p.name != "DRAM") p.value *= left;
    if (state.wake > 0) results::add(energy, "awake", ane.power_awake * state.wake);
    energy = energy_in_scope(std::move(energy), conditions_.scope, on.chip,
                             {.dispatch = dispatch, .copies = costs.copies});
    for (const results::Part& p : energy) results::add(part.energy, p.name, p.value);
    part.dram_bytes +=
        static_cast<double>(e.work.weight_bytes + e.work.load_bytes + e.work.store_bytes);
    hold(part.memory, s.memory);
    // The engine wakes, tensors are converted, the call is handed over.
    const double lead = state.wake + costs.copies + dispatch + detour;
    if (rows) {
      const double start = start_ + at_ + lead;
      const std::size_t first = cost_.operators.size();
      add_rows(program_rows(s, e, on.chip.ane(), start));
      if (detail_ == Detail::tasks && keeps_tasks_)
        for (results::TaskRow& task :
             task_rows(*s.schedule, e, cost_.operators, first, start, cost_.tasks.size()))
          cost_.tasks.push_back(std::move(task));
    }
    at_ += lead + seconds(e.duration);
  }

  // ---- what the accelerator does not take

  // A run of refused operators in float32 on the CPU.
  void fallback(Sum& part, const LoweredSegment& s) {
    const Target* beside = host();
    if (beside == nullptr)
      throw InputError(s.nodes[0].name,
                       fmt::format("the accelerator does not take it ({}), and no CPU of {} is "
                                   "known to fall back to",
                                   s.placements[0].reason, target_.chip.name()),
                       (work_.request.kind->takes & workloads::takes_host) != 0
                           ? "host=M4: the CPU of another chip"
                           : "a chip with a CPU: `anesim chips`");
    const Target& cpu = *beside;
    if (!target_.chip.has_cpu())
      note(fmt::format("no CPU of {} is known: what it takes over is priced on that of {}{}",
                       target_.chip.name(), cpu.chip.name(),
                       cpu.chip.name() == usual_host(target_.chip)
                           ? ", whose cores are assumed to be the same"
                           : ""));
    const PriceOptions options{.precision = Precision::fp32};
    const DeviceEstimate e = price_cpu(s.work, cpu.chip, cpu.runtime, options);
    add_elsewhere(part, e, s.work);
    if (with_rows()) add_rows(fallback_rows(s, cpu, options, start_ + at_ - e.seconds()));
  }

  // A request without a program: all of it on the CPU, under the request's own software.
  void elsewhere(Sum& part, const Stage& stage, const LoweredStage& lowered) {
    const Target cpu{target_.chip, target_.runtime, Unit::cpu};
    PriceOptions options = options_for(stage, cpu);
    options.threads = stage.single_thread ? 1 : 0;
    const DeviceEstimate e = price_cpu(lowered.work, cpu.chip, cpu.runtime, options);
    add_elsewhere(part, e, lowered.work);
    part.macs = lowered.macs;
    if (with_rows())
      add_rows(device_rows(e, "cpu", "CPU", lowered.refused, start_ + at_ - e.seconds(),
                           Cause::fallback));
    note(fmt::format("all of it runs on the CPU: {}", lowered.refused));
  }

  void add_elsewhere(Sum& part, const DeviceEstimate& e, const workloads::WorkList& work) {
    of(part.causes, Cause::fallback) += e.seconds();
    results::add(part.energy, "cpu fallback", e.joules());
    part.dram_bytes += e.dram_bytes;
    const workloads::WorkSums sums = workloads::sums_of(work);
    // The file's weights are binary16, of which the CPU makes float32 as it goes.
    hold(part.memory, {{"weights", sums.weight_bytes / 2}, {"tensors", sums.widest}});
    at_ += e.seconds();
    keeps_tasks_ = false;
  }

  void note_fallbacks(const LoweredStage& lowered, int calls) {
    if (!lowered.assumed.empty()) note(lowered.assumed);
    std::vector<std::tuple<std::string, int, std::string>> refused;
    for (const LoweredSegment& s : lowered.segments)
      if (!s.schedule)
        for (const Placement& p : s.placements) {
          const auto at =
              std::ranges::find(refused, p.label, [](const auto& r) { return std::get<0>(r); });
          if (at == refused.end())
            refused.emplace_back(p.label, 1, p.reason);
          else
            ++std::get<1>(*at);
        }
    for (const auto& [label, count, why] : refused)
      note(fmt::format("{} operator{} on the CPU [{}]: {}", count, count == 1 ? " runs" : "s run",
                       label, why));
    if (!refused.empty())
      note(calls == 0   ? std::string("no call of the accelerator")
           : calls == 1 ? std::string("1 call of the accelerator")
                        : fmt::format("{} calls of the accelerator instead of one", calls));
  }

  // ---- CPU and GPU

  PriceOptions options_for(const Stage& stage, const Target& on) const {
    PriceOptions o;
    o.precision = precision_of(work_.job.formats.activations);
    o.overlap = conditions_.overlap;
    if (stage.token && on.runtime.costs().answer_waits) o.waits = *on.runtime.costs().answer_waits;
    if (stage.waits) o.waits = *stage.waits;
    if (stage.operator_dispatch) o.op_dispatch = on.runtime.costs().op_dispatch;
    if (on.unit == Unit::cpu)
      o.threads = conditions_.threads.empty() && stage.single_thread
                      ? 1
                      : thread_count(conditions_.threads, on.chip);
    o.by_operator = with_rows();
    return o;
  }

  void on_device(Sum& part, const Stage& stage, const LoweredStage& lowered, const Target& on) {
    const PriceOptions options = options_for(stage, on);
    DeviceEstimate e = on.unit == Unit::gpu ? price_gpu(lowered.work, on.chip, on.runtime, options)
                                            : price_cpu(lowered.work, on.chip, on.runtime, options);
    if (conditions_.cold && on.unit == Unit::gpu)
      of(e.causes, Cause::wait) += on.chip.gpu().cold_wake.value_or(0);
    for (std::size_t c = 0; c < e.causes.size(); ++c) part.causes[c] += e.causes[c];
    device_energy(part, e, on);
    part.macs += lowered.macs;
    part.dram_bytes += e.dram_bytes;
    keep_memory(part, lowered.work);
    if (with_rows())
      add_rows(device_rows(e, workloads::name(on.unit), "unit",
                           fmt::format("asked for on the {}", workloads::name(on.unit)),
                           start_ + at_));
    at_ += e.seconds();
  }

  // What a measurement sees of a CPU's or GPU's energy: its rail not the memory and not the core
  // that encodes for a GPU; the package less what it takes when idle, not the memory [E4].
  void device_energy(Sum& part, const DeviceEstimate& e, const Target& on) const {
    const Scope scope = conditions_.scope;
    const bool whole_scope = scope == Scope::whole, gpu = on.unit == Unit::gpu;
    results::add(part.energy, "compute", e.energy_compute);
    if (whole_scope) results::add(part.energy, "memory", e.energy_memory);
    if (!(scope == Scope::package && gpu)) results::add(part.energy, "static", e.energy_static);
    if (scope != Scope::rail && gpu && on.chip.has_cpu())
      results::add(part.energy, "host core", e.encoding * on.chip.cpu().power_core);
  }

  // Of several programs the weights lie there at once, the tensors one after the other.
  static void hold(results::Parts& memory, const results::Parts& more) {
    const double weights = results::part(memory, "weights") + results::part(more, "weights");
    const auto rest = [](const results::Parts& parts) {
      return results::sum(parts) - results::part(parts, "weights");
    };
    if (rest(more) >= rest(memory)) memory = more;
    for (results::Part& p : memory)
      if (p.name == "weights") p.value = weights;
  }

  static void keep_memory(Sum& part, const workloads::WorkList& work) {
    const workloads::WorkSums sums = workloads::sums_of(work);
    const results::Parts own = {{"weights", sums.weight_bytes}, {"tensors", sums.widest}};
    if (sums.weight_bytes + sums.widest > results::sum(part.memory)) part.memory = own;
  }

  // What the job leaves to the CPU.
  Sum on_host(const Stage& stage, const LoweredStage& lowered, Unit before) {
    Sum part;
    const Target* cpu = host();
    if (cpu == nullptr) {
      note(fmt::format("{} is not priced: no CPU of {} is known", stage.name, target_.chip.name()));
      return part;
    }
    crossing(part, stage, before, Unit::cpu);
    unit_ = Unit::cpu;
    PriceOptions options;
    options.precision = Precision::fp32;
    options.by_operator = with_rows();
    const DeviceEstimate e = price_cpu(lowered.work, cpu->chip, cpu->runtime, options);
    of(part.causes, Cause::host) += e.seconds();
    results::add(part.energy, "host", e.joules());
    part.dram_bytes += e.dram_bytes;
    if (with_rows())
      add_rows(device_rows(e, "cpu", "host", "left to the host", start_ + at_, Cause::host));
    return part;
  }

  // Over PCIe where one side is a card and the other is not; else there is one memory.
  void crossing(Sum& part, const Stage& stage, Unit before, Unit now) {
    const auto& pcie = target_.chip.pcie();
    if (!pcie || stage.in.count == 0 || (before == Unit::cpu) == (now == Unit::cpu)) return;
    const auto bytes = static_cast<double>(stage.in.count);
    of(part.causes, Cause::transfer) += bytes / pcie->bandwidth + pcie->latency;
    const Target* cpu = host();
    results::add(part.energy, "transfer",
                 bytes * (target_.chip.memory().energy_byte +
                          (cpu != nullptr ? cpu->chip.memory().energy_byte : 0)));
    part.dram_bytes += 2 * bytes;
  }

  // ---- sums and rows

  void add_rows(std::vector<OperatorRow> rows) {
    cost_.operators.insert(cost_.operators.end(), std::make_move_iterator(rows.begin()),
                           std::make_move_iterator(rows.end()));
  }

  // A what-if that the memory makes moot.
  void note_memory() {
    const Chip& chip = target_.chip;
    const auto set = [&](std::string_view path) { return chip.parameter(path).kind == "set"; };
    for (const std::string_view path : chip.held_by_memory())
      if ((set(path) || set("memory.bandwidth")) && path.starts_with(workloads::name(target_.unit)))
        note(fmt::format("{} of {} is held to the memory's {}", path,
                         results::with_unit(chip.get(path), "B/s"),
                         results::with_unit(chip.memory().bandwidth, "B/s")));
  }

  void note(std::string text) {
    if (std::ranges::find(cost_.notes, text) == cost_.notes.end())
      cost_.notes.push_back(std::move(text));
  }

  // Rows of a stage that is called several times stand for all of its calls; a stage of a job of
  // many shows as one row.
  void finish_rows(const Stage& stage, const Sum& part, std::size_t first) {
    at_ = 0;
    if (!with_rows()) return;
    if (stage.one_row) {
      OperatorRow row;
      row.name = stage.name;
      row.op = "stage";
      row.unit = workloads::name(unit_);
      row.placement = "stage";
      row.reason = fmt::format("runs on the {}", workloads::name(unit_));
      row.start_s = start_;
      row.seconds = part.seconds();
      row.macs = whole(part.macs);
      row.dram_bytes = whole(part.dram_bytes);
      row.energy_j = results::sum(part.energy);
      const results::Parts causes = results::cause_parts(part.causes);
      row.bound = results::largest(causes);
      row.causes = causes;
      cost_.operators.resize(first);
      cost_.operators.push_back(std::move(row));
      cost_.tasks.clear();
    }
    if (stage.calls <= 0) {  // taken off: no rows of its own
      cost_.operators.resize(first);
      return;
    }
    for (std::size_t i = first; i < cost_.operators.size(); ++i) {
      OperatorRow& row = cost_.operators[i];
      row.index = static_cast<int>(i);
      if (stage.place == Stage::Place::host && !stage.one_row)
        row.name = fmt::format("{}: {}", stage.name, row.name);
      const auto times = [&](std::int64_t v) {
        return whole(static_cast<double>(v) * stage.calls);
      };
      row.seconds *= stage.calls;
      row.ahead_s *= stage.calls;
      row.macs = times(row.macs);
      row.weight_bytes = times(row.weight_bytes);
      row.dram_bytes = times(row.dram_bytes);
      row.l2_bytes = times(row.l2_bytes);
      row.energy_j *= stage.calls;
      for (results::Part& c : row.causes) c.value *= stage.calls;
    }
  }

  // Weights, cache and the widest tensors must be there at once. Nothing says how fast a file's
  // weights would be read again from storage for each call.
  void check_capacity() {
    const Chip& chip = target_.chip;
    const bool gpu = target_.unit == Unit::gpu;
    const std::optional<double> usable = chip.usable_memory(gpu);
    if (work_.job.cache > 0) results::add(sum_.memory, "cache", work_.job.cache);
    if (!usable) return;
    const double needed = results::sum(sum_.memory), all = *chip.memory().capacity;
    const auto gib = [](double bytes) { return results::with_unit(bytes, "B"); };
    if (needed > *usable) {
      std::string parts;
      for (const results::Part& p : sum_.memory)
        if (p.value > 0)
          parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", p.name, gib(p.value));
      throw InputError(
          "request",
          fmt::format("needs {} of memory ({}); {} has {}{}", gib(needed), parts, chip.name(),
                      gib(all),
                      *usable < all ? fmt::format(", of which {} may take {}",
                                                  gpu ? "the GPU" : "a process", gib(*usable))
                                    : ""),
          "a chip with more (`anesim chips`), --memory, fewer bits a weight, a smaller batch or "
          "context");
    }
    const auto sold = chip.description().about.find("memory_sizes");
    if (chip.parameter("memory.capacity").kind == "set" && sold != chip.description().about.end() &&
        !contains_size(sold->second, all))
      note(fmt::format("{} is sold with {}, not {}", chip.name(), sold->second, gib(all)));
  }

  // "8, 16 GiB"
  static bool contains_size(const std::string& sizes, double bytes) {
    const std::string wanted = fmt::format("{:g}", bytes / (1 << 30));
    std::istringstream words{sizes};
    for (std::string word; words >> word;)
      if (word == wanted || word == wanted + ",") return true;
    return false;
  }

  results::Cost totals() {
    check_capacity();
    results::Totals& t = cost_.totals;
    t.causes = results::cause_parts(sum_.causes);
    for (const results::Part& p : sum_.energy)
      if (p.value > 0) t.energy_parts.push_back(p);
    t.latency_s = results::sum(t.causes);
    t.energy_j = results::sum(t.energy_parts);
    t.power_w = t.latency_s > 0 ? t.energy_j / t.latency_s : 0;
    t.throughput_items_per_s = work_.job.items / t.latency_s;
    t.bound = results::largest(t.causes);
    t.macs = whole(std::max(0.0, sum_.macs));
    t.dram_bytes = whole(std::max(0.0, sum_.dram_bytes));
    for (results::Part& p : sum_.memory) p.value = std::floor(p.value);
    t.memory_parts = std::move(sum_.memory);
    t.peak_memory_bytes = whole(results::sum(t.memory_parts));
    return std::move(cost_);
  }

  const Lowered::Impl& work_;
  const Target& target_;
  const Conditions& conditions_;
  Detail detail_;
  results::Cost cost_;
  Sum sum_;
  std::deque<Target> others_;
  std::optional<Target> host_;
  Unit unit_ = Unit::cpu;      // of the stage that is priced
  double start_ = 0, at_ = 0;  // s: of the stage in the job; inside the stage
  bool keeps_tasks_ = true;
};

}  // namespace

results::Cost price(const Lowered& work, const Target& target, const Conditions& conditions,
                    Detail detail) {
  const Lowered::Impl& impl = work.impl();
  ANE_CHECK(impl.unit == target.unit, "lowered for the unit that it is priced on");
  if (!conditions.concurrent.empty()) {
    const Target beside{chip_beside(conditions.concurrent, target.chip, target.unit),
                        target.runtime, target.unit};
    Conditions alone = conditions;
    alone.concurrent.clear();
    return price(work, beside, alone, detail);
  }
  // Another machine gets another program.
  if (impl.machine != key_of(target.chip.machine()))
    return Pricing(lower(impl.request, target).impl(), target, conditions, detail).cost();
  return Pricing(impl, target, conditions, detail).cost();
}

results::Cost price(const workloads::Request& request, const Target& target, Detail detail) {
  return price(lower(request, target), target, request.conditions, detail);
}

void append(results::Cost& cost, const results::Cost& part) {
  results::Totals& t = cost.totals;
  const results::Totals& p = part.totals;
  const double start = std::isnan(t.latency_s) ? 0 : t.latency_s;
  for (const results::Part& c : p.causes) results::add(t.causes, c.name, c.value);
  for (const results::Part& e : p.energy_parts) results::add(t.energy_parts, e.name, e.value);
  t.latency_s = results::sum(t.causes);
  t.energy_j = results::sum(t.energy_parts);
  t.power_w = t.energy_j / t.latency_s;
  t.bound = results::largest(t.causes);
  t.macs += p.macs;
  t.dram_bytes += p.dram_bytes;
  if (p.peak_memory_bytes > t.peak_memory_bytes) {
    t.peak_memory_bytes = p.peak_memory_bytes;
    t.memory_parts = p.memory_parts;
  }
  for (OperatorRow row : part.operators) {
    row.index = static_cast<int>(cost.operators.size());
    row.start_s += start;
    cost.operators.push_back(std::move(row));
  }
  for (const std::string& n : part.notes)
    if (std::ranges::find(cost.notes, n) == cost.notes.end()) cost.notes.push_back(n);
  cost.tasks.clear();  // of several calls
}

double quantity(const results::Cost& cost, const workloads::Job& job, workloads::Quantity q) {
  using workloads::Quantity;
  const results::Totals& t = cost.totals;
  const double flop = job.nominal_flop > 0 ? job.nominal_flop : 2 * static_cast<double>(t.macs);
  switch (q) {
    case Quantity::latency:
      return t.latency_s;
    case Quantity::energy:
      return t.energy_j;
    case Quantity::power:
      return t.energy_j / t.latency_s;
    case Quantity::throughput_flops:
      return flop / t.latency_s;
    case Quantity::efficiency:
      return flop / t.energy_j;
    case Quantity::throughput_calls:
      return 1 / t.latency_s;
    case Quantity::throughput_items:
      return job.items / t.latency_s;
    case Quantity::bandwidth:
      if (job.counted_bytes < 1)
        throw InputError("request", "a bandwidth needs the bytes that it counts", "bytes=");
      return job.counted_bytes / t.latency_s;
  }
  return results::unknown;
}

workloads::Request asked_on(workloads::Request request, const Target& target) {
  request.conditions.unit = target.unit;
  request.conditions.runtime = target.runtime.name();
  request.conditions.form = workloads::form_of(request, target.unit);
  request.conditions.host = host_of(request, request.conditions, target.chip);
  return request;
}

results::Record record_of(const workloads::Request& request, const Target& target,
                          results::Cost cost, const Answered& answered) {
  if (!answered.values.empty() && request.conditions.placement != workloads::Placing::capable)
    throw InputError("placement", "of a run with values is what the accelerator takes",
                     "without placement=, or the price alone");
  const workloads::Request asked = asked_on(request, target);
  results::Record record;
  static_cast<results::Cost&>(record) = std::move(cost);
  results::Run& run = record.run;
  run.workload = std::string(request.kind->name);
  run.variant = answered.variant.empty() ? request.work->label() : answered.variant;
  run.input = answered.input.empty() ? workloads::work_text(request) : answered.input;
  run.input_digest = results::fnv1a_128(workloads::work_text(request) + "\n" + answered.values);
  run.chip = target.chip.name();
  run.unit = std::string(workloads::name(target.unit));
  run.runtime = target.runtime.name();
  run.profile = answered.profile;
  const bool numbers =
      (request.kind->takes & (workloads::takes_weights | workloads::takes_activations)) != 0;
  run.precision = numbers ? workloads::label(request.formats) : "";
  run.batch = request.batch;
  run.items = answered.items > 0 ? answered.items
                                 : std::max<std::int64_t>(1, whole(request.work->items(request)));
  run.overrides = overrides_text(target.chip.description());
  run.code_version = code_version();
  run.form = std::string(workloads::name(*asked.conditions.form));
  run.request = workloads::to_text(asked);
  const std::string broken = results::check(record);
  ANE_CHECK(broken.empty(), broken.c_str());
  return record;
}

}  // namespace ane::sim
