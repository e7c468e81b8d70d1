// Which parameters of a chip hold a run back: its price again with each of them twice as large and
// half as large.
#pragma once
#include <vector>

#include "results/record.h"

namespace ane::sim {

// The changes that make the run at least a hundredth faster, the largest gain first, at most
// `most`; and, where two limits bind together, the best partner of the first. Nothing for a run
// that cannot be asked again by its request alone (a chip of the user's own file, a set of
// buckets).
std::vector<results::Lever> levers_of(const results::Record& record, std::size_t most = 8);

}  // namespace ane::sim
