// What is wrong with published figures whatever a simulator says: bounds of physics that they
// break, and figures that contradict one another or their own arithmetic. General rules over the
// configurations that the figures are tied to; none knows a claim by name.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/claims/formula.h"
#include "sim/claims/priced.h"

namespace ane::sim {

// Figures closer than this agree: they are published with two or three digits.
inline constexpr double rounding = 0.02;

// The published value in base units; of "200 and more" up to infinity.
Range in_base_units(const PublishedClaim& claim);

struct Finding {
  std::string reason;               // one sentence, with the bound or the other figure
  std::vector<std::string> others;  // ids that it names
  bool by_arithmetic = false;       // a formula says so, not another figure of the same thing
};

// The bound that the claim breaks, if one: memory bandwidth, peak rate, energy of the operations,
// capacity of the memory. Broken by one end of a range only is broken, and said so. A claim whose
// conditions are missing breaks none, unless it is one of its choices that is asked about.
std::optional<Finding> broken_bound(const PublishedClaim& claim, const Published& all,
                                    Pricer& pricer);

// Contradictions among the claims, by id:
// - items, time, throughput, memory and power of the same configurations must fit together,
//   whatever those are called: the same chip, unit, runtime and work;
// - a figure must be what its formula makes of others (answers.csv: arithmetic), each within half a
//   unit of its last digit;
// - a mean lies among its members, and is theirs where they are all published;
// - memory does not fall as the input grows;
// - chips whose accelerator is the same have one rating;
// - one model on one kind of unit of one chip has no two speeds (a factor of 10 apart).
// Where two differ, one that agrees with `simulated` (within the band of any choice of what it is
// about) is not blamed, nor is one that stands for what it names by one that does not.
struct Simulated {
  std::vector<Range> bands;  // base units, one of each choice that has a value
};
std::map<std::string, Finding> contradictions(const Published& all, Pricer& pricer,
                                              const std::map<std::string, Simulated>& simulated);

}  // namespace ane::sim
