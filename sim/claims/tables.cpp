#include "sim/claims/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "isa/error.h"
#include "isa/status.h"
#include "sim/claims/claim_rules.h"
#include "sim/claims/simulated.h"
#include "workloads/request/kinds/mpnn.h"

namespace ane::sim {
namespace {

using workloads::Form;

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

// What a figure may be about, and in which form that runs.
struct Option {
  Choice choice;
  std::optional<Form> form{};
};

class Judgements {
 public:
  Judgements(const Published& all, Pricer& pricer)
      : all_(all), pricer_(pricer), simulation_(all, pricer) {}

  // What the values of these claims, and both forms of those that are shown, will be made of.
  void warm(const std::vector<PublishedClaim>& claims, const Selection& shown) {
    std::set<Pricer::Asked> prices;
    std::set<std::string> trainings;
    const auto add = [&](const std::vector<std::string>& names, std::optional<Form> form) {
      for (const std::string& name : names) prices.insert({name, form});
    };
    for (const PublishedClaim& c : claims) {
      if (about(c) == About::training)
        for (const Choice& choice : c.choices) trainings.insert(choice.of.begin(), choice.of.end());
      if (about(c) == About::training || about(c) == About::chips) continue;
      for (const Option& option : options(c)) {
        add(option.choice.of, option.form);
        add(option.choice.against, {});
        for (const Choice& end : option.choice.ends) add(end.of, option.form);
      }
      if (shown.holds(c) && forms_shown(c))
        for (const Form form : {Form::framework, Form::accelerator}) add(c.of, form);
    }
    // The long first, so that none is left for the end.
    std::vector<Pricer::Asked> order(prices.begin(), prices.end());
    std::ranges::stable_sort(order, std::greater{}, [&](const Pricer::Asked& a) {
      const Configuration& of = all_.configuration(a.configuration);
      return of.unit == "ane" ? of.items : 0;
    });
    pricer_.warm(order, {trainings.begin(), trainings.end()});
  }

  // One of each choice, the row's own first; where keys of its work are open, behind it the two
  // of their ends that give least and most.
  std::vector<Judgement> of(const PublishedClaim& c) {
    std::vector<Judgement> out;
    const auto add = [&](const Choice& choice, std::optional<Form> form) {
      PublishedClaim asked = c;
      asked.of = choice.of;
      asked.against = choice.against;
      out.push_back(
          judge(c, choice, simulation_.value(c, choice, form), broken_bound(asked, all_, pricer_)));
    };
    for (const Option& option : options(c)) {
      add(option.choice, option.form);
      const Choice *least = nullptr, *most = nullptr;
      double low = 0, high = 0;
      for (const Choice& end : option.choice.ends) {
        const double v = simulation_.bare(c, end, option.form);
        if (std::isnan(v)) add(end, option.form);  // who cannot say what it gives proves nothing
        if (std::isnan(v)) continue;
        if (least == nullptr || v < low) least = &end, low = v;
        if (most == nullptr || v > high) most = &end, high = v;
      }
      if (least != nullptr) add(*least, option.form);
      if (most != least) add(*most, option.form);
    }
    return out;
  }

  // In the claim's unit.
  double in_form(const PublishedClaim& c, Form form) {
    if (!forms_shown(c)) return results::unknown;
    return simulation_.bare(c, c.choices[0], form) / unit_scale(c.value_unit);
  }

 private:
  static About about(const PublishedClaim& c) { return claim_quantity(c.quantity, c.id).about; }
  // Counts and answers are the same in both.
  static bool runs_in_forms(const PublishedClaim& c) {
    return !c.of.empty() && about(c) == About::runs;
  }
  bool forms_shown(const PublishedClaim& c) const {
    return runs_in_forms(c) &&
           std::ranges::all_of(c.of, [&](const std::string& n) { return has_forms(n); });
  }
  bool has_forms(const std::string& name) const {
    const auto at = all_.configurations.find(name);
    if (at == all_.configurations.end()) return false;
    const workloads::Request r = workloads::parse_request(at->second.spec, name);
    return r.kind->name == "mpnn" && !r.conditions.form &&
           workloads::work_as<workloads::MpnnWork>(r).phase != workloads::MpnnPhase::attention;
  }

