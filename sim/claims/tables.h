// The published figures answered one by one: what this simulator gives for the same configuration,
// and a verdict with its reason.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "results/comparison.h"
#include "sim/claims/formula.h"
#include "sim/claims/published.h"

namespace ane::sim {

// In the order of precedence: what physics forbids comes before what contradicts itself, before
// those that are no measurement, before figures without conditions. `stated` restates an input of
// this program, `undecided` depends on what the source leaves open, or is met by a band so wide
// that it decides nothing.
enum class Verdict {
  impossible,
  inconsistent,
  not_measured,
  not_comparable,
  stated,
  undecided,
  reproduced,
  off
};
inline constexpr Verdict verdicts[] = {
    Verdict::reproduced, Verdict::off,          Verdict::undecided,    Verdict::impossible,
    Verdict::stated,     Verdict::inconsistent, Verdict::not_measured, Verdict::not_comparable};
std::string_view name(Verdict verdict);  // "not measured"

// Who judged: the performance model's time, energy or memory; a bound of physics; counting and the
// figure's own arithmetic; another published figure; an input of this program, which tests nothing;
// the figure's provenance; conditions that its source leaves out.
enum class Judge { model, bound, arithmetic, figure, input, provenance, conditions };
inline constexpr Judge judges[] = {Judge::model,     Judge::bound, Judge::arithmetic,
                                   Judge::figure,    Judge::input, Judge::provenance,
                                   Judge::conditions};
std::string_view name(Judge judge);           // "another figure"
std::string_view name_in_files(Judge judge);  // "figure"

// What a value is held against: the published range, but of "up to 10 x" its far end, and of "200
// and more" all above.
Range judged(const PublishedClaim& claim);

// What this program alone says of a figure, under one choice of what it is about.
struct Judgement {
  std::string choice;  // empty where there is none
  Verdict verdict = Verdict::not_comparable;
  Judge judge = Judge::conditions;
  // In the claim's own unit; NaN when nothing is simulated.
  double simulated = results::unknown, low = results::unknown, high = results::unknown;
  double ratio = results::unknown;  // simulated over the nearest published value
  std::string reason;               // one sentence
};

struct Answer {
  const PublishedClaim* claim = nullptr;
  Verdict verdict = Verdict::not_comparable;
  Judge judge = Judge::conditions;
  // What this program says beside another's judgement; nothing where it judged, or has no value.
  std::optional<Verdict> own;
  // Of the first choice, the band over all of them.
  double simulated = results::unknown, low = results::unknown, high = results::unknown;
  double ratio = results::unknown;
  std::vector<Judgement> choices;  // each that its source leaves open, the row's own first
  // ProteinMPNN alone: with the layers as a framework writes them and as the accelerator's graph,
  // on the unit that the figure is about.
  double as_written = results::unknown, as_graph = results::unknown;
  std::string reason;  // one sentence
};

// All claims, or those of one source or table. The rules look at all claims in any case.
// InputError, with the choices, for a source or table that is not there.
struct Selection {
  std::string source, table;  // empty: all
  bool holds(const PublishedClaim& c) const {
    return (source.empty() || c.source == source) && (table.empty() || c.table == table);
  }
};
// `context`: takes our values for the cells of context.csv, whose verdicts mean nothing.
std::vector<Answer> answer_claims(const Published& published, const Selection& selection = {},
                                  std::vector<Answer>* context = nullptr);

// An ablation of the optimisations: what each gives an item alone, over its base; what all up to it
// would give together if their gains multiplied; and what they give when they are combined.
struct Step {
  std::string step, chip, unit, note;
  double alone = results::unknown;        // x over the base
  double multiplied = results::unknown;   // x over the first step: the product of the gains alone
  double together = results::unknown;     // x over the first step: priced as one
  double joules_each = results::unknown;  // of the combination, an item
};
std::vector<Step> ablation(const Published& published);

// As the store keeps them.
std::vector<results::Claim> as_claims(const std::vector<Answer>& answers);

}  // namespace ane::sim
