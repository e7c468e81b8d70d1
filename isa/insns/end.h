#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction end{
    .mnemonic = "end",
    .summary = "ends the program: waits for all tasks, raises the interrupt",
    .packet = Packet::control,
    .unit = Unit::task_manager,
    .base = 0x3f,
    .words = 1};

}  // namespace ane::isa::insns
