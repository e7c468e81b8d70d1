// The published figures answered one by one: what this simulator gives for the same configuration,
// and a verdict with its reason.
#pragma once
#include <string>
#include <vector>

#include "results/comparison.h"
#include "sim/claims/formula.h"
#include "sim/claims/published.h"

namespace ane::sim {

// In the order of precedence: what physics forbids comes before what contradicts itself, before
// figures without conditions, before those that are no measurement.
enum class Verdict { impossible, inconsistent, not_comparable, not_measured, reproduced, off };
inline constexpr Verdict verdicts[] = {Verdict::reproduced,   Verdict::off,
                                       Verdict::impossible,   Verdict::inconsistent,
                                       Verdict::not_measured, Verdict::not_comparable};
std::string_view name(Verdict verdict);  // "not measured"

// What a value is held against: the published range, but of "up to 10 x" (from 1 x, from no gain at
// all) its far end.
Range judged(const PublishedClaim& claim);

struct Answer {
  const PublishedClaim* claim = nullptr;
  Verdict verdict = Verdict::not_comparable;
  // In the claim's own unit; NaN when nothing is simulated.
  double simulated = results::unknown, low = results::unknown, high = results::unknown;
  double ratio = results::unknown;  // simulated over the nearest published value
  std::string reason;               // one sentence
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
