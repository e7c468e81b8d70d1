// The published figures answered one by one: what this simulator gives for the same configuration,
// and a verdict with its reason.
#pragma once
#include <string>
#include <vector>

#include "results/comparison.h"
#include "sim/claims/published.h"
#include "sim/claims/verdicts.h"

namespace ane::sim {

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