  // Core ML converts what the framework wrote; who writes for the accelerator gets another graph of
  // the same network. A source that says neither leaves the choice.
  std::vector<Option> options(const PublishedClaim& c) const {
    std::vector<Option> all;
    for (const Choice& choice : c.choices) all.push_back({choice});
    const auto on_ane = [&](const std::string& name) {
      return has_forms(name) && all_.configuration(name).unit == "ane";
    };
    if (!runs_in_forms(c) || !std::ranges::all_of(c.of, on_ane)) return all;
    if (all[0].choice.label.empty()) all[0].choice.label = "as a graph for the accelerator";
    Option written{c.choices[0], Form::framework};
    const std::string as_written = "with the layers as its framework writes them";
    for (Choice& end : written.choice.ends) end.label = as_written;
    written.choice.label = as_written;
    all.push_back(std::move(written));
    return all;
  }

  Judgement judge(const PublishedClaim& c, const Choice& choice, const Value& v,
                  const std::optional<Finding>& broken) const {
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
    meet(j, c, v);
    return j;
  }

  static void miss(Judgement& j, const PublishedClaim& c, const Value& v) {
    j.reason = fmt::format("{}{}; {}", how_far(j.ratio),
                           c.sense == Sense::up_to
                               ? fmt::format(", which says up to {}", figure(c.high, c.value_unit))
                               : "",
                           v.from);
    if (!v.bound.empty()) j.reason += fmt::format(", where {}", v.bound);
    if (!v.lever.empty())
      j.reason +=
          fmt::format("; to agree, {} would be {:.4g}{}{}", v.lever, v.lever_value / j.ratio,
                      v.lever_unit.empty() ? "" : " ", v.lever_unit);
  }

  void meet(Judgement& j, const PublishedClaim& c, const Value& v) const {
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
      j.reason +=
          fmt::format("; only its {} end: {} is {:.3g} times {}", low_end ? "lower" : "upper",
                      figure(low_end ? range.high : range.low, c.value_unit),
                      low_end ? range.high / j.simulated : j.simulated / range.low,
                      low_end ? "simulated" : "less than simulated");
    }
    if (!v.band_from.empty()) j.reason += fmt::format("; band from {}", v.band_from);
    if (v.basis == Basis::model && c.of.size() == 1 && all_.configurations.contains(c.of[0]) &&
        c.against.empty())
      if (const int rows = pricer_.calibrated_beside(c.of[0]); rows > 0)
        j.reason += fmt::format(
            "; {} rows of this network, chip and runtime in other lengths were fitted to", rows);
  }

  const Published& all_;
  Pricer& pricer_;
  Simulation simulation_;
};

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

// What this program says under all choices: theirs where they agree. Off above and off below are
// two verdicts: what lies between them may be right.
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

}  // namespace

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
  Judgements judgements(published, pricer);
  judgements.warm(published.claims, selection);
  std::map<std::string, std::vector<Judgement>> choices;
  std::map<std::string, Judgement> own;
  std::map<std::string, Simulated> simulated;
  Progress progress("claims", std::ssize(published.claims));
  for (const PublishedClaim& c : published.claims) {
    progress.step();
    std::vector<Judgement> all = judgements.of(c);
    const double scale = unit_scale(c.value_unit);
    for (const Judgement& j : all)
      if (!std::isnan(j.simulated))
        simulated[c.id].bands.push_back({j.low * scale, j.high * scale});
    own[c.id] = together(all, c.value_unit);
    choices[c.id] = std::move(all);
  }
  const std::map<std::string, Finding> found = contradictions(published, pricer, simulated);

  std::vector<Answer> answers;
  const auto add_forms = [&](Answer& a) {
    a.as_written = judgements.in_form(*a.claim, Form::framework);
    a.as_graph = judgements.in_form(*a.claim, Form::accelerator);
  };
  for (const PublishedClaim& c : published.claims) {
    if (!selection.holds(c)) continue;
    answers.push_back(settle(c, published, std::move(choices[c.id]), own, found));
    add_forms(answers.back());
  }
  if (context != nullptr)
    for (const PublishedClaim& c : published.context)
      if (selection.holds(c)) {
        const Judgement j = judgements.of(c)[0];
        context->push_back({.claim = &c,
                            .own = {},
                            .simulated = j.simulated,
                            .low = j.low,
                            .high = j.high,
                            .ratio = j.ratio,
                            .choices = {},
                            .reason = {}});
        add_forms(context->back());
      }
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
                   .reason = a.reason,
                   .judge = std::string(name_in_files(a.judge))});
  return out;
}

}  // namespace ane::sim
