// The limits that a program keeps to. Two machines of one key run each other's programs.
#pragma once
#include <array>
#include <cstdint>

#include "isa/machine.h"

namespace ane::sim {

using MachineKey = std::array<std::int64_t, 15>;
MachineKey key_of(const isa::Machine& machine);

}  // namespace ane::sim
