// Kernel DMA: one stream a neural engine, at kla + off. Engine e holds the output channels c with
// c mod 16 == e, in order. Side streams hold bias and post-scale of all output channels.
#pragma once
#include "isa/instruction.h"

namespace ane::isa::insns {
inline constexpr std::array<std::string_view, 15> kernel_choices{
    "fp16",  "int8",   "int8c", "pal1", "pal2", "pal4", "pal6", "pal8",
    "int4b", "sparse", "i8",    "i8p1", "i8p2", "i8p4", "i8p6"};
inline constexpr Instruction kld{
    .mnemonic = "kld",
    .summary = "streams weights into the kernel memories, decoding them on the way",
    .unit = Unit::kernel_dma,
    .base = 0x60,
    .words = 20,
    .fields = {{{"enable", "1: stream weights", 0, 0, 1},
                {"format", "stream format; i8* feed the integer MACs, all else decodes to fp16", 0,
                 1, 4, Kind::choice, kernel_choices},
                {"block", "log2 of the block length of int4b", 0, 5, 4},
                {"bias", "byte offset of the bias stream plus 1; 0: none", 1},
                {"scale", "byte offset of the post-scale stream plus 1; 0: none", 2},
                {"len", "bytes of each engine's stream (the longest)", 3},
                {"off0", "byte offset of the stream of engine 0", 4},
                {"off1", "byte offset of the stream of engine 1", 5},
                {"off2", "byte offset of the stream of engine 2", 6},
                {"off3", "byte offset of the stream of engine 3", 7},
                {"off4", "byte offset of the stream of engine 4", 8},
                {"off5", "byte offset of the stream of engine 5", 9},
                {"off6", "byte offset of the stream of engine 6", 10},
                {"off7", "byte offset of the stream of engine 7", 11},
                {"off8", "byte offset of the stream of engine 8", 12},
                {"off9", "byte offset of the stream of engine 9", 13},
                {"off10", "byte offset of the stream of engine 10", 14},
                {"off11", "byte offset of the stream of engine 11", 15},
                {"off12", "byte offset of the stream of engine 12", 16},
                {"off13", "byte offset of the stream of engine 13", 17},
                {"off14", "byte offset of the stream of engine 14", 18},
                {"off15", "byte offset of the stream of engine 15", 19}}}};
inline constexpr Instruction kla{.mnemonic = "kla",
                                 .summary = "address in memory of the weight section",
                                 .packet = Packet::address,
                                 .unit = Unit::kernel_dma,
                                 .base = 0x88,
                                 .words = 2};

}  // namespace ane::isa::insns
