// The next task's weights may stream in while the current task computes: the one overlap between
// tasks that silicon shows (docs/timing.md).
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction kpf{
    .mnemonic = "kpf",
    .summary = "prefetches the next task's weights during the task before it",
    .packet = Packet::control,
    .unit = Unit::kernel_dma,
    .base = 0x08,
    .words = 1};

}  // namespace ane::isa::insns
