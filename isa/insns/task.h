// Opens a task: names it and clears every enable (loads, store, weights, NE, PE), so that a stage
// left over from the task before cannot run by accident. All other registers keep their values.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction task{
    .mnemonic = "task",
    .summary = "opens a task and disables every stage",
    .packet = Packet::control,
    .unit = Unit::task_manager,
    .base = 0x01,
    .words = 2,
    .fields = {{{"id", "task number, for reports", 0, 0, 16},
                {"queue", "task manager queue, 0 to 7", 0, 16, 3},
                {"operator", "index of the graph operator it came from, for reports", 1, 0, 32}}}};

}  // namespace ane::isa::insns
