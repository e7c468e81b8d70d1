#include "sim/claims/claim_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "isa/error.h"
#include "workloads/request/kind.h"

namespace ane::sim {
namespace {

using workloads::Quantity;

// Two speeds of one model on one unit that no choice of software explains.
constexpr double same_thing = 10;
// Lengths that count as the same.
constexpr double same_length = 1.15;

bool agree(Range a, Range b) {
  return a.low <= b.high * (1 + rounding) && b.low <= a.high * (1 + rounding);
}

// What rounds to the figure as it is written.
Range written(const PublishedClaim& c) {
  const Range v = in_base_units(c);
  const double digit = c.digit * unit_scale(c.value_unit);
  return {v.low > 0 ? std::max(v.low - digit, 0.5 * v.low) : v.low, v.high + digit};
}

std::string plain(const PublishedClaim& c) {
  return c.low != c.high              ? fmt::format("{:.5g} to {:.5g}", c.low, c.high)
         : c.sense == Sense::at_least ? fmt::format("{:.5g} and more", c.low)
                                      : fmt::format("{:.5g}", c.low);
}
std::string figure(const PublishedClaim& c) {
  return fmt::format("{} {}", plain(c), c.value_unit);
}

double batch_of(const Configuration& c) {
  return static_cast<double>(workloads::parse_request(c.spec, c.name).batch);
}

// Seconds of one call as the claim states them, by its value v; nothing when it states something
// else.
std::optional<Range> seconds_of(const PublishedClaim& c, const Published& all, Range v) {
  if (c.of.size() != 1 || !all.configurations.contains(c.of[0])) return std::nullopt;
  if (c.quantity == "latency") return v;
  if (c.quantity == "throughput") {
    const double items = all.configuration(c.of[0]).items;
    return Range{items / v.high, items / v.low};
  }
  if (c.quantity == "latency_per_item") {
    const double n = batch_of(all.configuration(c.of[0]));
    return Range{v.low * n, v.high * n};
  }
  return std::nullopt;
}

std::optional<Range> published_seconds(const PublishedClaim& c, const Published& all) {
  return seconds_of(c, all, in_base_units(c));
}
std::optional<Range> written_seconds(const PublishedClaim& c, const Published& all) {
  return seconds_of(c, all, written(c));
}

// Seconds an item of a configuration by the claims about it, as little derived as there is.
const PublishedClaim* timed(const std::string& configuration, const Published& all) {
  const PublishedClaim* best = nullptr;
  for (const PublishedClaim& c : all.claims)
    if (c.of.size() == 1 && c.of[0] == configuration && published_seconds(c, all) &&
        (best == nullptr || (best->kind == "derived" && c.kind != "derived")))
      best = &c;
  return best;
}

class Search {
 public:
  Search(const Published& all, Pricer& pricer, const std::map<std::string, Simulated>& simulated)
      : all_(all), pricer_(pricer), simulated_(simulated) {}

  std::map<std::string, Finding> run() {
    own_arithmetic();
    same_configuration();
    speedups();
    memory();
    ratings();
    speeds();
    inherited();
    return std::move(found_);
  }

 private:
  void blame(const std::string& id, std::string reason, std::vector<std::string> others) {
    found_.try_emplace(id, Finding{std::move(reason), std::move(others)});
  }
  void refute(const std::string& id, std::string reason, std::vector<std::string> others) {
    found_.try_emplace(id, Finding{std::move(reason), std::move(others), true});
  }
  bool simulation_agrees(const PublishedClaim& c) const {
    const auto at = simulated_.find(c.id);
    return at != simulated_.end() && std::ranges::any_of(at->second.bands, [&](const Range& band) {
             return agree(band, in_base_units(c));
           });
  }
  // Both, except: one that is derived bears it alone, and one that agrees with the simulated value
  // is spared.
  void blame_pair(const PublishedClaim& a, const PublishedClaim& b, const std::string& how) {
    const bool spare_a = (simulation_agrees(a) && !simulation_agrees(b)) || (a.stands && !b.stands);
    const bool spare_b = (simulation_agrees(b) && !simulation_agrees(a)) || (b.stands && !a.stands);
    const bool derived_a = a.kind == "derived" && b.kind != "derived";
    const bool derived_b = b.kind == "derived" && a.kind != "derived";
    if (!spare_a && !derived_b)
      blame(a.id, fmt::format("{}: {} of {}", how, figure(b), b.id), {b.id});
    if (!spare_b && !derived_a)
      blame(b.id, fmt::format("{}: {} of {}", how, figure(a), a.id), {a.id});
  }

