// Does text = bits = text hold, over the whole table?
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "isa/assembler.h"
#include "isa/container.h"
#include "isa/disassembler.h"
#include "isa/half_text.h"
#include "random_program.h"

namespace ane::isa {
namespace {

std::string text_of(const Words& words) {
  Program p;
  p.words = words;
  return disassemble(p, "");
}

RC_GTEST_PROP(RoundTrip, WordsToTextToWordsForEachInstruction, ()) {
  for (const Instruction& i : instructions) {
    Words words;
    append_random(words, i);
    const std::string text = text_of(words);
    RC_ASSERT(text.starts_with(i.mnemonic));
    RC_ASSERT(assemble(text, "").words == words);
  }
}

RC_GTEST_PROP(RoundTrip, WholeProgramsToTextAndBack, ()) {
  const Program p = random_program();
  const std::string text = disassemble(p, "");
  const Program again = assemble(text, "");
  RC_ASSERT(same(again, p));
  RC_ASSERT(disassemble(again, "") == text);
}

RC_GTEST_PROP(RoundTrip, WholeProgramsToAContainerAndBack, ()) {
  const Program p = random_program();
  const std::vector<std::uint8_t> bytes = to_container(p);
  const Program again = from_container(bytes, "");
  RC_ASSERT(same(again, p));
  RC_ASSERT(to_container(again) == bytes);
}

// Any word that the decoder accepts has a text that gives the same words. Random words are nearly
// never valid, so this starts from valid packets and flips bits.
RC_GTEST_PROP(RoundTrip, WhatTheDecoderAcceptsComesBackFromText, ()) {
  Words words;
  append_random(words, random_instruction());
  const int flips = *rc::gen::inRange(0, 4);
  for (int n = 0; n < flips; ++n)
    words[*rc::gen::inRange<std::size_t>(0, words.size())] ^= 1u << *rc::gen::inRange(0, 32);
  std::string text;
  try {
    text = text_of(words);
  } catch (const InputError&) {
    RC_TAG("rejected");
    return;
  }
  RC_TAG("accepted");
  RC_ASSERT(assemble(text, "").words == words);
}

TEST(RoundTrip, EveryFieldAloneAtEachEndOfItsRange) {
  for (const Instruction& i : instructions)
    for (std::size_t f = 0; f < i.field_count(); ++f) {
      const Field& x = i.fields[f];
      const FieldRef ref = reference(i, x);
      for (const std::int64_t value : {lowest(ref), highest_named(x)}) {
        const auto word = insert({0, ref.lo, ref.bits, ref.is_signed}, 0, value);
        const std::string named = fmt::format(" {}={}", x.name, value_text(x, word));
        const std::string line = std::string(i.mnemonic) + named;
        const std::string text = text_of(assemble(line, "").words);
        EXPECT_NE(text.find(named), std::string::npos) << line << " became " << text;
      }
    }
}

TEST(RoundTrip, AllHalvesFromTextAreTheSameBits) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const std::string text = half_text(half);
    ASSERT_EQ(parse_half(text), half) << text;
    ASSERT_LE(text.size(), 11u) << text;
  }
}

// Against the definition: the neighbour with the smaller distance, the even one on a tie.
TEST(HalfText, DecimalsRoundToTheNearestHalf) {
  for (std::uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits), high = static_cast<std::uint16_t>(bits + 1);
    const double a = half_value(low), b = half_value(high), middle = (a + b) / 2;
    ASSERT_EQ(half_bits(middle), bits % 2 ? high : low);
    ASSERT_EQ(half_bits(std::nextafter(middle, a)), low);
    ASSERT_EQ(half_bits(std::nextafter(middle, b)), high);
    ASSERT_EQ(half_bits(-std::nextafter(middle, b)), high | 0x8000);
  }
  EXPECT_EQ(half_value(0x3c00), 1.0);
  EXPECT_EQ(half_value(0x0001), std::ldexp(1.0, -24));
  EXPECT_EQ(half_value(0x7bff), 65504.0);
  EXPECT_EQ(half_bits(65519.99), 0x7bff);
  EXPECT_EQ(half_bits(65520), std::nullopt);
  EXPECT_EQ(half_bits(-0.0), 0x8000);
}

TEST(RoundTrip, RegistersTooFarApartBecomeTwoLinesOfTheSameMnemonic) {
  const Words words = assemble("kld enable=1 off15=7", "").words;
  EXPECT_EQ(text_of(words),
            "kld enable=1 format=fp16 block=0\n"
            "kld off15=7\n");
  EXPECT_EQ(assemble(text_of(words), "").words, words);
  // A masked packet reaches the register 16 behind its first one (off12) and no further.
  EXPECT_EQ(assemble("kld enable=1 off12=7", "").words.size(), 3u);
  EXPECT_EQ(assemble("kld enable=1 off13=7", "").words.size(), 4u);
}

}  // namespace
}  // namespace ane::isa
