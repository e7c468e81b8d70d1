// Tile DMA, source 2: memory to L2, with a byte stride for each extent (0 repeats, and any order of
// strides is a transposition). Without enable the source already lies in L2.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction ld2{
    .mnemonic = "ld2",
    .summary = "loads source 2 from memory into L2",
    .unit = Unit::tile_dma,
    .base = 0x30,
    .words = 5,
    .fields = {{{"enable", "1: load; 0: the source lies in L2", 0, 0, 1},
                {"sw", "byte stride of columns in memory", 1},
                {"sh", "byte stride of rows", 2},
                {"sc", "byte stride of channels", 3},
                {"sn", "byte stride of batch items", 4}}}};
inline constexpr Instruction ld2a{.mnemonic = "ld2a",
                                  .summary = "address in memory of source 2",
                                  .packet = Packet::address,
                                  .unit = Unit::tile_dma,
                                  .base = 0x38,
                                  .words = 2};

}  // namespace ane::isa::insns
