#include "sim/claims/verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace ane::sim {
namespace {

// A band wider than this decides nothing.
constexpr double wide_band = 3;

std::string figure(double v, const std::string& unit) {
  return fmt::format("{:.4g} {}", v, unit);
}

std::string how_far(double ratio) {
  if (ratio <= 0) return "the opposite of what is published";
  return ratio >= 1 ? fmt::format("{:.3g} times as much as published", ratio)
                    : fmt::format("{:.3g} times less than published", 1 / ratio);
}

void miss(Judgement& j, const PublishedClaim& c, const Value& v) {
  j.reason = fmt::format("{}{}; {}", how_far(j.ratio),
                         c.sense == Sense::up_to
                             ? fmt::format(", which says up to {}", figure(c.high, c.value_unit))
                             : "",
                         v.from);
  if (!v.bound.empty()) j.reason += fmt::format(", where {}", v.bound);
  if (!v.lever.empty())
    j.reason += fmt::format("; to agree, {} would be {:.4g}{}{}", v.lever, v.lever_value / j.ratio,
                            v.lever_unit.empty() ? "" : " ", v.lever_unit);
}

void meet(Judgement& j, const PublishedClaim& c, const Value& v, Pricer& pricer) {
  j.verdict = Verdict::reproduced;
  if (v.basis == Basis::input) {
    j.verdict = Verdict::stated;
    j.judge = Judge::input;
    j.reason += ", inputs of this program, made of such figures or assumed";
    return;
  }
  if (v.basis == Basis::model && j.high > wide_band * j.low) {
    j.verdict = Verdict::undecided;
    j.reason += fmt::format("; the band is a factor of {:.2g} wide, from {}, and decides nothing",
                            j.high / j.low, v.band_from);
    return;
  }
  // One end of a range is met, the other is not. "200 and more" has one end alone.
  const Range range = judged(c);
  if (range.high > range.low && range.low > 0 && std::isfinite(range.high) &&
      (j.high < range.high || j.low > range.low)) {
    const bool low_end = j.high < range.high;
    j.reason += fmt::format("; only its {} end: {} is {:.3g} times {}", low_end ? "lower" : "upper",
                            figure(low_end ? range.high : range.low, c.value_unit),
                            low_end ? range.high / j.simulated : j.simulated / range.low,
                            low_end ? "simulated" : "less than simulated");
  }
  if (!v.band_from.empty()) j.reason += fmt::format("; band from {}", v.band_from);
  if (v.basis == Basis::model && c.of.size() == 1 && c.against.empty() &&
      claim_quantity(c.quantity, c.id).about == About::runs)
    if (const int rows = pricer.calibrated_beside(c.of[0]); rows > 0)
      j.reason += fmt::format(
          "; {} rows of this network, chip and runtime in other lengths were fitted to", rows);
}

constexpr std::string_view depends = "it depends on what is run.";

// "off, 0.3 x", "impossible: ...".
std::string brief(const Judgement& j, const std::string& unit) {
  if (j.verdict == Verdict::impossible) return fmt::format("impossible: {}", j.reason);
  if (std::isnan(j.simulated)) return fmt::format("no value: {}", j.reason);
  return fmt::format("{}, {}", name(j.verdict), figure(j.simulated, unit));
}
std::string listed(const std::vector<Judgement>& all, std::size_t from, const std::string& unit) {
  std::string text;
  for (std::size_t i = from; i < all.size(); ++i)
    text += fmt::format("{}{}: {}", i == from ? "" : "; ", all[i].choice, brief(all[i], unit));
  return text;
}

bool has_verdict(const Judgement& j) {
  return !std::isnan(j.simulated) || j.verdict == Verdict::impossible;
}
bool missed(const Judgement& j) {
  return j.verdict == Verdict::off || j.verdict == Verdict::impossible;
}

// Who judges them together: the model where a value of it is among them.
Judge judge_of(const std::vector<Judgement>& all) {
  const auto by = [&](Judge judge) {
    return std::ranges::any_of(
        all, [&](const Judgement& j) { return has_verdict(j) && j.judge == judge; });
  };
  for (const Judge judge : {Judge::model, Judge::arithmetic, Judge::bound})
    if (by(judge)) return judge;
  return all[0].judge;
}

// A product that is met although a factor of it is not: the errors cancel, and prove nothing.
std::optional<std::string> by_chance(const PublishedClaim& c, const std::string& unit,
                                     const std::map<std::string, Judgement>& own) {
  if (c.arithmetic.find('*') == std::string::npos ||
      c.arithmetic.find_first_of("/+-(") != std::string::npos)
    return std::nullopt;
  std::string text;
  for (const std::string& factor : names_in(c.arithmetic)) {
    const Judgement& j = own.at(factor);
    if (j.verdict == Verdict::off)
      text += fmt::format("{}{} is {:.3g} {} here", text.empty() ? "" : ", ", factor, j.simulated,
                          unit);
  }
  if (text.empty()) return std::nullopt;
  return fmt::format("the product is met by chance, its factors are not: {}", text);
}

// One of the figures that this one is made of that is no measurement of what it names.
const PublishedClaim* not_standing(const PublishedClaim& c, const Published& all) {
  if (!c.arithmetic.empty())
    for (const std::string& name : names_in(c.arithmetic))
      if (const PublishedClaim* of = all.find(name); of != nullptr && !of->stands) return of;
  return nullptr;
}

}  // namespace

