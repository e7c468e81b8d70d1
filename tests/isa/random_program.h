// Programs drawn from the instruction table: any instruction, any subset of its fields, any values.
#pragma once
#include <rapidcheck.h>

#include <string>

#include "isa/encoding.h"
#include "isa/field_text.h"
#include "isa/program.h"

namespace ane::isa {

inline std::int64_t random_value(const Field& f) {
  const std::int64_t low =
      lowest({0, 0, static_cast<std::uint8_t>(f.bits), f.kind == Kind::signed_});
  const std::int64_t high = highest_named(f);
  switch (*rc::gen::inRange(0, 4)) {  // the ends are where mistakes are
    case 0:
      return low;
    case 1:
      return high;
    default:
      return low + *rc::gen::noShrink(
                       rc::gen::resize(1000, rc::gen::inRange<std::int64_t>(0, high - low + 1)));
  }
}

// Values of all words of an instruction's block.
inline std::array<std::uint32_t, 64> random_block(const Instruction& i) {
  std::array<std::uint32_t, 64> values{};
  for (std::size_t f = 0; f < i.field_count(); ++f) {
    const Field& x = i.fields[f];
    std::uint32_t& word = values[static_cast<std::size_t>(x.word)];
    word = insert({0, static_cast<std::uint8_t>(x.lo), static_cast<std::uint8_t>(x.bits),
                   x.kind == Kind::signed_},
                  word, random_value(x));
  }
  return values;
}

// Appends one instruction: one packet, or several where a masked one cannot reach.
inline void append_random(Words& out, const Instruction& i) {
  if (i.packet == Packet::address) {
    const auto bits = *rc::gen::inRange(0, 65);
    const auto offset = *rc::gen::arbitrary<std::uint64_t>();
    encode_address(out, i, *rc::gen::inRange(0, 256), bits == 64 ? 0 : offset >> bits);
    return;
  }
  const auto values = random_block(i);
  if (i.packet == Packet::control) {
    encode_control(out, i, std::span(values).first(static_cast<std::size_t>(i.words)));
    return;
  }
  std::uint64_t touched = 0;
  for (int w = 0; w < i.words; ++w)
    if (*rc::gen::inRange(0, 3)) touched |= std::uint64_t{1} << w;
  if (!touched) touched = 1;
  encode_set(out, i, touched, values);
}

inline const Instruction& random_instruction() {
  return instructions[*rc::gen::inRange<std::size_t>(0, instructions.size())];
}

inline Words random_words() {
  Words words;
  const int count = *rc::gen::inRange(0, 40);
  for (int n = 0; n < count; ++n) append_random(words, random_instruction());
  return words;
}

// Names with everything that can upset a reader.
inline std::string random_name() {
  return *rc::gen::container<std::string>(
      rc::gen::oneOf(rc::gen::inRange('a', 'z'), rc::gen::arbitrary<char>(),
                     rc::gen::element('"', '\\', ';', '#', ' ', '=', '\n', '\0', '\t', '\r')));
}

inline Program random_program() {
  Program p;
  p.name = random_name();
  p.chip = random_name();
  p.profile = random_name();
  p.words = random_words();
  const int operators = *rc::gen::inRange(0, 4);
  for (int n = 0; n < operators; ++n) p.operators.push_back(random_name());
  const int sections = *rc::gen::inRange(0, 4);
  for (int n = 0; n < sections; ++n) {
    Section s;
    s.bar = *rc::gen::inRange(0, 64) * 4 + n;
    s.name = random_name();
    s.contents = *rc::gen::container<std::vector<std::uint8_t>>(
        rc::gen::oneOf(rc::gen::just<std::uint8_t>(0), rc::gen::arbitrary<std::uint8_t>()));
    s.size = {static_cast<std::int64_t>(s.contents.size()) + *rc::gen::inRange(64, 5000)};
    p.sections.push_back(s);
    TensorSymbol t;
    t.name = std::to_string(n).append(random_name());
    t.bar = s.bar;
    t.format = static_cast<Format>(*rc::gen::inRange(0, 5));
    t.offset = *rc::gen::inRange(0, 8);
    t.n = *rc::gen::inRange(1, 3);
    t.c = *rc::gen::inRange(1, 3);
    t.h = *rc::gen::inRange(1, 3);
    t.w = *rc::gen::inRange(1, 3);
    t.sn = *rc::gen::inRange(0, 13);
    t.sc = *rc::gen::inRange(0, 13);
    t.sh = *rc::gen::inRange(0, 13);
    t.sw = *rc::gen::inRange(0, 13);
    t.input = *rc::gen::arbitrary<bool>();
    t.output = *rc::gen::arbitrary<bool>();
    p.tensors.push_back(t);
  }
  return p;
}

inline bool same(const TensorSymbol& a, const TensorSymbol& b) {
  return a.name == b.name && a.bar == b.bar && a.offset == b.offset && a.format == b.format &&
         a.n == b.n && a.c == b.c && a.h == b.h && a.w == b.w && a.sn == b.sn && a.sc == b.sc &&
         a.sh == b.sh && a.sw == b.sw && a.input == b.input && a.output == b.output;
}

inline bool same(const Program& a, const Program& b) {
  if (a.name != b.name || a.chip != b.chip || a.profile != b.profile || a.words != b.words ||
      a.operators != b.operators || a.sections.size() != b.sections.size() ||
      a.tensors.size() != b.tensors.size())
    return false;
  for (std::size_t n = 0; n < a.sections.size(); ++n) {
    const Section &x = a.sections[n], &y = b.sections[n];
    if (x.bar != y.bar || x.name != y.name || x.size != y.size || x.contents != y.contents)
      return false;
  }
  for (std::size_t n = 0; n < a.tensors.size(); ++n)
    if (!same(a.tensors[n], b.tensors[n])) return false;
  return true;
}

}  // namespace ane::isa
