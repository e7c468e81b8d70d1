// Neural engines. mac: convolution with weights from kernel memory; mm: the second source is the
// weight matrix (element (out o, in k) at column o of channel k); copy: passes the first source
// through; tex: result column i is the first source's column at index i of the second source.
#pragma once
#include "isa/functions.h"
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr std::array<std::string_view, 5> ne_choices{"off", "mac", "mm", "copy", "tex"};
inline constexpr Instruction ne{
    .mnemonic = "ne",
    .summary = "operation and post-processing of the neural engines",
    .unit = Unit::neural_engine,
    .base = 0x90,
    .words = 4,
    .fields = {
        {{"op", "off, mac, mm, copy, tex", 0, 0, 3, Kind::choice, ne_choices},
         {"act", "unary function of the result", 0, 8, 6, Kind::choice, unary_functions},
         {"winograd", "1: Winograd timing for a dense 3x3 of stride 1; bits do not change", 0, 14,
          1},
         {"zero_in", "zero point of an int8 source", 1, 0, 8, Kind::signed_},
         {"zero_w", "zero point of int8 weights", 1, 8, 8, Kind::signed_},
         {"post", "post-scale where there is no scale stream; 0: none", 1, 16, 16, Kind::half},
         {"skip", "share of exact-zero weights that are skipped, in 1/65535", 2, 0, 16},
         {"alpha", "first parameter of the unary function (slope, lower bound)", 2, 16, 16,
          Kind::half},
         {"beta", "second parameter (offset, upper bound)", 3, 0, 16, Kind::half}}}};
}  // namespace ane::isa::insns
