#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction fence{.mnemonic = "fence",
                                   .summary = "waits until every task in flight has ended",
                                   .packet = Packet::control,
                                   .unit = Unit::task_manager,
                                   .base = 0x07,
                                   .words = 1};

}  // namespace ane::isa::insns
