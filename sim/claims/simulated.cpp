#include "sim/claims/simulated.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "isa/error.h"
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
  std::string_view name;
  double (*value)(const Priced& p, const Priced& base);
  std::optional<Quantity> errors{};
  // Of a ratio alone.
  bool compares = false;
  std::optional<Quantity> errors_of_base{};
  double (*side)(const Priced& p) = nullptr;  // what is shown of each
  double scale = 1;
  std::string_view unit{};
  Value::Said said = Value::Said::as_it_is;
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

constexpr OfRuns run_quantities[] = {
    {.name = "latency",
     .value = [](const Priced& p, const Priced&) { return p.seconds; },
     .errors = Quantity::latency},
    {.name = "latency_per_item",
     .value = [](const Priced& p, const Priced&) { return p.seconds / p.batch; },
     .errors = Quantity::latency},
    {.name = "throughput",
     .value = [](const Priced& p, const Priced&) { return p.items / p.seconds; },
     .errors = Quantity::latency},
    {.name = "power",
     .value = [](const Priced& p, const Priced&) { return watts(p); },
     .errors = Quantity::power},
    {.name = "memory", .value = [](const Priced& p, const Priced&) { return memory(p); }},
    {.name = "speedup",
     .value = [](const Priced& p, const Priced& b) { return seconds_each(b) / seconds_each(p); },
     .errors = Quantity::latency,
     .compares = true,
     .errors_of_base = Quantity::latency,
     .side = seconds_each,
     .scale = 1e-3,
     .unit = "ms an item"},
    // Over the watts of the faster: its time cancels.
    {.name = "speedup_per_watt",
     .value = [](const Priced& p, const Priced& b) { return seconds_each(b) / joules_each(p); },
     .errors = Quantity::energy,
     .compares = true,
     .errors_of_base = Quantity::latency,
     .side = seconds_each,
     .scale = 1e-3,
     .unit = "ms an item"},
    {.name = "energy_efficiency",
     .value = [](const Priced& p, const Priced& b) { return joules_each(b) / joules_each(p); },
     .errors = Quantity::energy,
     .compares = true,
     .errors_of_base = Quantity::energy,
     .side = joules_each,
     .scale = 1e-6,
     .unit = "uJ an item"},
    {.name = "power_saving",
     .value = [](const Priced& p, const Priced& b) { return watts(b) / watts(p); },
     .errors = Quantity::power,
     .compares = true,
     .errors_of_base = Quantity::power,
     .side = watts,
     .unit = "W"},
    {.name = "memory_ratio",
     .value = [](const Priced& p, const Priced& b) { return memory(b) / memory(p); },
     .compares = true,
     .side = memory,
     .scale = 1e6,
     .unit = "MB of weights and tensors"},
    // What is left, said as a saving.
    {.name = "memory_saved",
     .value = [](const Priced& p, const Priced& b) { return memory(p) / memory(b); },
     .compares = true,
     .side = memory,
     .scale = 1e6,
     .unit = "MB of weights and tensors",
     .said = Value::Said::saved}};

// Both sides of a ratio, in its own quantity.
std::string sides(const OfRuns& q, const Priced& p, const Priced& base) {
  const double a = q.side(p), b = q.side(base);
  const bool small = q.side == seconds_each && std::max(a, b) < 1e-3;
  const double scale = small ? 1e-6 : q.scale;
  return fmt::format("{:.3g} against {:.3g} {}", a / scale, b / scale,
                     small ? "us an item" : q.unit);
}

// What a chip's figure is asked of: the chip, what it is compared with (itself where nothing is),
// and a word of the row: a format, or the unit that is meant alone.
struct ChipAsked {
  const Chip& chip;
  const Chip& base;
  const std::string& word;
};
struct OfChips {
  std::string_view name;
  Value (*value)(const ChipAsked& a);
  bool compares = false;
};

// A value that is proportional to these parameters.
Value rated_by(const Chip& chip, double v, const std::vector<std::string>& paths) {
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
}

Value ane_peak(const Chip& chip) {
  const AneParameters& a = chip.ane();
  const bool int8 = a.peak_int8() > a.peak_fp16();
  return rated_by(chip, std::max(a.peak_fp16(), a.peak_int8()),
                  {"ane.cores", int8 ? "ane.macs_int8" : "ane.macs_fp16", "ane.clock"});
}

Value ane_peak_ratio(const ChipAsked& a) {
  Value v = ane_peak(a.chip);
  const Value base = ane_peak(a.base);
  v.from = fmt::format("{:.3g} against {:.3g} TOPS", v.value / 1e12, base.value / 1e12);
  v.value /= base.value;
  v.factor *= base.factor;
  if (base.basis != Basis::input) v.basis = base.basis;
  v.lever.clear();
  return v;
}

