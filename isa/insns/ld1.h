// Tile DMA, source 1: memory to L2, with a byte stride for each extent (0 repeats, and any order of
// strides is a transposition). Without enable the source already lies in L2.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction ld1{
    .mnemonic = "ld1",
    .summary = "loads source 1 from memory into L2",
    .unit = Unit::tile_dma,
    .base = 0x20,
    .words = 5,
    .fields = {{{"enable", "1: load; 0: the source lies in L2", 0, 0, 1},
                {"sw", "byte stride of columns in memory", 1},
                {"sh", "byte stride of rows", 2},
                {"sc", "byte stride of channels", 3},
                {"sn", "byte stride of batch items", 4}}}};
inline constexpr Instruction ld1a{.mnemonic = "ld1a",
                                  .summary = "address in memory of source 1",
                                  .packet = Packet::address,
                                  .unit = Unit::tile_dma,
                                  .base = 0x28,
                                  .words = 2};

}  // namespace ane::isa::insns
