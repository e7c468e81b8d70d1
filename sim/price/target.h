// What work is priced on: one chip, the unit of it that runs the work, and the software between.
#pragma once
#include <string>
#include <vector>

#include "sim/chips/chip.h"
#include "sim/runtimes/runtime.h"

namespace ane::sim {

// One chip, unit and runtime with the overrides of --set.
struct Target {
  Chip chip;
  Runtime runtime;
  std::string unit;
};
// runtime "" takes the unit's usual one: coreml, mlx, accelerate; cuda_torch on a card.
Target make_target(const std::string& chip, const std::string& unit, const std::string& runtime,
                   const std::vector<std::string>& overrides);
std::string canonical(std::vector<std::string> overrides);

}  // namespace ane::sim
