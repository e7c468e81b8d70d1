// Freezes the registers and launches all enabled stages as one pipelined pass. Asynchronous: later
// tasks may start before it ends, as far as dep allows.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction run{.mnemonic = "run",
                                 .summary = "launches the task that the registers describe",
                                 .packet = Packet::control,
                                 .unit = Unit::task_manager,
                                 .base = 0x02,
                                 .words = 1};

}  // namespace ane::isa::insns
