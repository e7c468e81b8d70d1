// What the machine can be told: one constexpr Instruction a file in insns/, listed in insns.h.
//
// An instruction either programs a block of consecutive registers (a set instruction: `conv kw=3
// kh=3 ...`), loads an address register pair (`ld1a bar=24 offset=0x40`), or controls the task
// manager (`run`, `wait event=1 count=2`). Registers are sticky: only what changes is written. The
// four packet kinds that carry them are those of docs/isa/encoding.md.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ane::isa {

inline constexpr int register_count = 0x100;

// set: writes registers; address: writes a relocated byte address (BAR + offset); control: acts.
enum class Packet { set, address, control };

// The part of the machine that reads the registers.
enum class Unit {
  task_manager,
  common,
  tile_dma,
  l2,
  kernel_dma,
  neural_engine,
  planar_engine,
  texture
};

enum class Kind { unsigned_, signed_, half, choice };  // how a field's bits are read and written

// A field of one 32-bit register (word = index inside the instruction's block; for control packets
// word 0 is the packet's own low 24 bits: imm16 at 0, a8 at 16, and word 1 an extra word).
struct Field {
  std::string_view name, summary;
  int word = 0, lo = 0, bits = 32;
  Kind kind = Kind::unsigned_;
  std::span<const std::string_view> choices = {};  // for Kind::choice: the name of each value
};

inline constexpr std::size_t max_fields = 36;

struct Instruction {
  std::string_view mnemonic, summary;
  Packet packet = Packet::set;
  Unit unit = Unit::common;
  int base = 0;   // first register; for control: the 6-bit opcode
  int words = 1;  // registers in the block; for control: 1 + extra words
  std::array<Field, max_fields> fields{};

  constexpr std::size_t field_count() const {
    std::size_t n = 0;
    while (n < max_fields && !fields[n].name.empty()) ++n;
    return n;
  }
};

// [E1] mnemonics are unique. [E2] register blocks do not overlap and lie inside the register file;
// control opcodes are unique. [E3] fields lie inside their block, do not overlap, have unique
// names, and choices fit their bits. [E4] control fields use the 24 low bits of the packet or at
// most three extra words; address blocks have two words and no fields. [E5] every register of a set
// block has a field, so that what a packet writes can always be written as text.
template <std::size_t N>
consteval bool well_formed(const std::array<Instruction, N>& set) {
  for (std::size_t i = 0; i < N; ++i) {
    const Instruction& a = set[i];
    for (std::size_t j = 0; j < i; ++j) {
      const Instruction& b = set[j];
      if (a.mnemonic == b.mnemonic) return false;
      if ((a.packet == Packet::control) != (b.packet == Packet::control)) continue;
      if (a.packet == Packet::control ? a.base == b.base
                                      : a.base < b.base + b.words && b.base < a.base + a.words)
        return false;
    }
    if (a.mnemonic.empty() || a.words < 1 || a.base < 0) return false;
    if (a.packet == Packet::control ? a.base >= 64 || a.words > 4
                                    : a.base + a.words > register_count)
      return false;
    if (a.packet == Packet::address && (a.words != 2 || a.field_count() != 0)) return false;
    if (a.packet == Packet::set && a.words > 64) return false;
    for (std::size_t f = a.field_count(); f < max_fields; ++f)
      if (!a.fields[f].name.empty()) return false;
    for (int w = 0; a.packet == Packet::set && w < a.words; ++w) {
      bool covered = false;
      for (std::size_t f = 0; f < a.field_count(); ++f) covered |= a.fields[f].word == w;
      if (!covered) return false;
    }
    for (std::size_t f = 0; f < a.field_count(); ++f) {
      const Field& x = a.fields[f];
      if (x.word < 0 || x.word >= a.words || x.lo < 0 || x.bits < 1 || x.lo + x.bits > 32)
        return false;
      if (a.packet == Packet::control && x.word == 0 && x.lo + x.bits > 24) return false;
      if (x.kind == Kind::choice &&
          (x.choices.empty() || x.choices.size() > (std::size_t{1} << x.bits)))
        return false;
      for (std::size_t c = 0; c < x.choices.size(); ++c)
        for (std::size_t d = 0; d < c; ++d)
          if (x.choices[c] == x.choices[d]) return false;
      if (x.kind == Kind::half && x.bits != 16) return false;
      for (std::size_t g = 0; g < f; ++g) {
        const Field& y = a.fields[g];
        if (x.name == y.name) return false;
        if (x.word == y.word && x.lo < y.lo + y.bits && y.lo < x.lo + x.bits) return false;
      }
    }
  }
  return true;
}

}  // namespace ane::isa