Value parameters_fit(const ChipAsked& a) {
  const double capacity = a.chip.parameter("memory.capacity").value,
               bytes = workloads::bytes_of(a.word);
  return {.value = capacity / bytes,
          .factor = counted,
          .basis = Basis::arithmetic,
          .from = fmt::format("the {:.4g} GB of the largest {} sold, at {:g} bits a parameter",
                              capacity / 1e9, a.chip.name(), 8 * bytes)};
}

// Watts of a chip under full load: everything it has, or GPU and memory. The GPU's as measured, in
// its source's band, where somebody did; what is computed within `loads_factor`.
struct Loads {
  struct Part {
    std::string_view name;
    double watts = 0;
    Range band{};
    std::string_view from = "computed";
  };
  std::vector<Part> parts;
  bool only_gpu;

  explicit Loads(const ChipAsked& a) : only_gpu(a.word == "gpu") {
    const GpuParameters& g = a.chip.gpu();
    const MemoryParameters& m = a.chip.memory();
    const auto computed = [&](std::string_view name, double watts) {
      parts.push_back({name, watts, {watts / loads_factor, watts * loads_factor}});
    };
    if (g.power_load) {
      const Parameter& p = a.chip.parameter("gpu.power.load");
      parts.push_back(
          {"GPU",
           p.value,
           {p.low.value_or(p.value / (1 + rated)), p.high.value_or(p.value * (1 + rated))},
           kind_of(p)});
    } else {
      computed("GPU", g.peak_fp32() * g.utilisation * g.energy_flop + g.power_idle);
    }
    computed("memory", m.bandwidth * m.energy_byte);
    if (only_gpu) return;
    const CpuParameters& c = a.chip.cpu();
    const AneParameters& e = a.chip.ane();
    computed("CPU cores", c.p_cores * c.power_core + c.power_idle);
    computed("ANE", e.peak_fp16() / 2 * e.energy_mac_fp16 + e.power_awake);
  }
  // f of their sum, which only grows or only falls with it.
  Value value(double (*f)(double watts, const ChipAsked& a), const ChipAsked& a,
              Value::Said said = Value::Said::as_it_is) const {
    double sum = 0;
    Range band{};
    std::string text = only_gpu ? "under full load" : "all units under full load at once";
    for (const Part& p : parts) {
      sum += p.watts;
      band.low += p.band.low;
      band.high += p.band.high;
      text += fmt::format(", {} {:.3g} W ({})", p.name, p.watts, p.from);
    }
    const double one = f(band.low, a), other = f(band.high, a);
    return {.value = f(sum, a),
            .reach = Range{std::min(one, other), std::max(one, other)},
            .said = said,
            .from = std::move(text)};
  }
};

double per_watt(const Chip& chip) {
  return chip.gpu().peak_fp32() / chip.gpu().power_load.value_or(results::unknown);
}

constexpr OfChips chip_quantities[] = {
    {"ane_peak", [](const ChipAsked& a) { return ane_peak(a.chip); }},
    {"ane_peak_ratio", ane_peak_ratio, true},
    {"memory_bandwidth",
     [](const ChipAsked& a) {
       return rated_by(a.chip, a.chip.memory().bandwidth, {"memory.bandwidth"});
     }},
    {"memory_capacity",
     [](const ChipAsked& a) {
       return rated_by(a.chip, a.chip.parameter("memory.capacity").value, {"memory.capacity"});
     }},
    {"parameters_fit", parameters_fit},
    {"pcie_bandwidth",
     [](const ChipAsked& a) {
       return a.chip.pcie() ? rated_by(a.chip, a.chip.pcie()->bandwidth, {"pcie.bandwidth"})
                            : Value();
     }},
    {"gpu_peak_fp32",
     [](const ChipAsked& a) {
       return rated_by(a.chip, a.chip.gpu().peak_fp32(), {"gpu.cores", "gpu.clock"});
     }},
    {"gpu_power",
     [](const ChipAsked& a) {
       const auto& watts = a.chip.gpu().power_load;
       return watts ? rated_by(a.chip, *watts, {"gpu.power.load"}) : Value();
     }},
    {"gpu_flop_per_watt",
     [](const ChipAsked& a) {
       return a.chip.gpu().power_load
                  ? rated_by(a.chip, per_watt(a.chip), {"gpu.cores", "gpu.power.load", "gpu.clock"})
                  : Value();
     }},
    {"system_power",
     [](const ChipAsked& a) {
       return Loads(a).value([](double watts, const ChipAsked&) { return watts; }, a);
     }},
    {"flop_per_watt",
     [](const ChipAsked& a) {
       return Loads(a).value(
           [](double watts, const ChipAsked& of) { return of.chip.gpu().peak_fp32() / watts; }, a);
     }},
    {"power_ratio",
     [](const ChipAsked& a) {
       return Loads(a).value(
           [](double watts, const ChipAsked& of) {
             return of.base.gpu().power_load.value_or(results::unknown) / watts;
           },
           a);
     },
     true},
    {"flop_per_watt_gain",
     [](const ChipAsked& a) {
       return Loads(a).value(
           [](double watts, const ChipAsked& of) {
             return of.chip.gpu().peak_fp32() / watts / per_watt(of.base);
           },
           a, Value::Said::gained);
     },
     true},
};

