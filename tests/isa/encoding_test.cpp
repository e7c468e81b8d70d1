// The words themselves, and what the decoder refuses.
#include "isa/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "isa/assembler.h"
#include "isa/disassembler.h"
#include "isa/error.h"

namespace ane::isa {
namespace {

Words words_of(std::string_view text) {
  return assemble(text, "").words;
}

std::string refusal(const Words& words) {
  try {
    Program p;
    p.words = words;
    return "accepted: " + disassemble(p, "p.anex");
  } catch (const InputError& e) {
    return e.place() + ": " + e.what();
  }
}

TEST(Encoding, EachPacketKindHasItsWords) {
  // SETC: n - 1 in 20..15, register in 14..0.
  EXPECT_EQ(words_of("conv kw=3 kh=5 sx=1 sy=1 groups=2"),
            (Words{1u << 15 | 0x10, 3 | 5 << 6 | 1 << 12 | 1 << 16, 2}));
  // A run may start anywhere in its block.
  EXPECT_EQ(words_of("shape c=128 n=1"), (Words{1u << 15 | 0x0b, 128, 1}));
  // SETM: the register, then a bit for each following register.
  EXPECT_EQ(words_of("shape w1=7 c1=9 n=4"),
            (Words{1u << 31 | (1u << 1 | 1u << 10) << 15 | 0x01, 7, 9, 4}));
  // SETA: BAR in 28..21.
  EXPECT_EQ(words_of("ld1a bar=24 offset=0x40"), (Words{1u << 29 | 24u << 21 | 0x28, 0x40}));
  EXPECT_EQ(words_of("sta bar=255 offset=0x100000002"),
            (Words{1u << 29 | 255u << 21 | 1u << 15 | 0x58, 2, 1}));
  // CTL: opcode in 29..24, a8 in 23..16, imm16 in 15..0.
  EXPECT_EQ(words_of("wait event=5 count=300"), (Words{1u << 30 | 3u << 24 | 5u << 16 | 300}));
  EXPECT_EQ(words_of("task id=2 queue=1 operator=9"),
            (Words{1u << 30 | 1u << 24 | 1u << 16 | 2, 9}));
  EXPECT_EQ(words_of("end"), (Words{1u << 30 | 0x3fu << 24}));
}

TEST(Encoding, TheOrderOfFieldsInTextDoesNotMatter) {
  EXPECT_EQ(words_of("conv groups=2 kh=5 kw=3"), words_of("conv kw=3 kh=5 groups=2"));
}

TEST(Encoding, NegativeNumbersAndHalves) {
  EXPECT_EQ(words_of("ne zero_in=-1 zero_w=-128 post=0.5"),
            (Words{0x91, 0x3800u << 16 | 0x80u << 8 | 0xff}));
  EXPECT_EQ(words_of("ne zero_in=0 post=0x3800"), words_of("ne post=0.5"));
}

TEST(Decoder, RefusesEverySecondSpellingOfAPacket) {
  EXPECT_EQ(refusal({1u << 31 | 1u << 15 | 0x10, 0, 0}),
            "p.anex: word 0: a masked packet for consecutive registers");
  EXPECT_EQ(refusal({1u << 31 | 0x10, 0}),
            "p.anex: word 0: a masked packet for consecutive registers");
  EXPECT_EQ(refusal({1u << 29 | 1u << 15 | 0x28, 5, 0}),
            "p.anex: word 0: a 64-bit address packet with an offset below 2^32");
  for (int bit = 21; bit <= 28; ++bit)
    EXPECT_EQ(refusal({1u << bit | 0x10, 0}), "p.anex: word 0: reserved bits 28..21 are set");
  // An offset of which the upper half alone is set needs it.
  EXPECT_TRUE(refusal({1u << 29 | 1u << 15 | 0x28, 0, 5}).starts_with("accepted: "));
}

TEST(Decoder, NamesTheWordOfWhatIsWrong) {
  const std::uint32_t nop = 1u << 30;
  EXPECT_EQ(refusal({nop, 1u << 30 | 0x20u << 24}),
            "p.anex: word 1: unknown control operation 0x20");
  EXPECT_EQ(refusal({nop, nop, 0x1f, 0}),
            "p.anex: word 2: register 0x1f belongs to no instruction");
  EXPECT_EQ(refusal({0x7fff, 0}), "p.anex: word 0: register 0x7fff belongs to no instruction");
  EXPECT_EQ(refusal({3u << 15 | 0x10, 0, 0, 0, 0}),
            "p.anex: word 0: the packet writes registers behind the last one of conv");
  EXPECT_EQ(refusal({2u << 15 | 0x10, 0}),
            "p.anex: word 0: the packet needs 3 more words, the program has 1");
  EXPECT_EQ(refusal({nop | 1u << 24}),
            "p.anex: word 0: task needs 1 more words, the program has 0");
  EXPECT_EQ(refusal({nop | 1}),
            "p.anex: word 0: nop sets bits 0x1 of word 0, which belong to no field");
  EXPECT_EQ(refusal({0x11, 1u << 17}),
            "p.anex: word 0: conv sets bits 0x20000 of word 1, which belong to no field");
  EXPECT_EQ(refusal({0x00, 5}), "p.anex: word 0: fmt in1 has no choice number 5");
  EXPECT_EQ(refusal({0x28, 0}),
            "p.anex: word 0: register 0x28 (ld1a) is not written by a packet of this kind");
  EXPECT_EQ(refusal({1u << 29 | 0x10, 0}),
            "p.anex: word 0: register 0x10 (conv) is not written by a packet of this kind");
  EXPECT_EQ(refusal({1u << 29 | 0x29, 1}),
            "p.anex: word 0: an address packet of ld1a loads one or two words at register 0x28");
  EXPECT_EQ(refusal({3u << 30, 0}), refusal({3u << 30, 0}));
}

}  // namespace
}  // namespace ane::isa
