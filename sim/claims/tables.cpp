#include "sim/claims/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "isa/error.h"
#include "isa/status.h"
#include "workloads/request/kinds/mpnn.h"

namespace ane::sim {
namespace {

using workloads::Form;

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
        for (const std::string& base : option.choice.against)
          add({base}, simulation_.form_of_base(option.choice.of[0], base, option.form));
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
      out.push_back(sim::judge(c, choice, simulation_.value(c, choice, form),
                               broken_bound(asked, all_, pricer_), pricer_));
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
    const auto call = [](Option& option, const std::string& label) {
      option.choice.label = label;
      for (Choice& end : option.choice.ends) end.label = label;
    };
    all.push_back({c.choices[0], Form::framework});
    call(all.back(), "with the layers as its framework writes them");
    if (all[0].choice.label.empty()) call(all[0], "as a graph for the accelerator");
    return all;
  }

  const Published& all_;
  Pricer& pricer_;
  Simulation simulation_;
};

}  // namespace

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
