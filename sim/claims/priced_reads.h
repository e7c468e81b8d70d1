// Read-QC configurations of the published figures: kind=readqc (a model) and kind=rule (the plain
// rule on one core).
#pragma once
#include <optional>
#include <string>

#include "sim/claims/priced.h"
#include "sim/price/target.h"

namespace ane::sim {

struct ReadsSpec {
  bool rule = false;
  std::string name;                // of the model or the rule
  std::int64_t batch = 1;          // reads of a call
  std::string precision = "fp16";  // fp16, int8w, w8a8
};

// Nothing for another kind. InputError for an unknown key or a value that does not read.
std::optional<ReadsSpec> parse_reads(const std::string& spec);
void price_reads(Priced& p, const ReadsSpec& spec, const Target& target);
// Trains the model on seeded reads in float32 and runs the test part, in the precision of the spec,
// on the target's unit: the share of reads where it agrees with the rule.
double accuracy_of(const ReadsSpec& spec, const Target& target);

}  // namespace ane::sim
