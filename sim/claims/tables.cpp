#include "sim/claims/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "isa/error.h"
#include "isa/status.h"
#include "sim/claims/claim_rules.h"
#include "sim/claims/priced.h"
#include "workloads/request/kinds/mpnn.h"

namespace ane::sim {
namespace {

// Vendors round what they rate: 153.6 GB/s are sold as 150.
constexpr double rated = 0.025;
// Bytes of weights and tensors are counted, not predicted.
constexpr double counted = 1.02;
// One training is one draw of several.
constexpr double trained = 1.02;

// Our value in base units with its band, or why there is none.
struct Value {
  double value = results::unknown;
  double factor = 1;    // band: value / factor .. value * factor
  std::string from{};   // what the value rests on
  std::string bound{};  // cause that would have to change
  std::string band{};   // what the band rests on
  // Of a rating: the parameter to which it is proportional, and its value, for what it would take.
  std::string lever{};
  double lever_value = 0;
  std::string lever_unit{};
  std::string why_not{};
};

// A band wider than this says little, and the reason says so.
constexpr double wide_band = 3;
bool up_to(const PublishedClaim& c) {
  return c.value_unit == "x" && c.low == 1 && c.high > wide_band;
}

class Simulation {
 public:
  Simulation(const Published& all, Pricer& pricer) : all_(all), pricer_(pricer) {}

  Value value(const PublishedClaim& c) {
    if (c.of.empty()) return {.why_not = "nothing here stands for it"};
    const std::string& q = c.quantity;
    if (!all_.configurations.contains(c.of[0])) return of_chip(c);
    if (q == "parameters" || q == "model_bytes" || q == "padding") return of_model(c);
    if (q == "accuracy") {
      const Pricer::Accuracy a = pricer_.accuracy(c.of[0]);
      return {.value = a.share,
              .factor = trained,
              .from = fmt::format("a model trained on seeded reads, {} of them held out", a.reads)};
    }
    if (q == "recovery") return {.why_not = "the recovery of an untrained network means nothing"};
    return of_runs(c);
  }

 private:
  Value of_chip(const PublishedClaim& c) {
    const Chip& chip = pricer_.chip(c.of[0]);
    const std::string& q = c.quantity;
    const auto constant = [&](double v, std::vector<std::string> paths) {
      Value out{.value = v, .factor = 1 + rated};
      for (const std::string& path : paths) {
        const Parameter& p = chip.parameter(path);
        out.from += fmt::format("{}{} {:.4g}{}{} ({})", out.from.empty() ? "" : ", ", path,
                                p.value / p.scale, p.unit.empty() ? "" : " ", p.unit, p.kind);
        out.lever = path;
        out.lever_value = p.value / p.scale;
        out.lever_unit = p.unit;
      }
      return out;
    };
    if (q == "ane_peak")
      return constant(
          std::max(chip.ane().peak_fp16(), chip.ane().peak_int8()),
          {"ane.cores",
           chip.ane().peak_int8() > chip.ane().peak_fp16() ? "ane.macs_int8" : "ane.macs_fp16",
           "ane.clock"});
    if (q == "memory_bandwidth") return constant(chip.memory().bandwidth, {"memory.bandwidth"});
    if (q == "pcie_bandwidth" && chip.pcie())
      return constant(chip.pcie()->bandwidth, {"pcie.bandwidth"});
    if (q == "gpu_peak_fp32") return constant(chip.gpu().peak_fp32(), {"gpu.cores", "gpu.clock"});
    if (q == "gpu_power" && chip.gpu().power_load)
      return constant(*chip.gpu().power_load, {"gpu.power.load"});
    if (q == "gpu_flop_per_watt" && chip.gpu().power_load)
      return constant(chip.gpu().peak_fp32() / *chip.gpu().power_load,
                      {"gpu.cores", "gpu.power.load", "gpu.clock"});
    const auto of_loads = [&](double v) {
      return Value{.value = v, .factor = loads_factor, .from = Loads(chip).text()};
    };
    if (q == "system_power") return of_loads(Loads(chip).sum());
    if (q == "flop_per_watt") return of_loads(chip.gpu().peak_fp32() / Loads(chip).sum());
    if (q == "power_ratio") {
      const Chip& other = pricer_.chip(c.against.at(0));
      return of_loads(other.gpu().power_load.value_or(results::unknown) / Loads(chip).sum());
    }
    return {.why_not = fmt::format("the description of {} has no {}", chip.name(), q)};
  }