  Range figure_of(const std::string& name, const std::string& place) const {
    const PublishedClaim* c = all_.find(name);
    if (c == nullptr) throw InputError(place, fmt::format("no claim '{}' in its formula", name));
    return written(*c);
  }

  void own_arithmetic() {
    for (const PublishedClaim& c : all_.claims) {
      if (c.arithmetic.empty()) continue;
      const std::string place = "answers.csv: " + c.id;
      const Range v = evaluate(
          c.arithmetic, [&](const std::string& n) { return figure_of(n, place); }, place);
      if (agree(v, written(c))) continue;
      const double scale = unit_scale(c.value_unit);
      const std::vector<std::string> names = names_in(c.arithmetic);
      const Range exact = evaluate(
          c.arithmetic, [&](const std::string& n) { return in_base_units(*all_.find(n)); }, place);
      refute(c.id,
             fmt::format("{}, {}, {} {:.4g} {}, not {}",
                         names.empty() ? "other figures of its source" : "its own arithmetic",
                         c.arithmetic, names.empty() ? "give" : "gives",
                         0.5 * (exact.low + exact.high) / scale, c.value_unit, plain(c)),
             names);
    }
  }

  // What a claim says of its one configuration, in a quantity that compares: seconds of a call,
  // bytes, watts.
  struct Said {
    const PublishedClaim* claim;
    std::string what;  // the work, and the quantity
    Range value;
  };
  void same_configuration() {
    std::vector<Said> said;
    for (const PublishedClaim& c : all_.claims) {
      if (c.of.size() != 1 || !all_.configurations.contains(c.of[0])) continue;
      const auto t = written_seconds(c, all_);
      if (!t && c.quantity != "memory" && c.quantity != "power") continue;
      said.push_back({&c, work_of(c.of[0]) + "|" + (t ? "time" : c.quantity), t ? *t : written(c)});
    }
    for (std::size_t i = 0; i < said.size(); ++i)
      for (std::size_t j = i + 1; j < said.size(); ++j) {
        const Said &a = said[i], &b = said[j];
        if (a.what != b.what || agree(a.value, b.value)) continue;
        blame_pair(*a.claim, *b.claim,
                   a.what.ends_with("|time") ? "items, time and throughput of one run do not fit "
                                               "together"
                                             : "the same work is said to take something else");
      }
  }

  void speedups() {
    for (const PublishedClaim& c : all_.claims) {
      if (c.quantity != "speedup" || c.of.size() != c.against.size() || c.of.empty()) continue;
      Range mean{};
      std::vector<std::string> others;
      std::string member;  // the one of its table whose own ratio the figure is
      for (std::size_t i = 0; i < c.of.size(); ++i) {
        const PublishedClaim *of = timed(c.of[i], all_), *against = timed(c.against[i], all_);
        if (of == nullptr || against == nullptr) break;
        const Range t = *written_seconds(*of, all_), base = *written_seconds(*against, all_);
        const double items = all_.configuration(c.of[i]).items,
                     base_items = all_.configuration(c.against[i]).items;
        const auto n = static_cast<double>(c.of.size());
        const Range own{base.low / base_items / (t.high / items),
                        base.high / base_items / (t.low / items)};
        if (c.of.size() > 1 && agree(own, written(c)))
          member = fmt::format("; {} alone gives {:.4g} x", of->id, 0.5 * (own.low + own.high));
        mean.low += own.low / n;
        mean.high += own.high / n;
        others.insert(others.end(), {of->id, against->id});
      }
      if (others.size() != 2 * c.of.size() || agree(mean, written(c))) continue;
      refute(c.id,
             fmt::format("{} {:.4g} x, not {:.4g}: from {}{}",
                         c.of.size() > 1 ? "the mean of its own table is"
                                         : "the times that it compares give",
                         0.5 * (mean.low + mean.high), c.low, fmt::join(others, ", "), member),
             others);
    }
  }

