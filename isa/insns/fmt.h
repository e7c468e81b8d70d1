// Formats of the sources and the result, in L2 and in memory: the tile DMA converts fp32 <-> fp16
// on the way. An int8 first source with i8 weights runs on the integer MACs.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr std::array<std::string_view, 5> format_choices{"u8", "i8", "fp16", "fp32", "i32"};
inline constexpr Instruction fmt{
    .mnemonic = "fmt",
    .summary = "number formats of the sources and the result",
    .unit = Unit::common,
    .base = 0x00,
    .words = 1,
    .fields = {{{"in1", "first source in L2", 0, 0, 4, Kind::choice, format_choices},
                {"in2", "second source in L2", 0, 4, 4, Kind::choice, format_choices},
                {"out", "result in L2", 0, 8, 4, Kind::choice, format_choices},
                {"mem1", "first source in memory", 0, 12, 4, Kind::choice, format_choices},
                {"mem2", "second source in memory", 0, 16, 4, Kind::choice, format_choices},
                {"mem", "result in memory", 0, 20, 4, Kind::choice, format_choices}}}};

}  // namespace ane::isa::insns