// Counts of a model: its parameters, their bytes, and places that hold no residue.
struct ModelsAsked {
  const Published& all;
  Pricer& pricer;
  const Choice& choice;

  double parameters(const std::vector<std::string>& names) const {
    double sum = 0;
    for (const std::string& name : names) sum += pricer.price(name).parameters;
    return sum;
  }
  double bytes(const std::vector<std::string>& names) const {
    double sum = 0;
    for (const std::string& name : names)
      sum +=
          pricer.price(name).parameters * workloads::bytes_of(pricer.request(name).formats.weights);
    return sum;
  }
  Value value(double v) const {
    return {.value = v,
            .factor = counted,
            .basis = Basis::arithmetic,
            .from = fmt::format("the network's shapes have {:.0f} parameters",
                                pricer.price(choice.of.back()).parameters)};
  }
  Value ratio(double of, double base, std::string_view unit, Value::Said said) const {
    Value v = value(said == Value::Said::saved ? of / base : base / of);
    v.said = said;
    v.from = fmt::format("{:.4g} against {:.4g} {}", of / 1e6, base / 1e6, unit);
    return v;
  }
  Value bytes_ratio(Value::Said said) const {
    return ratio(bytes(choice.of), bytes(choice.against), "MB of weights", said);
  }
};
struct OfModels {
  std::string_view name;
  Value (*value)(const ModelsAsked& a);
  bool compares = false;
};

constexpr OfModels model_quantities[] = {
    {"parameters", [](const ModelsAsked& a) { return a.value(a.parameters(a.choice.of)); }},
    {"model_bytes", [](const ModelsAsked& a) { return a.value(a.bytes(a.choice.of)); }},
    {"parameters_saved",
     [](const ModelsAsked& a) {
       return a.ratio(a.parameters(a.choice.of), a.parameters(a.choice.against), "M parameters",
                      Value::Said::saved);
     },
     true},
    {"bytes_ratio", [](const ModelsAsked& a) { return a.bytes_ratio(Value::Said::as_it_is); },
     true},
    {"bytes_saved", [](const ModelsAsked& a) { return a.bytes_ratio(Value::Said::saved); }, true},
    {"padding",
     [](const ModelsAsked& a) {
       const std::string& name = a.choice.of[0];
       const double items = a.all.configuration(name).items;
       const auto places = static_cast<double>(
           workloads::work_as<workloads::MpnnWork>(a.pricer.request(name)).places());
       Value v = a.value((places - items) / places);
       v.from = fmt::format("{:.0f} of {:.0f} places are padding", places - items, places);
       return v;
     }},
};

template <class Row, std::size_t n>
const Row* named(const Row (&rows)[n], std::string_view name) {
  const Row* at = std::ranges::find(rows, name, &Row::name);
  return at == std::end(rows) ? nullptr : at;
}

// No value of these: shares of proteins that are not given, recovery of an untrained network.
constexpr ClaimQuantity other_quantities[] = {
    {"accuracy", About::training}, {"recovery"}, {"recovery_loss"}, {"share"}, {"none"}};

const std::vector<ClaimQuantity>& all_quantities() {
  static const std::vector<ClaimQuantity> all = [] {
    std::vector<ClaimQuantity> out(std::begin(other_quantities), std::end(other_quantities));
    for (const OfRuns& q : run_quantities) out.push_back({q.name, About::runs, q.compares});
    for (const OfModels& q : model_quantities) out.push_back({q.name, About::models, q.compares});
    for (const OfChips& q : chip_quantities) out.push_back({q.name, About::chips, q.compares});
    return out;
  }();
  return all;
}

}  // namespace