  void memory() {
    for (const PublishedClaim& a : all_.claims)
      for (const PublishedClaim& b : all_.claims) {
        if (a.quantity != "memory" || b.quantity != "memory" ||
            family_of(a.of[0]) != family_of(b.of[0]))
          continue;
        const double la = all_.configuration(a.of[0]).items, lb = all_.configuration(b.of[0]).items;
        if (la >= lb || b.low * (1 + rounding) >= a.high) continue;
        const std::string how = fmt::format(
            "{:.0f} residues cannot need less memory than {:.0f} ({:.4g} against {:.4g} {})", lb,
            la, b.low, a.high, a.value_unit);
        blame(b.id, how + ": " + a.id, {a.id});
        blame(a.id, how + ": " + b.id, {b.id});
      }
  }

  void ratings() {
    for (std::size_t i = 0; i < all_.claims.size(); ++i)
      for (std::size_t j = i + 1; j < all_.claims.size(); ++j) {
        const PublishedClaim &a = all_.claims[i], &b = all_.claims[j];
        if (a.quantity != "ane_peak" || b.quantity != "ane_peak" ||
            agree(in_base_units(a), in_base_units(b)))
          continue;
        const AneParameters &x = pricer_.chip(a.of[0]).ane(), &y = pricer_.chip(b.of[0]).ane();
        if (x.cores == y.cores && x.peak_fp16() == y.peak_fp16() && x.peak_int8() == y.peak_int8())
          blame_pair(a, b, fmt::format("{} and {} have the same accelerator", a.of[0], b.of[0]));
      }
  }

  // What a configuration is, whatever it is called.
  std::string work_of(const std::string& name) const {
    const Configuration& c = all_.configuration(name);
    return fmt::format("{}|{}|{}|{}|{}", c.chip, c.unit, c.runtime, c.precision,
                       workloads::to_text(workloads::parse_request(c.spec, c.name)));
  }
  // The same of any length.
  std::string family_of(const std::string& name) const {
    const Configuration& c = all_.configuration(name);
    workloads::Request r = workloads::parse_request(c.spec, c.name);
    if (r.kind->name == "mpnn") r = workloads::with(r, "residues", "1");
    return fmt::format("{}|{}|{}|{}|{}", c.chip, c.unit, c.runtime, c.precision,
                       workloads::to_text(r));
  }
  // The network and the unit that runs it, in any length and numbers.
  std::string model_of(const Configuration& c) const {
    workloads::Request r = workloads::parse_request(c.spec, c.name);
    if (r.kind->name == "readqc" || r.kind->name == "rule") return c.name;
    r.formats = {};
    if (r.kind->name == "mpnn") r = workloads::with(r, "residues", "1");
    return fmt::format("{}|{}|{}", whole_chip(c.chip), c.unit, workloads::to_text(r));
  }

  void speeds() {
    struct Speed {
      const PublishedClaim* claim;
      std::string model;
      double items, each;
    };
    std::vector<Speed> all;
    for (const PublishedClaim& c : all_.claims)
      if (const auto t = published_seconds(c, all_); t && t->low > 0) {
        const Configuration& of = all_.configuration(c.of[0]);
        all.push_back({&c, model_of(of), of.items, std::sqrt(t->low * t->high) / of.items});
      }
    // The widest contradiction of each is the one that it is told.
    std::vector<std::tuple<double, const PublishedClaim*, const PublishedClaim*>> pairs;
    for (const Speed& a : all)
      for (const Speed& b : all) {
        if (a.claim >= b.claim || a.claim->of == b.claim->of || a.model != b.model) continue;
        // Of two that stand for nothing neither says anything of the other.
        if (!a.claim->stands && !b.claim->stands) continue;
        if (std::max(a.items, b.items) > same_length * std::min(a.items, b.items)) continue;
        const double apart = std::max(a.each, b.each) / std::min(a.each, b.each);
        if (apart > same_thing) pairs.emplace_back(-apart, a.claim, b.claim);
      }
    std::ranges::sort(pairs, {}, [](const auto& p) { return std::get<0>(p); });
    for (const auto& [apart, a, b] : pairs)
      blame_pair(*a, *b,
                 fmt::format("one model on one unit has two speeds, a factor of {:.0f} "
                             "apart",
                             -apart));
  }

  // A figure made of one that is wrong is wrong.
  void inherited() {
    for (bool more = true; more;) {
      more = false;
      for (const PublishedClaim& c : all_.claims) {
        if (c.arithmetic.empty() || found_.contains(c.id)) continue;
        for (const std::string& name : names_in(c.arithmetic))
          if (found_.contains(name)) {
            blame(c.id, fmt::format("it is {}, and {} is inconsistent", c.arithmetic, name),
                  {name});
            more = true;
            break;
          }
      }
    }
  }

