#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction wait{
    .mnemonic = "wait",
    .summary = "blocks issue until an event's counter reaches a count",
    .packet = Packet::control,
    .unit = Unit::task_manager,
    .base = 0x03,
    .words = 1,
    .fields = {{{"count", "value to reach", 0, 0, 16}, {"event", "event 0 to 15", 0, 16, 4}}}};

}  // namespace ane::isa::insns