  // Everything of a chip under full load at once. No row measures that: the factor is a judgement,
  // of what vendors and loads differ in.
  static constexpr double loads_factor = 1.3;
  struct Loads {
    double gpu, cpu, ane, memory;
    explicit Loads(const Chip& chip) {
      const GpuParameters& g = chip.gpu();
      const CpuParameters& c = chip.cpu();
      const AneParameters& a = chip.ane();
      gpu = g.peak_fp32() * g.utilisation * g.energy_flop + g.power_idle;
      cpu = c.p_cores * c.power_core + c.power_idle;
      ane = a.peak_fp16() / 2 * a.energy_mac_fp16 + a.power_awake;
      memory = chip.memory().bandwidth * chip.memory().energy_byte;
    }
    double sum() const { return gpu + cpu + ane + memory; }
    std::string text() const {
      return fmt::format(
          "all under full load at once: GPU {:.3g} W, CPU cores {:.3g} W, ANE {:.3g} W, memory "
          "{:.3g} W",
          gpu, cpu, ane, memory);
    }
  };

  Value of_model(const PublishedClaim& c) {
    Value v{.value = 0, .factor = counted};
    for (const std::string& name : c.of) {
      const Configuration& of = all_.configuration(name);
      if (c.quantity == "padding") {
        const auto places = static_cast<double>(
            workloads::work_as<workloads::MpnnWork>(pricer_.request(name)).places());
        return {
            .value = (places - of.items) / places,
            .factor = counted,
            .from = fmt::format("{:.0f} of {:.0f} places are padding", places - of.items, places)};
      }
      const Priced& p = pricer_.price(name);
      const double bytes = workloads::bytes_of(pricer_.request(name).formats.weights);
      v.value += c.quantity == "parameters" ? p.parameters : p.parameters * bytes;
      v.from = fmt::format("the network's shapes have {:.0f} parameters", p.parameters);
    }
    return v;
  }

  Value of_runs(const PublishedClaim& c) {
    const std::string& q = c.quantity;
    const bool ratio = q == "speedup" || q == "speedup_per_watt" || q == "energy_efficiency" ||
                       q == "memory_ratio";
    Value v{.value = 0};
    double spread = 0;
    for (std::size_t i = 0; i < c.of.size(); ++i) {
      const Priced& p = pricer_.price(c.of[i]);
      if (!p.why_not.empty()) return {.why_not = p.why_not};
      const double t = p.seconds, each = t / p.items;
      double x = 0;
      double wide = std::log(p.factor);
      if (ratio) {
        if (c.against.size() != c.of.size()) return {.why_not = "nothing to compare with"};
        const Priced& base = pricer_.price(c.against[i]);
        if (!base.why_not.empty()) return {.why_not = base.why_not};
        x = q == "speedup"             ? base.seconds / base.items / each
            : q == "speedup_per_watt"  ? base.seconds / base.items / each / (p.joules / t)
            : q == "energy_efficiency" ? base.joules / base.items / (p.joules / p.items)
                                       : base.peak_memory / p.peak_memory;
        // Of one unit, kind and size the errors are shared, and cancel in the ratio.
        wide = q == "memory_ratio"                 ? std::log(counted)
               : p.factor_from == base.factor_from ? 0.5 * wide
                                                   : std::hypot(wide, std::log(base.factor));
      } else {
        if (q == "memory") wide = std::log(counted);
        x = q == "latency"            ? t
            : q == "latency_per_item" ? t / batch(c.of[i])
            : q == "throughput"       ? p.items / t
            : q == "power"            ? p.joules / t
            : q == "memory"           ? p.peak_memory
                                      : results::unknown;
      }
      v.value += x / static_cast<double>(c.of.size());
      spread = std::max(spread, wide);
      const bool time = q != "memory" && q != "memory_ratio" && q != "energy_efficiency";
      v.bound = !time ? std::string()
                : p.bound_share > 0
                    ? fmt::format("{:.0f} % of the time is {}", 100 * p.bound_share, p.bound)
                    : fmt::format("most of the time is {}", p.bound);
      v.band = p.factor_from;
      v.from = fmt::format("{} on {}'s {} under {}", v.from.empty() ? "run" : "runs",
                           all_.configuration(c.of[i]).chip, all_.configuration(c.of[i]).unit,
                           all_.configuration(c.of[i]).runtime);
      if (ratio && c.of.size() == 1) v.from += ", " + sides(q, p, pricer_.price(c.against[i]));
    }
    if (std::isnan(v.value)) return {.why_not = fmt::format("no model gives its {}", q)};
    v.factor = std::exp(spread);
    return v;
  }
  // Both sides of a ratio, in its own quantity.
  static std::string sides(const std::string& q, const Priced& p, const Priced& base) {
    const auto pair = [](double a, double b, double scale, const char* unit) {
      return fmt::format("{:.3g} against {:.3g} {}", a / scale, b / scale, unit);
    };
    if (q == "memory_ratio")
      return pair(p.peak_memory, base.peak_memory, 1e6, "MB of weights and tensors");
    if (q == "energy_efficiency")
      return pair(p.joules / p.items, base.joules / base.items, 1e-6, "uJ an item");
    const double each = p.seconds / p.items, other = base.seconds / base.items;
    return each < 1e-3 ? pair(each, other, 1e-6, "us an item")
                       : pair(each, other, 1e-3, "ms an item");
  }
  double batch(const std::string& name) const {
    return static_cast<double>(pricer_.request(name).batch);
  }

