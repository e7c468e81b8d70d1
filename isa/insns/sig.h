// Belongs to the task that the next run launches: the event's counter goes up by one when the given
// stage of that task is done.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr std::array<std::string_view, 4> signal_points{"src", "ne", "l2", "dst"};
inline constexpr Instruction sig{
    .mnemonic = "sig",
    .summary = "the next task counts an event up when one of its stages is done",
    .packet = Packet::control,
    .unit = Unit::task_manager,
    .base = 0x04,
    .words = 1,
    .fields = {{{"when", "sources read, NE done, result in L2, result in memory", 0, 0, 2,
                 Kind::choice, signal_points},
                {"event", "event 0 to 15", 0, 16, 4}}}};

}  // namespace ane::isa::insns
