// Extents of first source, second source and result: w (columns, contiguous in L2), h (rows),
// c (channels), n (batch). An extent of 1 in a source of an elementwise operation broadcasts.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction shape{.mnemonic = "shape",
                                   .summary = "extents of the sources and the result",
                                   .unit = Unit::common,
                                   .base = 0x01,
                                   .words = 12,
                                   .fields = {{{"w1", "first source: columns", 0},
                                               {"h1", "rows", 1},
                                               {"c1", "channels", 2},
                                               {"n1", "batch", 3},
                                               {"w2", "second source: columns", 4},
                                               {"h2", "rows", 5},
                                               {"c2", "channels", 6},
                                               {"n2", "batch", 7},
                                               {"w", "result: columns", 8},
                                               {"h", "rows", 9},
                                               {"c", "channels", 10},
                                               {"n", "batch", 11}}}};

}  // namespace ane::isa::insns
