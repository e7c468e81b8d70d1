// The registers that packets write, with access by field. A FieldRef is found by name while
// compiling (a wrong name does not compile), so that get() is a shift and a mask:
//
//   constexpr FieldRef conv_kw = field(insns::conv, "kw");
//   registers.set(conv_kw, 3);
//   registers.set(ne_op, choice(insns::ne, "op", "mac"));
//   registers.set(address(insns::ld1a), {.bar = 4, .offset = 0x40});
#pragma once
#include <array>
#include <cstdint>

#include "isa/error.h"
#include "isa/insns.h"

namespace ane::isa {

// One field of one register (set instructions) or of one word of a control packet.
struct FieldRef {
  std::uint16_t word = 0;  // register number; control: word of the packet
  std::uint8_t lo = 0, bits = 32;
  bool is_signed = false;
};
struct AddressRef {
  std::uint16_t base = 0;  // the offset's low register; the high one follows
  std::uint8_t slot = 0;   // which of the base registers
};
// A byte in memory: section `bar`, `offset` bytes from its start.
struct Address {
  std::uint8_t bar = 0;
  std::uint64_t offset = 0;
  friend constexpr bool operator==(Address, Address) = default;
};

consteval const Field& find_field(const Instruction& i, std::string_view name) {
  for (std::size_t f = 0; f < i.field_count(); ++f)
    if (i.fields[f].name == name) return i.fields[f];
  throw "the instruction has no field of this name";
}

consteval FieldRef field(const Instruction& i, std::string_view name) {
  if (i.packet != Packet::set) throw "operand() finds the fields of control instructions";
  const Field& f = find_field(i, name);
  return {static_cast<std::uint16_t>(i.base + f.word), static_cast<std::uint8_t>(f.lo),
          static_cast<std::uint8_t>(f.bits), f.kind == Kind::signed_};
}

consteval FieldRef operand(const Instruction& i, std::string_view name) {
  if (i.packet != Packet::control) throw "field() finds the fields of set instructions";
  const Field& f = find_field(i, name);
  return {static_cast<std::uint16_t>(f.word), static_cast<std::uint8_t>(f.lo),
          static_cast<std::uint8_t>(f.bits), f.kind == Kind::signed_};
}

// The number of a choice: choice(insns::ne, "op", "mac").
consteval std::int64_t choice(const Instruction& i, std::string_view name, std::string_view value) {
  const Field& f = find_field(i, name);
  for (std::size_t c = 0; c < f.choices.size(); ++c)
    if (f.choices[c] == value) return static_cast<std::int64_t>(c);
  throw "the field has no choice of this name";
}

constexpr std::size_t address_count = [] {
  std::size_t n = 0;
  for (const Instruction& i : instructions) n += i.packet == Packet::address;
  return n;
}();

constexpr std::uint8_t address_slot(int base) {
  std::uint8_t slot = 0;
  for (const Instruction& i : instructions)
    slot = static_cast<std::uint8_t>(slot + (i.packet == Packet::address && i.base < base));
  return slot;
}

constexpr AddressRef address(const Instruction& i) {
  return {static_cast<std::uint16_t>(i.base), address_slot(i.base)};
}

// Smallest and largest value of a field.
constexpr std::int64_t lowest(FieldRef f) {
  return f.is_signed ? -(std::int64_t{1} << (f.bits - 1)) : 0;
}
constexpr std::int64_t highest(FieldRef f) {
  return (std::int64_t{1} << (f.is_signed ? f.bits - 1 : f.bits)) - 1;
}

constexpr std::int64_t extract(FieldRef f, std::uint32_t word) {
  const auto v =
      static_cast<std::int64_t>(std::uint64_t{word} >> f.lo & ((std::uint64_t{1} << f.bits) - 1));
  return f.is_signed && v >> (f.bits - 1) ? v - (std::int64_t{1} << f.bits) : v;
}
// `word` with the field replaced; `value` must lie in the field's range.
constexpr std::uint32_t insert(FieldRef f, std::uint32_t word, std::int64_t value) {
  const auto mask = static_cast<std::uint32_t>(((std::uint64_t{1} << f.bits) - 1) << f.lo);
  return (word & ~mask) | (static_cast<std::uint32_t>(value << f.lo) & mask);
}

// The fields that switch a stage of the machine on. `task` clears exactly these.
inline constexpr std::array stage_switches{field(insns::ld1, "enable"), field(insns::ld2, "enable"),
                                           field(insns::st, "enable"),  field(insns::kld, "enable"),
                                           field(insns::ne, "op"),      field(insns::ne, "act"),
                                           field(insns::pe, "mode"),    field(insns::pe, "post")};

class Registers {
 public:
  // half fields: the 16 bits; choices: the number; signed fields: the value.
  constexpr std::int64_t get(FieldRef f) const { return extract(f, words_[f.word]); }
  constexpr void set(FieldRef f, std::int64_t value) {
    ANE_CHECK(value >= lowest(f) && value <= highest(f), "a field's value is out of range");
    words_[f.word] = insert(f, words_[f.word], value);
  }
  constexpr Address get(AddressRef a) const {
    return {bars_[a.slot], words_[a.base] | std::uint64_t{words_[a.base + 1u]} << 32};
  }
  constexpr void set(AddressRef a, Address to) {
    bars_[a.slot] = to.bar;
    words_[a.base] = static_cast<std::uint32_t>(to.offset);
    words_[a.base + 1u] = static_cast<std::uint32_t>(to.offset >> 32);
  }
  // Whole registers, as packets write them.
  constexpr std::uint32_t word(int r) const { return words_[static_cast<std::size_t>(r)]; }
  constexpr void set_word(int r, std::uint32_t v) { words_[static_cast<std::size_t>(r)] = v; }
  // What `task` does.
  constexpr void switch_stages_off() {
    for (const FieldRef f : stage_switches) words_[f.word] = insert(f, words_[f.word], 0);
  }
  friend constexpr bool operator==(const Registers&, const Registers&) = default;

 private:
  std::array<std::uint32_t, register_count> words_{};  // all 0 after reset
  std::array<std::uint8_t, address_count> bars_{};
};

}  // namespace ane::isa