  const Published& all_;
  Pricer& pricer_;
};

std::string how_far(double ratio) {
  return ratio >= 1 ? fmt::format("{:.3g} times as much as published", ratio)
                    : fmt::format("{:.3g} times less than published", 1 / ratio);
}

// The published value and the simulated one, without a verdict.
Answer side_by_side(const PublishedClaim& c, const Value& v) {
  Answer a;
  a.claim = &c;
  if (std::isnan(v.value)) return a;
  a.simulated = v.value / unit_scale(c.value_unit);
  a.low = a.simulated / v.factor;
  a.high = a.simulated * v.factor;
  const double nearest = up_to(c) ? c.high : std::clamp(a.simulated, c.low, c.high);
  if (nearest != 0) a.ratio = a.simulated / nearest;
  return a;
}

void judge(Answer& a, const Value& v, const std::map<std::string, Finding>& found,
           const std::optional<Finding>& broken) {
  const PublishedClaim& c = *a.claim;
  const Range published = judged(c);
  const bool known = !std::isnan(a.simulated);
  const bool inside = known && a.low <= published.high && published.low <= a.high;
  if (broken) {
    a.verdict = Verdict::impossible;
    a.reason = broken->reason;
  } else if (const auto at = found.find(c.id); at != found.end()) {
    a.verdict = Verdict::inconsistent;
    a.reason = at->second.reason;
  } else if (!c.stands) {
    a.verdict = Verdict::not_measured;
    a.reason = fmt::format("{}: {}", c.standing, c.provenance);
    if (!known) a.reason += fmt::format("; not simulated: {}", v.why_not);
  } else if (!c.missing.empty() || !known) {
    a.verdict = Verdict::not_comparable;
    a.reason = c.missing.empty() ? v.why_not : c.missing;
  } else if (inside) {
    a.verdict = Verdict::reproduced;
    a.reason = v.from;
    // One end of a wide range is met, the other is not.
    if (c.high > wide_band * c.low && c.low > 0 && (a.high < c.high || a.low > c.low)) {
      const bool low_end = a.high < c.high;
      a.reason += fmt::format("; only its {} end: {:.4g} {} is {:.3g} times {}",
                              low_end ? "lower" : "upper", low_end ? c.high : c.low, c.value_unit,
                              low_end ? c.high / a.simulated : a.simulated / c.low,
                              low_end ? "simulated" : "less than simulated");
    }
    if (a.high > wide_band * a.low)
      a.reason += fmt::format("; a wide band, a factor of {:.2g} from {}, so this says little",
                              a.high / a.low, v.band);
    else if (!v.band.empty())
      a.reason += fmt::format("; band from {}", v.band);
  } else {
    a.verdict = Verdict::off;
    a.reason =
        fmt::format("{}{}; {}", how_far(a.ratio),
                    up_to(c) ? fmt::format(", which says up to {:.4g} x", c.high) : "", v.from);
    if (!v.bound.empty()) a.reason += fmt::format(", where {}", v.bound);
    if (!v.lever.empty())
      a.reason +=
          fmt::format("; to agree, {} would be {:.4g}{}{}", v.lever, v.lever_value / a.ratio,
                      v.lever_unit.empty() ? "" : " ", v.lever_unit);
  }
}

}  // namespace

Range judged(const PublishedClaim& c) {
  return {up_to(c) ? c.high : c.low, c.high};
}

std::string_view name(Verdict v) {
  switch (v) {
    case Verdict::impossible:
      return "impossible";
    case Verdict::inconsistent:
      return "inconsistent";
    case Verdict::not_comparable:
      return "not comparable";
    case Verdict::not_measured:
      return "not measured";
    case Verdict::reproduced:
      return "reproduced";
    case Verdict::off:
      return "off";
  }
  return "";
}

std::vector<Answer> answer_claims(const Published& published, const Selection& selection,
                                  std::vector<Answer>* context) {
  std::set<std::string> sources, tables;
  for (const PublishedClaim& c : published.claims) {
    sources.insert(c.source);
    tables.insert(c.table);
  }
  const auto choose = [](const std::string& option, const std::string& given,
                         const std::set<std::string>& all) {
    if (!given.empty() && !all.contains(given))
      throw InputError(option, fmt::format("'{}' is not there", given),
                       choice_note(given, std::vector(all.begin(), all.end())));
  };
  choose("--source", selection.source, sources);
  choose("--table", selection.table, tables);

  Pricer pricer(published);
  Simulation simulation(published, pricer);
  std::map<std::string, Value> values;
  std::map<std::string, Simulated> simulated;
  Progress progress("claims", std::ssize(published.claims));
  for (const PublishedClaim& c : published.claims) {
    progress.step();
    const Value v = simulation.value(c);
    if (!std::isnan(v.value)) simulated[c.id].band = Range{v.value / v.factor, v.value * v.factor};
    values[c.id] = v;
  }
  const std::map<std::string, Finding> found = contradictions(published, pricer, simulated);

  std::vector<Answer> answers;
  for (const PublishedClaim& c : published.claims) {
    if (!selection.holds(c)) continue;
    answers.push_back(side_by_side(c, values[c.id]));
    judge(answers.back(), values[c.id], found, broken_bound(c, published, pricer));
  }
  if (context != nullptr)
    for (const PublishedClaim& c : published.context)
      if (selection.holds(c)) context->push_back(side_by_side(c, simulation.value(c)));
  return answers;
}

std::vector<Step> ablation(const Published& published) {
  Pricer pricer(published);
  const auto each = [&](const std::string& name) {
    const Priced& p = pricer.price(name);
    return p.why_not.empty() ? p.seconds / p.items : results::unknown;
  };
  std::vector<Step> steps;
  double first = results::unknown, product = 1;
  for (const AblationStep& s : published.ablation) {
    const Configuration& c = published.configuration(s.alone);
    Step r{.step = s.step, .chip = c.chip, .unit = c.unit, .note = pricer.price(s.alone).why_not};
    r.alone = each(s.base) / each(s.alone);
    if (steps.empty()) first = each(s.alone);
    if (!s.together.empty()) {
      product *= r.alone;
      r.multiplied = product;
      r.together = first / each(s.together);
      const Priced& p = pricer.price(s.together);
      if (p.why_not.empty()) r.joules_each = p.joules / p.items;
    }
    steps.push_back(std::move(r));
  }
  return steps;
}

std::vector<results::Claim> as_claims(const std::vector<Answer>& answers) {
  std::vector<results::Claim> out;
  for (const Answer& a : answers)
    out.push_back({.id = a.claim->id,
                   .source = "seed " + a.claim->source,
                   .metric = a.claim->metric,
                   .published_low = a.claim->low,
                   .published_high = a.claim->high,
                   .value_unit = a.claim->value_unit,
                   .simulated = a.simulated,
                   .simulated_low = a.low,
                   .simulated_high = a.high,
                   .verdict = std::string(name(a.verdict)),
                   .reason = a.reason});
  return out;
}

}  // namespace ane::sim
