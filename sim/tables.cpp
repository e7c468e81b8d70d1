#include "sim/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "isa/error.h"
#include "sim/claim_rules.h"
#include "sim/priced.h"
#include "sim/priced_reads.h"
#include "workloads/spec.h"

namespace ane::sim {
namespace {

// Vendors round what they rate: 153.6 GB/s are sold as 150.
constexpr double rated = 0.025;

// Our value in base units with its band, or why there is none.
struct Value {
  double value = results::unknown;
  double factor = 1;    // band: value / factor .. value * factor
  std::string from{};   // what the value rests on
  std::string bound{};  // cause that would have to change
  std::string why_not{};
};

class Simulation {
 public:
  Simulation(const Published& all, Pricer& pricer) : all_(all), pricer_(pricer) {}

  Value value(const PublishedClaim& c) {
    if (c.of.empty()) return {.why_not = "nothing here stands for it"};
    const std::string& q = c.quantity;
    if (!all_.configurations.contains(c.of[0])) return of_chip(c);
    if (q == "parameters" || q == "model_bytes" || q == "padding") return of_model(c);
    if (q == "accuracy")
      return {.value = pricer_.accuracy(c.of[0]),
              .factor = 1.02,
              .from = "a model trained on seeded reads, 1,800 of them held out"};
    if (q == "recovery") return {.why_not = "the recovery of an untrained network means nothing"};
    return of_runs(c);
  }

 private:
  Value of_chip(const PublishedClaim& c) {
    const Chip& chip = pricer_.chip(c.of[0]);
    const std::string& q = c.quantity;
    const auto constant = [&](double v, std::vector<std::string> paths) {
      std::string from;
      for (const std::string& path : paths) {
        const Parameter& p = chip.parameter(path);
        from += fmt::format("{}{} {:.4g} {} ({})", from.empty() ? "" : ", ", path,
                            p.value / p.scale, p.unit, p.kind);
      }
      return Value{.value = v, .factor = 1 + rated, .from = from};
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
                      {"gpu.cores", "gpu.clock", "gpu.power.load"});
    if (q == "system_power") return {.value = system_power(chip), .factor = 1.3, .from = loads};
    if (q == "flop_per_watt")
      return {.value = chip.gpu().peak_fp32() / system_power(chip), .factor = 1.3, .from = loads};
    if (q == "power_ratio") {
      const Chip& other = pricer_.chip(c.against.at(0));
      return {.value = other.gpu().power_load.value_or(results::unknown) / system_power(chip),
              .factor = 1.3,
              .from = loads};
    }
    return {.why_not = fmt::format("the description of {} has no {}", chip.name(), q)};
  }

  static constexpr const char* loads =
      "GPU, CPU cores and ANE under full load at once, energies of the chip's description";
  static double system_power(const Chip& chip) {
    const GpuParameters& g = chip.gpu();
    const CpuParameters& cpu = chip.cpu();
    const AneParameters& a = chip.ane();
    return g.peak_fp32() * g.utilisation * g.energy_flop + g.power_idle +
           cpu.p_cores * cpu.power_core + cpu.power_idle + a.peak_fp16() / 2 * a.energy_mac_fp16 +
           a.power_awake + chip.memory().bandwidth * chip.memory().energy_byte;
  }

  Value of_model(const PublishedClaim& c) {
    Value v{.value = 0, .factor = 1.02};
    for (const std::string& name : c.of) {
      const Configuration& of = all_.configuration(name);
      if (c.quantity == "padding") {
        const auto places = static_cast<double>(workloads::parse_spec(of.spec, name).residues);
        return {
            .value = (places - of.items) / places,
            .factor = 1.02,
            .from = fmt::format("{:.0f} of {:.0f} places are padding", places - of.items, places)};
      }
      const Priced& p = pricer_.price(name);
      const auto reads = parse_reads(of.spec);
      const double bytes = reads
                               ? (reads->precision == "fp16" ? 2 : 1)
                               : workloads::bytes_of(workloads::parse_spec(of.spec, name).weights);
      v.value += c.quantity == "parameters" ? p.parameters : p.parameters * bytes;
      v.from = fmt::format("the network's shapes have {:.0f} parameters", p.parameters);
    }
    return v;
  }

