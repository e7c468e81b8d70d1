// Input that nobody meant: random bytes, and valid inputs with a few bytes changed. The readers may
// refuse it with an InputError and nothing else; what they accept must survive a round trip.
#pragma once
#include <zlib.h>

#include <cstring>
#include <string>
#include <vector>

#include "isa/assembler.h"
#include "isa/container.h"
#include "isa/disassembler.h"
#include "isa/error.h"
#include "isa/field_text.h"
#include "isa/stream.h"
#include "tests/fuzz/mutate.h"

namespace ane::isa {

using fuzz::below;
using fuzz::mutate;
using fuzz::Random;

// An example of each instruction and directive.
inline std::string fuzz_seed() {
  std::string text =
      ".program p\n.chip M4\n.profile ane16\n.operator \"a b\"\n.section 4 in 64\n"
      ".data 4 0 fp16 1 -0.5 0x7c00\n.data 4 8 hex 00ff\n.data 4 12 i32 -5\n"
      ".tensor x bar=4 offset=0 format=fp16 w=8 input\n"
      "ld1a bar=4 offset=0x100000000\nkla bar=1 offset=0\n";
  for (const Instruction& i : instructions) {
    if (i.packet == Packet::address) continue;
    text += i.mnemonic;
    for (std::size_t f = 0; f < i.field_count(); ++f)
      text.append(" ").append(i.fields[f].name).append("=").append(value_text(i.fields[f], 0));
    text += '\n';
  }
  return text;
}

inline void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

// Each returns whether the input was accepted; throws logic_error when the round trip fails.
inline bool try_words(const Words& words) {
  Program p;
  p.words = words;
  bool decoded = true;
  try {
    Registers registers;
    Stream s(words);
    while (s.next(registers)) {
    }
  } catch (const InputError&) {
    decoded = false;
  }
  std::string text;
  try {
    text = disassemble(p, "");
  } catch (const InputError&) {
    require(!decoded, "the stream takes what has no text");
    return false;
  }
  require(decoded, "the stream refuses what has a text");
  require(assemble(text, "").words == words, "words changed on the way through text");
  return true;
}

inline bool try_text(const std::string& text) {
  Program p;
  try {
    p = assemble(text, "");
  } catch (const InputError&) {
    return false;
  }
  const std::string again = disassemble(p, "");
  require(disassemble(assemble(again, ""), "") == again, "text changed on the way through words");
  return true;
}

inline bool try_container(std::vector<std::uint8_t> bytes, bool seal) {
  if (seal && bytes.size() >= 20) {
    const std::uint64_t size = bytes.size();
    std::memcpy(bytes.data() + 8, &size, 8);
    const auto sum = static_cast<std::uint32_t>(crc32_z(0, bytes.data() + 20, bytes.size() - 20));
    std::memcpy(bytes.data() + 16, &sum, 4);
  }
  Program p;
  try {
    p = from_container(bytes, "");
  } catch (const InputError&) {
    return false;
  }
  require(to_container(p) == bytes, "the container changed");
  return true;
}

struct FuzzCounts {
  std::size_t tried = 0, accepted = 0;
};

inline FuzzCounts fuzz(std::uint64_t seed, std::size_t rounds) {
  Random random(seed);
  FuzzCounts counts;
  const std::string text = fuzz_seed();
  const Program program = assemble(text, "");
  const std::vector<std::uint8_t> container = to_container(program);
  const auto count = [&](bool accepted) { ++counts.tried, counts.accepted += accepted; };
  for (std::size_t n = 0; n < rounds; ++n) {
    Words noise(below(random, 12));
    // Small registers and counts, else nearly all are refused at the first word.
    for (std::uint32_t& w : noise) w = static_cast<std::uint32_t>(random()) & 0xe00180ff;
    count(try_words(noise));
    Words words = program.words;
    mutate(random, words);
    count(try_words(words));
    std::string line(below(random, 40), ' ');
    for (char& c : line) c = static_cast<char>(random());
    count(try_text(line));
    line = text;
    mutate(random, line);
    count(try_text(line));
    std::vector<std::uint8_t> bytes = container;
    mutate(random, bytes);
    count(try_container(bytes, n % 8 != 0));
  }
  return counts;
}

}  // namespace ane::isa