Judgement judge(const PublishedClaim& c, const Choice& choice, const Value& v,
                const std::optional<Finding>& broken, Pricer& pricer) {
  Judgement j;
  j.choice = choice.text();
  const bool known = !std::isnan(v.value);
  if (known) {
    j.simulated = v.shown() / unit_scale(c.value_unit);
    j.low = v.low() / unit_scale(c.value_unit);
    j.high = v.high() / unit_scale(c.value_unit);
    const Range published = judged(c);
    const double nearest = std::clamp(j.simulated, published.low, published.high);
    if (nearest != 0) j.ratio = j.simulated / nearest;
  }
  if (broken) {
    j.verdict = Verdict::impossible;
    j.judge = Judge::bound;
    j.reason = broken->reason;
    return j;
  }
  if (!known) {
    j.reason = v.why_not;
    return j;
  }
  j.judge = v.basis == Basis::model ? Judge::model : Judge::arithmetic;
  j.reason = v.from;
  const Range published = judged(c);
  if (j.low > published.high || published.low > j.high) {
    j.verdict = Verdict::off;
    miss(j, c, v);
    return j;
  }
  meet(j, c, v, pricer);
  return j;
}

Judgement together(const std::vector<Judgement>& all, const std::string& unit) {
  Judgement one = all[0];
  if (all.size() == 1) return one;
  bool agreed = true, all_missed = true;
  for (const Judgement& j : all) {
    if (!has_verdict(j)) continue;
    const bool same_side =
        std::isnan(j.ratio) || std::isnan(one.ratio) || (j.ratio > 1) == (one.ratio > 1);
    agreed = agreed && j.verdict == one.verdict && (!missed(j) || same_side);
    all_missed = all_missed && missed(j) && same_side;
    if (std::isnan(j.simulated)) continue;
    one.low = std::fmin(one.low, j.low);
    one.high = std::fmax(one.high, j.high);
  }
  if (agreed) {
    one.reason += fmt::format("; {}", listed(all, 1, unit));
    return one;
  }
  one.verdict = all_missed ? Verdict::off : Verdict::undecided;
  one.judge = judge_of(all);
  one.reason =
      fmt::format("{} {}", all_missed ? "missed whatever is run." : depends, listed(all, 0, unit));
  return one;
}