  Value of_runs(const PublishedClaim& c) {
    const std::string& q = c.quantity;
    const bool ratio = q == "speedup" || q == "energy_efficiency" || q == "memory_ratio";
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
            : q == "energy_efficiency" ? base.joules / base.items / (p.joules / p.items)
                                       : base.peak_memory / p.peak_memory;
        // Of one unit, kind and size the errors are shared, and cancel in the ratio.
        wide = p.factor_from == base.factor_from ? 0.5 * wide
                                                 : std::hypot(wide, std::log(base.factor));
      } else {
        x = q == "latency"            ? t
            : q == "latency_per_item" ? t / batch(c.of[i])
            : q == "throughput"       ? p.items / t
            : q == "power"            ? p.joules / t
            : q == "memory"           ? p.peak_memory
                                      : results::unknown;
      }
      v.value += x / static_cast<double>(c.of.size());
      spread = std::max(spread, wide);
      v.bound = p.bound;
      v.from = fmt::format("{} on {}'s {} under {}", v.from.empty() ? "run" : "runs",
                           all_.configuration(c.of[i]).chip, all_.configuration(c.of[i]).unit,
                           all_.configuration(c.of[i]).runtime);
    }
    if (std::isnan(v.value)) return {.why_not = fmt::format("no model gives its {}", q)};
    v.factor = std::exp(spread);
    return v;
  }
  double batch(const std::string& name) const {
    return static_cast<double>(workloads::parse_spec(all_.configuration(name).spec, name).batch);
  }

  const Published& all_;
  Pricer& pricer_;
};

std::string how_far(double ratio) {
  return ratio >= 1 ? fmt::format("{:.3g} times as much as published", ratio)
                    : fmt::format("{:.3g} times less than published", 1 / ratio);
}

void judge(Answer& a, const Value& v, const std::map<std::string, Finding>& found,
           const std::optional<Finding>& broken) {
  const PublishedClaim& c = *a.claim;
  const Range published{c.low, c.high};
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
  } else {
    a.verdict = Verdict::off;
    a.reason =
        fmt::format("{}; {}{}", how_far(a.ratio), v.from,
                    v.bound.empty() ? std::string()
                                    : fmt::format(", where {} takes most of the time", v.bound));
  }
}

}  // namespace

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

std::vector<Answer> answer_claims(const Published& published, const Selection& selection) {
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
  std::map<std::string, Ours> ours;
  for (const PublishedClaim& c : published.claims) {
    const Value v = simulation.value(c);
    if (!std::isnan(v.value)) ours[c.id].band = Range{v.value / v.factor, v.value * v.factor};
    values[c.id] = v;
  }
  const std::map<std::string, Finding> found = contradictions(published, pricer, ours);

  std::vector<Answer> answers;
  for (const PublishedClaim& c : published.claims) {
    if (!selection.source.empty() && c.source != selection.source) continue;
    if (!selection.table.empty() && c.table != selection.table) continue;
    const Value& v = values[c.id];
    const double scale = unit_scale(c.value_unit);
    Answer a;
    a.claim = &c;
    if (!std::isnan(v.value)) {
      a.simulated = v.value / scale;
      a.low = a.simulated / v.factor;
      a.high = a.simulated * v.factor;
      const double nearest = std::clamp(a.simulated, c.low, c.high);
      if (nearest != 0) a.ratio = a.simulated / nearest;
    }
    judge(a, v, found, broken_bound(c, published, pricer));
    answers.push_back(std::move(a));
  }
  return answers;
}

std::vector<Rung> climb(const Published& published) {
  Pricer pricer(published);
  const auto each = [&](const std::string& name) {
    const Priced& p = pricer.price(name);
    return p.why_not.empty() ? p.seconds / p.items : results::unknown;
  };
  std::vector<Rung> rungs;
  double first = results::unknown, product = 1;
  for (const LadderStep& s : published.ladder) {
    const Configuration& c = published.configuration(s.alone);
    Rung r{.step = s.step, .chip = c.chip, .unit = c.unit, .note = pricer.price(s.alone).why_not};
    r.alone = each(s.base) / each(s.alone);
    if (rungs.empty()) first = each(s.alone);
    if (!s.together.empty()) {
      product *= r.alone;
      r.multiplied = product;
      r.together = first / each(s.together);
      const Priced& p = pricer.price(s.together);
      if (p.why_not.empty()) r.joules_each = p.joules / p.items;
    }
    rungs.push_back(std::move(r));
  }
  return rungs;
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
