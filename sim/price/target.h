// What work is priced on: one chip, the unit of it that runs the work, and the software between.
#pragma once
#include <string>
#include <vector>

#include "sim/chips/chip.h"
#include "sim/runtimes/runtime.h"
#include "workloads/request/request.h"

namespace ane::sim {

using workloads::Unit;

struct Target {
  Chip chip;
  Runtime runtime;
  Unit unit = Unit::ane;  // ane, gpu or cpu
};

// unit=memory is what the CPU's cores can stream; where there is none, the GPU's.
Unit unit_on(const Chip& chip, Unit asked);
bool has_unit(const Chip& chip, Unit unit);
bool drives(const Runtime& runtime, Unit unit);
// The chip whose CPU stands for that of one of which none is known: the same cores, as the chip's
// own file says (`cores_as`); empty where it says none.
std::string usual_host(const Chip& chip);
// "coreml" for the ANE, "accelerate" for the CPU, "mlx" for a GPU, "cuda_torch" on a card.
std::string usual_runtime(const Chip& chip, Unit unit);

// runtime "" takes the unit's usual one. InputError for a unit that the chip lacks and a runtime
// that does not drive it, with those that do.
Target make_target(Chip chip, Unit unit, const std::string& runtime);
// overrides: of --set.
Target make_target(const std::string& chip, Unit unit, const std::string& runtime,
                   const std::vector<std::string>& overrides);
// The target that the request names on this chip (its unit, else the ANE; its path, else the
// usual).
Target target_of(const workloads::Request& request, Chip chip);

}  // namespace ane::sim