Answer settle(const PublishedClaim& c, const Published& all, std::vector<Judgement> choices,
              const std::map<std::string, Judgement>& own_of,
              const std::map<std::string, Finding>& found) {
  Judgement own = own_of.at(c.id);
  const auto met = [](const Judgement& j) { return j.verdict == Verdict::reproduced; };
  if (std::ranges::any_of(choices, met))
    if (const auto chance = by_chance(c, c.value_unit, own_of)) {
      own.verdict = Verdict::off;
      own.judge = Judge::model;
      own.reason = fmt::format("{}; {}", *chance,
                               choices.size() > 1 ? listed(choices, 0, c.value_unit) : own.reason);
    }
  Answer a{.claim = &c,
           .verdict = own.verdict,
           .judge = own.judge,
           .own = {},
           .simulated = own.simulated,
           .low = own.low,
           .high = own.high,
           .ratio = own.ratio,
           .choices = std::move(choices),
           .reason = own.reason};
  const bool known = has_verdict(own);
  const auto judged_by = [&](Verdict v, Judge by, std::string reason) {
    if (known) {
      a.own = own.verdict;
      reason += fmt::format("; here {}", own.reason.starts_with(depends) ? own.reason
                                         : a.choices.size() > 1 ? listed(a.choices, 0, c.value_unit)
                                                                : brief(own, c.value_unit));
    } else if (!own.reason.empty()) {
      reason += fmt::format("; not simulated: {}", own.reason);
    }
    a.verdict = v;
    a.judge = by;
    a.reason = std::move(reason);
  };
  if (own.verdict == Verdict::impossible) return a;
  if (const auto at = found.find(c.id); at != found.end()) {
    std::string reason = at->second.reason;
    if (!c.stands) reason += fmt::format("; no measurement: {}", c.provenance);
    judged_by(Verdict::inconsistent, at->second.by_arithmetic ? Judge::arithmetic : Judge::figure,
              std::move(reason));
  } else if (!c.stands) {
    judged_by(Verdict::not_measured, Judge::provenance,
              fmt::format("{}{}{}", c.standing.empty() ? "" : c.standing + ": ", c.provenance,
                          c.cited.empty() ? "" : fmt::format(" ({})", c.cited)));
  } else if (const auto made_of = not_standing(c, all); made_of && !known) {
    judged_by(Verdict::not_measured, Judge::provenance,
              fmt::format("it is {}, and {} is no measurement: {}", c.arithmetic, made_of->id,
                          made_of->provenance));
  } else if (!c.missing.empty()) {
    // That a condition changes nothing only its ends can show.
    const bool decided =
        c.open && own.verdict != Verdict::undecided && own.verdict != Verdict::not_comparable;
    if (decided)
      a.reason = fmt::format("{}, which changes nothing: {}", c.missing,
                             listed(a.choices, 0, c.value_unit));
    else
      judged_by(Verdict::not_comparable, Judge::conditions, c.missing);
  }
  return a;
}

Range judged(const PublishedClaim& c) {
  return {c.sense == Sense::up_to ? c.high : c.low,
          c.sense == Sense::at_least ? std::numeric_limits<double>::infinity() : c.high};
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
    case Verdict::stated:
      return "stated";
    case Verdict::undecided:
      return "undecided";
    case Verdict::reproduced:
      return "reproduced";
    case Verdict::off:
      return "off";
  }
  return "";
}

std::string_view name(Judge j) {
  switch (j) {
    case Judge::model:
      return "this model";
    case Judge::bound:
      return "a bound";
    case Judge::arithmetic:
      return "arithmetic";
    case Judge::figure:
      return "another figure";
    case Judge::input:
      return "an input of this program";
    case Judge::provenance:
      return "provenance";
    case Judge::conditions:
      return "conditions left out";
  }
  return "";
}

std::string_view name_in_files(Judge j) {
  switch (j) {
    case Judge::model:
      return "model";
    case Judge::bound:
      return "bound";
    case Judge::figure:
      return "figure";
    case Judge::input:
      return "input";
    case Judge::conditions:
      return "conditions";
    default:
      return name(j);
  }
}

}  // namespace ane::sim
