#include "sim/claims/simulated.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "sim/claims/claim_rules.h"
#include "workloads/request/kinds/mpnn.h"

namespace ane::sim {
namespace {

using workloads::Quantity;

// Vendors round what they rate: 153.6 GB/s are sold as 150.
constexpr double rated = 0.025;
// Bytes of weights and tensors are counted, not predicted.
constexpr double counted = 1.02;
// Everything of a chip under full load at once. No row measures that: the factor is a judgement,
// of what vendors and loads differ in.
constexpr double loads_factor = 1.3;
// Two standard deviations of a share of so many reads, each right or wrong.
double share_factor(double share, std::int64_t reads) {
  return 1 + 2 * std::sqrt((1 - share) / (share * static_cast<double>(reads)));
}

// "M4Max" with everything it has, or "M4Max gpu".
struct Loads {
  double gpu, cpu, ane, memory;
  explicit Loads(const Chip& chip, bool only_gpu) : gpu_alone(only_gpu) {
    const GpuParameters& g = chip.gpu();
    const CpuParameters& c = chip.cpu();
    const AneParameters& a = chip.ane();
    gpu = g.peak_fp32() * g.utilisation * g.energy_flop + g.power_idle;
    cpu = c.p_cores * c.power_core + c.power_idle;
    ane = a.peak_fp16() / 2 * a.energy_mac_fp16 + a.power_awake;
    memory = chip.memory().bandwidth * chip.memory().energy_byte;
  }
  bool gpu_alone;
  double sum() const { return gpu + memory + (gpu_alone ? 0 : cpu + ane); }
  std::string text() const {
    const std::string both = fmt::format("GPU {:.3g} W, memory {:.3g} W", gpu, memory);
    return gpu_alone ? "under full load, " + both
                     : fmt::format(
                           "all units under full load at once, {}, CPU cores {:.3g} W, ANE "
                           "{:.3g} W",
                           both, cpu, ane);
  }
};

std::string_view kind_of(const Parameter& p) {
  return p.kind == "inherited" ? p.kind_there : p.kind;
}

// Made from this very figure: a number of its formula is the figure, as in 18e12 / (16 * 256 * 2).
bool made_from(const Parameter& p, double figure) {
  const std::string_view text = p.from;
  for (std::size_t at = 0; at < text.size();) {
    double number = 0;
    const auto [end, fault] = std::from_chars(text.data() + at, text.data() + text.size(), number);
    if (fault == std::errc{} && std::abs(number - figure) <= rounding * figure) return true;
    at = fault == std::errc{} ? static_cast<std::size_t>(end - text.data()) : at + 1;
  }
  return false;
}

// A value of these parameters restates what was given, and tests nothing: one alone that nobody
// measured, one that was made from the figure, one that is assumed, or all of one document.
bool restates(const std::vector<const Parameter*>& parameters, double figure) {
  std::set<std::string_view> sources;
  for (const Parameter* p : parameters) {
    const std::string_view kind = kind_of(*p);
    if (kind == "assumed" || (kind == "derived" && made_from(*p, figure))) return true;
    if (parameters.size() == 1) return kind != "measured" && kind != "fitted";
    sources.insert(p->source);
  }
  return sources.size() == 1 && !sources.begin()->empty();
}

// One quantity of runs: its value, and whose errors its band holds. Those of several add in
// squares. None: it is counted.
struct OfRuns {
  std::string_view quantity;
  double (*value)(const Priced& p, const Priced& base);
  std::optional<Quantity> errors{};
  // Of a ratio alone.
  bool is_ratio = false;
  std::optional<Quantity> errors_of_base{};
  double (*side)(const Priced& p) = nullptr;  // what is shown of each
  double scale = 1;
  std::string_view unit{};
};

double seconds_each(const Priced& p) {
  return p.seconds / p.items;
}
double joules_each(const Priced& p) {
  return p.joules / p.items;
}
double watts(const Priced& p) {
  return p.joules / p.seconds;
}
double memory(const Priced& p) {
  return p.peak_memory;
}

constexpr OfRuns of_runs_by_quantity[] = {
    {.quantity = "latency",
     .value = [](const Priced& p, const Priced&) { return p.seconds; },
     .errors = Quantity::latency},
    {.quantity = "latency_per_item",
     .value = [](const Priced& p, const Priced&) { return p.seconds / p.batch; },
     .errors = Quantity::latency},
    {.quantity = "throughput",
     .value = [](const Priced& p, const Priced&) { return p.items / p.seconds; },
     .errors = Quantity::latency},
    {.quantity = "power",
     .value = [](const Priced& p, const Priced&) { return watts(p); },
     .errors = Quantity::power},
    {.quantity = "memory", .value = [](const Priced& p, const Priced&) { return memory(p); }},
    {.quantity = "speedup",
     .value = [](const Priced& p, const Priced& b) { return seconds_each(b) / seconds_each(p); },
     .errors = Quantity::latency,
     .is_ratio = true,
     .errors_of_base = Quantity::latency,
     .side = seconds_each,
     .scale = 1e-3,
     .unit = "ms an item"},
    // Over the watts of the faster: its time cancels.
    {.quantity = "speedup_per_watt",
     .value = [](const Priced& p, const Priced& b) { return seconds_each(b) / joules_each(p); },
     .errors = Quantity::energy,
     .is_ratio = true,
     .errors_of_base = Quantity::latency,
     .side = seconds_each,
     .scale = 1e-3,
     .unit = "ms an item"},
    {.quantity = "energy_efficiency",
     .value = [](const Priced& p, const Priced& b) { return joules_each(b) / joules_each(p); },
     .errors = Quantity::energy,
     .is_ratio = true,
     .errors_of_base = Quantity::energy,
     .side = joules_each,
     .scale = 1e-6,
     .unit = "uJ an item"},
    {.quantity = "power_saving",
     .value = [](const Priced& p, const Priced& b) { return watts(b) / watts(p); },
     .errors = Quantity::power,
     .is_ratio = true,
     .errors_of_base = Quantity::power,
     .side = watts,
     .unit = "W"},
    {.quantity = "memory_ratio",
     .value = [](const Priced& p, const Priced& b) { return memory(b) / memory(p); },
     .is_ratio = true,
     .side = memory,
     .scale = 1e6,
     .unit = "MB of weights and tensors"},
    // What is left: Value::Said::saved says it as a saving.
    {.quantity = "memory_saved",
     .value = [](const Priced& p, const Priced& b) { return memory(p) / memory(b); },
     .is_ratio = true,
     .side = memory,
     .scale = 1e6,
     .unit = "MB of weights and tensors"}};

const OfRuns* of_runs_named(std::string_view quantity) {
  const auto* at = std::ranges::find(of_runs_by_quantity, quantity, &OfRuns::quantity);
  return at == std::end(of_runs_by_quantity) ? nullptr : at;
}

// Both sides of a ratio, in its own quantity.
std::string sides(const OfRuns& q, const Priced& p, const Priced& base) {
  const double a = q.side(p), b = q.side(base);
  const bool small = q.side == seconds_each && std::max(a, b) < 1e-3;
  const double scale = small ? 1e-6 : q.scale;
  return fmt::format("{:.3g} against {:.3g} {}", a / scale, b / scale,
                     small ? "us an item" : q.unit);
}

}  // namespace

Value Simulation::value(const PublishedClaim& c, const Choice& choice,
                        std::optional<workloads::Form> form) {
  if (choice.of.empty()) return {.why_not = "nothing here stands for it"};
  const std::string& q = c.quantity;
  if (!all_.configurations.contains(choice.of[0])) return of_chip(q, choice);
  if (q == "parameters" || q == "parameters_saved" || q == "model_bytes" || q == "bytes_ratio" ||
      q == "bytes_saved" || q == "padding")
    return of_model(q, choice);
  if (q == "accuracy") {
    const Pricer::Accuracy a = pricer_.accuracy(choice.of[0]);
    return {.value = a.share,
            .factor = share_factor(a.share, a.reads),
            .from = fmt::format("a model trained on seeded reads, {} of them held out", a.reads),
            .band = "their number alone"};
  }
  if (q.starts_with("recovery"))
    return {.why_not = "the recovery of an untrained network means nothing"};
  return of_runs(q, choice, form, true);
}

double Simulation::bare(const PublishedClaim& c, const Choice& choice, workloads::Form form) {
  return of_runs(c.quantity, choice, form, false).shown();
}

Value Simulation::of_chip(const std::string& q, const Choice& choice) {
  const Chip& chip = pricer_.chip(choice.of[0]);
  const auto constant = [&](double v, const std::vector<std::string>& paths) {
    Value out{.value = v, .factor = 1 + rated, .basis = Basis::arithmetic};
    std::vector<const Parameter*> parameters;
    for (const std::string& path : paths) {
      const Parameter& p = chip.parameter(path);
      out.from += fmt::format("{}{} {:.4g}{}{} ({})", out.from.empty() ? "" : ", ", path,
                              p.value / p.scale, p.unit.empty() ? "" : " ", p.unit, p.kind);
      out.lever = path;
      out.lever_value = p.value / p.scale;
      out.lever_unit = p.unit;
      parameters.push_back(&p);
    }
    if (restates(parameters, v)) out.basis = Basis::input;
    return out;
  };
  const auto ane_peak = [&](const Chip& of) {
    const AneParameters& a = of.ane();
    return std::max(a.peak_fp16(), a.peak_int8());
  };
  const auto rating = [&](const Chip& of) {
    return std::vector<std::string>{
        "ane.cores",
        of.ane().peak_int8() > of.ane().peak_fp16() ? "ane.macs_int8" : "ane.macs_fp16",
        "ane.clock"};
  };
  if (q == "ane_peak") return constant(ane_peak(chip), rating(chip));
  if (q == "ane_peak_ratio") {
    const Chip& other = pricer_.chip(choice.against.at(0));
    Value v = constant(ane_peak(chip), rating(chip));
    const Value base = [&] {
      std::vector<const Parameter*> parameters;
      for (const std::string& path : rating(other)) parameters.push_back(&other.parameter(path));
      return Value{
          .value = ane_peak(other),
          .basis = restates(parameters, ane_peak(other)) ? Basis::input : Basis::arithmetic};
    }();
    v.from = fmt::format("{:.3g} against {:.3g} TOPS", v.value / 1e12, base.value / 1e12);
    v.value /= base.value;
    v.factor *= 1 + rated;
    if (v.basis == Basis::input && base.basis != Basis::input) v.basis = Basis::arithmetic;
    v.lever.clear();
    return v;
  }
  if (q == "memory_bandwidth") return constant(chip.memory().bandwidth, {"memory.bandwidth"});
  if (q == "memory_capacity")
    return constant(chip.parameter("memory.capacity").value, {"memory.capacity"});
  if (q == "parameters_fit") {
    const double bytes = workloads::bytes_of(choice.of.at(1));
    return {
        .value = chip.parameter("memory.capacity").value / bytes,
        .factor = counted,
        .basis = Basis::arithmetic,
        .from = fmt::format("the {:.4g} GB of the largest {} sold, at {:g} bits a parameter",
                            chip.parameter("memory.capacity").value / 1e9, chip.name(), 8 * bytes)};
  }
  if (q == "pcie_bandwidth" && chip.pcie())
    return constant(chip.pcie()->bandwidth, {"pcie.bandwidth"});
  if (q == "gpu_peak_fp32") return constant(chip.gpu().peak_fp32(), {"gpu.cores", "gpu.clock"});
  if (q == "gpu_power" && chip.gpu().power_load)
    return constant(*chip.gpu().power_load, {"gpu.power.load"});
  const auto per_watt = [](const Chip& of) {
    return of.gpu().peak_fp32() / of.gpu().power_load.value_or(results::unknown);
  };
  if (q == "gpu_flop_per_watt" && chip.gpu().power_load)
    return constant(per_watt(chip), {"gpu.cores", "gpu.power.load", "gpu.clock"});
  const bool system = q == "system_power" || q == "power_ratio" || q.starts_with("flop_per_watt");
  if (system) {
    const Loads loads(chip, choice.of.size() > 1 && choice.of[1] == "gpu");
    const double own = chip.gpu().peak_fp32() / loads.sum();
    const auto other = [&]() -> const Chip& { return pricer_.chip(choice.against.at(0)); };
    const double v = q == "system_power"    ? loads.sum()
                     : q == "flop_per_watt" ? own
                     : q == "power_ratio"
                         ? other().gpu().power_load.value_or(results::unknown) / loads.sum()
                         : own / per_watt(other());
    return {.value = v,
            .factor = loads_factor,
            .said = q == "flop_per_watt_gain" ? Value::Said::gained : Value::Said::as_it_is,
            .from = loads.text()};
  }
  return {.why_not = fmt::format("the description of {} has no {}", chip.name(), q)};
}

Value Simulation::of_model(const std::string& q, const Choice& choice) {
  Value v{.value = 0, .factor = counted, .basis = Basis::arithmetic};
  const auto bytes = [&](const std::string& name) {
    return pricer_.price(name).parameters *
           workloads::bytes_of(pricer_.request(name).formats.weights);
  };
  for (const std::string& name : choice.of) {
    if (q == "padding") {
      const double items = all_.configuration(name).items;
      const auto places = static_cast<double>(
          workloads::work_as<workloads::MpnnWork>(pricer_.request(name)).places());
      v.value = (places - items) / places;
      v.from = fmt::format("{:.0f} of {:.0f} places are padding", places - items, places);
      return v;
    }
    const Priced& p = pricer_.price(name);
    v.value += q.starts_with("parameters") ? p.parameters : bytes(name);
    v.from = fmt::format("the network's shapes have {:.0f} parameters", p.parameters);
  }
  if (q == "parameters" || q == "model_bytes") return v;
  if (choice.against.empty()) return {.why_not = "nothing to compare with"};
  const std::string& other = choice.against[0];
  const double base = q.starts_with("parameters") ? pricer_.price(other).parameters : bytes(other);
  v.from = fmt::format("{:.4g} against {:.4g} {}", v.value / 1e6, base / 1e6,
                       q.starts_with("parameters") ? "M parameters" : "MB of weights");
  v.value = q == "bytes_ratio" ? base / v.value : v.value / base;
  if (q != "bytes_ratio") v.said = Value::Said::saved;
  return v;
}

// One side of a ratio may be a smaller network for the same answers, but not one of another task.
bool Simulation::one_task(const std::string& a, const std::string& b) const {
  const workloads::Request x = pricer_.request(a), y = pricer_.request(b);
  if (x.kind->name != "mpnn" || y.kind->name != "mpnn") return true;
  const auto attention = [](const workloads::Request& r) {
    return workloads::work_as<workloads::MpnnWork>(r).phase == workloads::MpnnPhase::attention;
  };
  return attention(x) == attention(y);
}

Value Simulation::of_runs(const std::string& q, const Choice& choice,
                          std::optional<workloads::Form> form, bool with_band) {
  const OfRuns* of = of_runs_named(q);
  if (of == nullptr) return {.why_not = fmt::format("no model gives its {}", q)};
  if (of->is_ratio && choice.against.size() != choice.of.size())
    return {.why_not = "nothing to compare with"};
  const auto form_of_base = [&](std::size_t i) {
    const bool same_unit =
        all_.configuration(choice.of[i]).unit == all_.configuration(choice.against[i]).unit;
    return same_unit ? form : std::optional<workloads::Form>();
  };
  Value v{.value = 0};
  double spread = 0;
  for (std::size_t i = 0; i < choice.of.size(); ++i) {
    const Priced& p = pricer_.price(choice.of[i], form);
    if (!p.why_not.empty()) return {.why_not = p.why_not};
    const Priced* base = &p;
    if (of->is_ratio) {
      if (!one_task(choice.of[i], choice.against[i]))
        return {.why_not =
                    "its two sides are two networks here, of attention over all residues "
                    "and of messages between neighbours"};
      base = &pricer_.price(choice.against[i], form_of_base(i));
      if (!base->why_not.empty()) return {.why_not = base->why_not};
    }
    double wide = 0;
    if (!of->errors)
      wide = std::log(counted);
    else if (with_band)
      wide = std::log(of->is_ratio ? pricer_.factor_of_ratio(
                                         {choice.of[i], form, *of->errors},
                                         {choice.against[i], form_of_base(i), *of->errors_of_base})
                                   : pricer_.factor(choice.of[i], form, *of->errors));
    v.value += of->value(p, *base) / static_cast<double>(choice.of.size());
    spread = std::max(spread, wide);
    const bool time = of->errors && *of->errors != Quantity::energy;
    v.bound = !time ? std::string()
              : p.bound_share > 0
                  ? fmt::format("{:.0f} % of the time is {}", 100 * p.bound_share, p.bound)
                  : fmt::format("most of the time is {}", p.bound);
    v.band = p.factor_from;
    const std::string described = pricer_.described(choice.of[i]);
    v.from = choice.of.size() == 1 ? described
                                   : fmt::format("the mean of {} such runs, the last {}",
                                                 choice.of.size(), described);
    if (!of->is_ratio) continue;
    v.from += fmt::format(" against {}", pricer_.described(choice.against[i]));
    if (choice.of.size() == 1) v.from += fmt::format(", {}", sides(*of, p, *base));
  }
  v.factor = std::exp(spread);
  if (q == "memory_saved") v.said = Value::Said::saved;
  return v;
}

}  // namespace ane::sim
