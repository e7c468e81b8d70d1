// Planar engine: elementwise with the second source, a reduction over axes, or pooling; then result
// * mul + add, then a unary function, then the conversion to the result's format.
#pragma once
#include "isa/functions.h"
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr std::array<std::string_view, 4> pe_choices{"off", "ew", "red", "pool"};
inline constexpr Instruction pe{
    .mnemonic = "pe",
    .summary = "planar engine: elementwise, reduction, pool, post-operation",
    .unit = Unit::planar_engine,
    .base = 0xa0,
    .words = 3,
    .fields = {
        {{"mode", "off, ew, red, pool", 0, 0, 2, Kind::choice, pe_choices},
         {"ew", "operation of mode ew", 0, 2, 4, Kind::choice, elementwise_operations},
         {"red", "operation of mode red", 0, 6, 3, Kind::choice, reduction_operations},
         {"pool", "operation of mode pool", 0, 9, 1, Kind::choice, pool_operations},
         {"axes", "axes of a reduction: bit 0 w, 1 h, 2 c, 3 n", 0, 10, 4},
         {"swap", "1: the second source is the left operand", 0, 14, 1},
         {"count_pad", "average pool: 1 counts padded elements", 0, 15, 1},
         {"post", "unary function after mul and add", 0, 16, 6, Kind::choice, unary_functions},
         {"scale", "quantise (result i8) or dequantise (source i8) scale; 0: none", 1, 0, 16,
          Kind::half},
         {"zero", "quantise or dequantise zero point", 1, 16, 8, Kind::signed_},
         {"mul", "constant factor; 0: none", 2, 0, 16, Kind::half},
         {"add", "constant term; 0: none", 2, 16, 16, Kind::half}}}};
}  // namespace ane::isa::insns
