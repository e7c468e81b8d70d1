#pragma once
#include "isa/instruction.h"

namespace ane::isa {
inline constexpr Instruction nop{.mnemonic = "nop",
                                 .summary = "does nothing",
                                 .packet = Packet::control,
                                 .unit = Unit::task_manager,
                                 .base = 0x00,
                                 .words = 1};

}  // namespace ane::isa
