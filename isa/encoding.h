// Packets: how instructions stand in 32-bit words. One instruction in text is one packet, and every
// packet has exactly one spelling in words, so text, words and text again are the same.
//
//   kind      31 30 29  28..21  20..15  14..0      words that follow
//   SETC      0  0  0   0       n-1     register   n values, for n consecutive registers
//   SETA      0  0  1   BAR     n-1     register   n = 1 or 2: a 32- or 64-bit byte offset
//   SETM      1  mask in 30..15         register   1 + popcount(mask) values: the register itself,
//                                                  then register + 1 + i for each mask bit i
//   CTL       0  1  op6 in 29..24, a8 in 23..16, imm16 in 15..0, then the operation's extra words
//
// The spelling is unique: SETM only where the registers are not consecutive, the 64-bit SETA only
// where the offset needs it, and no bit outside a field is set. Anything else is an error.
#pragma once
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isa/insns.h"

namespace ane::isa {

using Words = std::vector<std::uint32_t>;

// A decoded packet. `payload` points into the program's words.
struct PacketView {
  const Instruction* instruction = nullptr;
  std::size_t at = 0;         // index of the packet's first word
  std::uint32_t header = 0;   // the first word
  std::uint64_t touched = 0;  // set: bit i means that register base + i is written
  std::span<const std::uint32_t> payload;

  std::size_t size() const { return payload.size() + 1; }
  int bar() const { return static_cast<int>(header >> 21 & 0xff); }
  std::uint64_t offset() const {
    return payload[0] | (payload.size() > 1 ? std::uint64_t{payload[1]} << 32 : 0);
  }
  // control: word 0 is the packet's low 24 bits, the others are the extra words.
  std::uint32_t control_word(int i) const {
    return i == 0 ? header & 0xffffff : payload[static_cast<std::size_t>(i) - 1];
  }
};

// The packet that starts at words[at]. Errors: InputError at "<source>: word N" for an unknown
// operation, a register of no instruction or outside the block, a bit outside every field, a choice
// without a name, a packet cut off by the program's end, a second spelling of the same packet.
PacketView decode(std::span<const std::uint32_t> words, std::size_t at, std::string_view source);

// Writes the registers of `instruction` that `touched` names; values[i] is for register base + i.
// One packet where the registers are consecutive or lie within 17, else as many as it takes.
void encode_set(Words& out, const Instruction& instruction, std::uint64_t touched,
                std::span<const std::uint32_t> values);
void encode_address(Words& out, const Instruction& instruction, int bar, std::uint64_t offset);
// `words`: the low 24 bits, then the extra words; as many as the instruction has.
void encode_control(Words& out, const Instruction& instruction,
                    std::span<const std::uint32_t> words);

}  // namespace ane::isa
