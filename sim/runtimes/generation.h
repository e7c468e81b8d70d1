// What the accelerator's compiler of a runtime's generation does (docs/timing.md, T24). Absent: as
// today's.
#pragma once
#include <optional>

#include "sim/runtimes/runtime.h"

namespace ane::sim {

struct AneGeneration {
  std::optional<double> keeps_in_l2;         // 0: every operator's result passes the memory
  std::optional<double> absorbs_transposes;  // 1: features stay channels from layer to layer
  std::optional<double> norm_detour;  // s a call of a program with normalisations takes elsewhere

  bool keeps() const { return keeps_in_l2.value_or(1) != 0; }
  bool absorbs() const { return absorbs_transposes.value_or(0) != 0; }
};
AneGeneration generation_of(const Runtime& runtime);

}  // namespace ane::sim