const ClaimQuantity& claim_quantity(const std::string& name, const std::string& place) {
  const auto at = std::ranges::find(all_quantities(), name, &ClaimQuantity::name);
  if (at != all_quantities().end()) return *at;
  std::vector<std::string> names;
  for (const ClaimQuantity& q : all_quantities()) names.emplace_back(q.name);
  throw InputError(place, fmt::format("quantity '{}' is unknown", name), choice_note(name, names));
}

Value Simulation::value(const PublishedClaim& c, const Choice& choice,
                        std::optional<workloads::Form> form) {
  if (choice.of.empty()) return {.why_not = "nothing here stands for it"};
  switch (claim_quantity(c.quantity, c.id).about) {
    case About::runs:
      return of_runs(c.quantity, choice, form, true);
    case About::models:
      return named(model_quantities, c.quantity)->value({all_, pricer_, choice});
    case About::chips: {
      const Chip& chip = pricer_.chip(choice.of[0]);
      Value v = named(chip_quantities, c.quantity)
                    ->value({chip, choice.against.empty() ? chip : pricer_.chip(choice.against[0]),
                             choice.of.size() > 1 ? choice.of[1] : ""});
      if (std::isnan(v.value) && v.why_not.empty())
        v.why_not = fmt::format("the description of {} has no {}", chip.name(), c.quantity);
      return v;
    }
    case About::training: {
      const Pricer::Accuracy a = pricer_.accuracy(choice.of[0]);
      return {.value = a.share,
              .factor = share_factor(a.share, a.reads),
              .from = fmt::format("a model trained on seeded reads, {} of them held out", a.reads),
              .band_from = "their number alone"};
    }
    case About::nothing:
      break;
  }
  return {.why_not = c.quantity.starts_with("recovery")
                         ? "the recovery of an untrained network means nothing"
                         : fmt::format("no model gives its {}", c.quantity)};
}

double Simulation::bare(const PublishedClaim& c, const Choice& choice,
                        std::optional<workloads::Form> form) {
  return of_runs(c.quantity, choice, form, false).shown();
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

std::optional<workloads::Form> Simulation::form_of_base(const std::string& of,
                                                        const std::string& base,
                                                        std::optional<workloads::Form> form) const {
  const bool same_unit = all_.configuration(of).unit == all_.configuration(base).unit;
  return same_unit ? form : std::optional<workloads::Form>();
}

Value Simulation::of_runs(const std::string& q, const Choice& choice,
                          std::optional<workloads::Form> form, bool with_band) {
  const OfRuns* of = named(run_quantities, q);
  Value v{.value = 0};
  double spread = 0;
  for (std::size_t i = 0; i < choice.of.size(); ++i) {
    const Priced& p = pricer_.price(choice.of[i], form);
    if (!p.why_not.empty()) return {.why_not = p.why_not};
    const Priced* base = &p;
    std::optional<workloads::Form> base_form;
    if (of->compares) {
      base_form = form_of_base(choice.of[i], choice.against[i], form);
      if (!one_task(choice.of[i], choice.against[i]))
        return {.why_not =
                    "its two sides are two networks here, of attention over all residues "
                    "and of messages between neighbours"};
      base = &pricer_.price(choice.against[i], base_form);
      if (!base->why_not.empty()) return {.why_not = base->why_not};
    }
    double wide = 0;
    if (!of->errors)
      wide = std::log(counted);
    else if (with_band)
      wide = std::log(of->compares ? pricer_.factor_of_ratio(
                                         {choice.of[i], form, *of->errors},
                                         {choice.against[i], base_form, *of->errors_of_base})
                                   : pricer_.factor(choice.of[i], form, *of->errors));
    v.value += of->value(p, *base) / static_cast<double>(choice.of.size());
    spread = std::max(spread, wide);
    const bool time = of->errors && *of->errors != Quantity::energy;
    v.bound = !time ? std::string()
              : p.bound_share > 0
                  ? fmt::format("{:.0f} % of the time is {}", 100 * p.bound_share, p.bound)
                  : fmt::format("most of the time is {}", p.bound);
    v.band_from = p.factor_from;
    const std::string described = pricer_.described(choice.of[i]);
    v.from = choice.of.size() == 1 ? described
                                   : fmt::format("the mean of {} such runs, the last {}",
                                                 choice.of.size(), described);
    if (!of->compares) continue;
    v.from += fmt::format(" against {}", pricer_.described(choice.against[i]));
    if (choice.of.size() == 1) v.from += fmt::format(", {}", sides(*of, p, *base));
  }
  v.factor = std::exp(spread);
  v.said = of->said;
  return v;
}

}  // namespace ane::sim
