// Derived parameters: their `from` is a product or quotient of numbers and other parameters' paths,
// "15.8e12 / (16 * 256 * 2)" or "0.88 * memory.bandwidth", in base units. They follow their inputs
// when a descendant or the user changes one.
#pragma once
#include "sim/chips/description.h"

namespace ane::sim {

// Recomputes every derived parameter, and moves its band along. What `file` itself states
// ("M1.json"; empty: no check) must agree with its `from` within 0.5 %, since files round.
// InputError at the parameter's place for an expression that does not parse, an unknown path, a
// circle, a disagreement.
void derive(Description& d, std::string_view file = "");

}  // namespace ane::sim
