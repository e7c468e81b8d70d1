// Tile DMA, destination: L2 to memory, with a byte stride for each extent.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr Instruction st{
    .mnemonic = "st",
    .summary = "stores the result from L2 to memory",
    .unit = Unit::tile_dma,
    .base = 0x50,
    .words = 5,
    .fields = {{{"enable", "1: store; 0: the result stays in L2", 0, 0, 1},
                {"sw", "byte stride of columns in memory", 1},
                {"sh", "byte stride of rows", 2},
                {"sc", "byte stride of channels", 3},
                {"sn", "byte stride of batch items", 4}}}};
inline constexpr Instruction sta{.mnemonic = "sta",
                                 .summary = "address in memory of the result",
                                 .packet = Packet::address,
                                 .unit = Unit::tile_dma,
                                 .base = 0x58,
                                 .words = 2};

}  // namespace ane::isa::insns
