// A field's value in text, driven by the table alone.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "isa/insns.h"
#include "isa/state.h"

namespace ane::isa {

constexpr FieldRef reference(const Instruction& i, const Field& f) {
  return {static_cast<std::uint16_t>((i.packet == Packet::set ? i.base : 0) + f.word),
          static_cast<std::uint8_t>(f.lo), static_cast<std::uint8_t>(f.bits),
          f.kind == Kind::signed_};
}

// The largest value that has a text.
constexpr std::int64_t highest_named(const Field& f) {
  return f.kind == Kind::choice
             ? static_cast<std::int64_t>(f.choices.size()) - 1
             : highest({0, 0, static_cast<std::uint8_t>(f.bits), f.kind == Kind::signed_});
}

// "3", "-8", "0.5" or "0x7e00" (half), "relu" (choice). `word` is the register that holds the
// field.
std::string value_text(const Field& f, std::uint32_t word);

// The reverse. Errors: InputError at `place` that says the range or the nearest choice.
std::int64_t parse_value(const Field& f, std::string_view text, const std::string& place);

}  // namespace ane::isa
