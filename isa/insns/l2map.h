// Where sources and result lie in L2: byte addresses and byte strides; columns are contiguous.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction l2map{
    .mnemonic = "l2map",
    .summary = "L2 addresses and strides of the sources and the result",
    .unit = Unit::l2,
    .base = 0x40,
    .words = 12,
    .fields = {{{"s1", "first source: byte address", 0},
                {"s1h", "row stride", 1},
                {"s1c", "channel stride", 2},
                {"s1n", "batch stride", 3},
                {"s2", "second source: byte address", 4},
                {"s2h", "row stride", 5},
                {"s2c", "channel stride", 6},
                {"s2n", "batch stride", 7},
                {"r", "result: byte address", 8},
                {"rh", "row stride", 9},
                {"rc", "channel stride", 10},
                {"rn", "batch stride", 11}}}};

}  // namespace ane::isa::insns