  const Published& all_;
  Pricer& pricer_;
  const std::map<std::string, Simulated>& simulated_;
  std::map<std::string, Finding> found_;
};

}  // namespace

Range in_base_units(const PublishedClaim& c) {
  const double scale = unit_scale(c.value_unit);
  return {c.low * scale,
          c.sense == Sense::at_least ? std::numeric_limits<double>::infinity() : c.high * scale};
}

std::optional<Finding> broken_bound(const PublishedClaim& c, const Published& all, Pricer& pricer) {
  // A bound of other conditions than the source's would prove nothing.
  if (!c.missing.empty() && c.choices.size() == 1) return std::nullopt;
  if (c.quantity == "parameters_fit") {
    const Parameter& capacity = pricer.chip(c.of.at(0)).parameter("memory.capacity");
    const double bytes = workloads::bytes_of(c.of.at(1)), need = in_base_units(c).low * bytes;
    if (need <= capacity.value) return std::nullopt;
    return Finding{fmt::format("{} parameters at {:g} bits are {:.4g} GB, more than the {:.4g} GB "
                               "of the largest {} sold",
                               figure(c), 8 * bytes, need / 1e9, capacity.value / 1e9, c.of[0]),
                   {}};
  }
  if (c.of.size() != 1 || !all.configurations.contains(c.of[0])) return std::nullopt;
  const Priced& p = pricer.price(c.of[0]);
  const Range v = in_base_units(c);
  const std::string& on = all.configuration(c.of[0]).chip;
  if (const Parameter& capacity = pricer.chip(on).parameter("memory.capacity");
      p.weight_bytes > capacity.value)
    return Finding{fmt::format("{:.3g} GB of weights do not fit in the {:.3g} GB of the largest {} "
                               "sold",
                               p.weight_bytes / 1e9, capacity.value / 1e9, on),
                   {}};
  if (const auto t = published_seconds(c, all)) {
    // A range from 0 is open below.
    const double least = t->low > 0 ? t->low : t->high, floor = p.floor_seconds;
    if (least >= floor * (1 - rounding)) return std::nullopt;
    const bool whole = t->high < floor * (1 - rounding);
    return Finding{
        fmt::format("{}{:.4g} ms is below the least possible {:.4g} ms: {}",
                    whole ? "" : "its faster end of ", least * 1e3, floor * 1e3, p.floor),
        {}};
  }
  if (c.quantity == "speedup" || c.quantity == "energy_efficiency") {
    if (c.against.size() != 1) return std::nullopt;
    const Priced& base = pricer.price(c.against[0]);
    const bool time = c.quantity == "speedup";
    const double floor = (time ? p.floor_seconds : p.floor_joules) / p.items;
    const double other =
        (time ? base.seconds : base.joules) *
        pricer.factor(c.against[0], {}, time ? Quantity::latency : Quantity::energy) / base.items;
    if (!base.why_not.empty() || floor <= 0 || other <= 0) return std::nullopt;
    const double best = other / floor;
    if (v.low <= best * (1 + rounding)) return std::nullopt;
    return Finding{
        fmt::format("no more than {:.3g} x is possible even {} ({}), against at most {:.3g} {} an "
                    "item on {}'s {}, band included",
                    best, time ? "at the unit's bounds" : "with energy for its operations alone",
                    p.floor, 1e9 * other, time ? "ns" : "nJ", all.configuration(c.against[0]).chip,
                    all.configuration(c.against[0]).unit),
        {}};
  }
  if (c.quantity == "power" && p.floor_joules > 0) {
    const PublishedClaim* speed = timed(c.of[0], all);
    if (speed == nullptr) return std::nullopt;
    const double joules = v.high * published_seconds(*speed, all)->high;
    if (joules >= p.floor_joules) return std::nullopt;
    return Finding{fmt::format("{:.3g} W for the time of {} is {:.3g} J, below the {:.3g} J of "
                               "its operations alone",
                               v.high, speed->id, joules, p.floor_joules),
                   {speed->id}};
  }
  return std::nullopt;
}

std::map<std::string, Finding> contradictions(const Published& all, Pricer& pricer,
                                              const std::map<std::string, Simulated>& simulated) {
  return Search(all, pricer, simulated).run();
}

}  // namespace ane::sim
