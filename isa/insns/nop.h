#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction nop{.mnemonic = "nop",
                                 .summary = "does nothing",
                                 .packet = Packet::control,
                                 .unit = Unit::task_manager,
                                 .base = 0x00,
                                 .words = 1};

}  // namespace ane::isa::insns
