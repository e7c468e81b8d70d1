// After reset three tasks back may still be running, so a program that neither says `dep n=0` nor
// waits has races, and the simulator reports them.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction dep{
    .mnemonic = "dep",
    .summary = "how many tasks back may still be running when a task starts (0: in order)",
    .packet = Packet::control,
    .unit = Unit::task_manager,
    .base = 0x06,
    .words = 1,
    .fields = {{{"n", "0 to 3; 3 after reset", 0, 0, 2}}}};

}  // namespace ane::isa::insns
