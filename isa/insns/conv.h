// Window of a convolution or a pool. The window's first position is (-pt, -pl); the result's
// extents say how many positions there are, so padding at the right and bottom needs no field.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction conv{
    .mnemonic = "conv",
    .summary = "window, stride, padding and groups of a convolution or pool",
    .unit = Unit::common,
    .base = 0x10,
    .words = 3,
    .fields = {{{"kw", "kernel columns, 1 to 63", 0, 0, 6},
                {"kh", "kernel rows, 1 to 63", 0, 6, 6},
                {"sx", "column stride, 1 to 15", 0, 12, 4},
                {"sy", "row stride, 1 to 15", 0, 16, 4},
                {"pl", "padding at the left", 0, 20, 6},
                {"pt", "padding at the top", 0, 26, 6},
                {"groups", "channel groups", 1, 0, 17},
                {"pad", "value of padded elements of a convolution", 2, 0, 16, Kind::half}}}};

}  // namespace ane::isa::insns
