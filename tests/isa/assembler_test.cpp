// Is the author of a program well served?
#include "isa/assembler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "isa/disassembler.h"
#include "isa/error.h"
#include "isa/number_text.h"

namespace ane::isa {
namespace {

struct Fault {
  std::string message, note;
};
Fault fault_of(std::string_view text) {
  try {
    assemble(text, "p.s");
  } catch (const InputError& e) {
    return {e.place() + ": " + e.what(), e.note()};
  }
  return {"accepted", ""};
}
std::string message(std::string_view text) {
  return fault_of(text).message;
}

TEST(Assembler, SaysTheRangeOfAField) {
  EXPECT_EQ(message("nop\n\nconv kw=64"), "p.s:3: kw must be 0 to 63, not 64");
  EXPECT_EQ(message("conv kw=-1"), "p.s:1: kw must be 0 to 63, not -1");
  EXPECT_EQ(message("conv kw=x"), "p.s:1: kw must be 0 to 63, not x");
  EXPECT_EQ(message("conv kw="), "p.s:1: kw must be 0 to 63, not \"\"");
  EXPECT_EQ(message("ne zero_in=128"), "p.s:1: zero_in must be -128 to 127, not 128");
  EXPECT_EQ(message("shape w=0x100000000"), "p.s:1: w must be 0 to 4294967295, not 0x100000000");
  EXPECT_EQ(message("shape w=99999999999999999999"),
            "p.s:1: w must be 0 to 4294967295, not 99999999999999999999");
  EXPECT_EQ(message("conv pad=65520"),
            "p.s:1: pad must be -65504 to 65504 or bits 0x0 to 0xffff, not 65520");
  EXPECT_EQ(message("conv pad=inf"),
            "p.s:1: pad must be -65504 to 65504 or bits 0x0 to 0xffff, not inf");
  EXPECT_EQ(message("ld1a bar=256 offset=0"), "p.s:1: bar must be 0 to 255, not 256");
}

TEST(Assembler, NamesTheNearestInstructionFieldAndChoice) {
  Fault f = fault_of("cnov kw=3");
  EXPECT_EQ(f.message, "p.s:1: unknown instruction cnov");
  EXPECT_THAT(f.note, testing::StartsWith("did you mean 'conv'?"));
  f = fault_of("conv khh=3");
  EXPECT_EQ(f.message, "p.s:1: conv has no field khh");
  EXPECT_THAT(f.note, testing::StartsWith("did you mean 'kh'?"));
  f = fault_of("ne act=gelo");
  EXPECT_EQ(f.message, "p.s:1: act has no choice gelo");
  EXPECT_THAT(f.note, testing::StartsWith("did you mean 'gelu'?"));
  f = fault_of(".sektion 1 a 5");
  EXPECT_EQ(f.message, "p.s:1: unknown directive .sektion");
  EXPECT_THAT(f.note, testing::StartsWith("did you mean '.section'?"));
  f = fault_of("ld1a base=1 offset=0");
  EXPECT_EQ(f.message, "p.s:1: ld1a has no field base");
  f = fault_of("nop now=1");
  EXPECT_EQ(f.message, "p.s:1: nop has no field now");
}

TEST(Assembler, EveryMessageIsOneLine) {
  const std::string section = ".section 1 a 5\n";
  for (const std::string& text : std::vector<std::string>{
           "\"a\nb\"", "conv \"k\\x0a\"=1", "co\x01nv", "conv kw=\"\\x0a\"", "ne op=\"\\x0a\"",
           "conv pad=\"\\x0a\"", ".chip \"\\x0a\"=1", ".section 1 a \"\\x0a\"",
           section + ".data 1 0 \"\\x0a\" 1", section + ".data 1 0 hex \"\\x0a1\"",
           section + ".data 1 0 fp32 \"\\x0a\"", section + ".data 1 0 fp16 \"\\x0a\"",
           ".tensor \"\\x0a\" bar=1 offset=0 format=u8"}) {
    EXPECT_NE(message(text), "accepted") << text;
    EXPECT_THAT(message(text), testing::Not(testing::HasSubstr("\n"))) << text;
  }
}

TEST(Assembler, RefusesWhatItWouldHaveToGuess) {
  EXPECT_EQ(message("conv kw=1 kw=1"), "p.s:1: conv names kw twice");
  EXPECT_EQ(message("conv 3"), "p.s:1: conv: fields are written name=value, not 3");
  EXPECT_EQ(message("conv =3"), "p.s:1: conv: fields are written name=value, not \"\"");
  EXPECT_EQ(message("conv"), "p.s:1: conv needs at least one field");
  EXPECT_EQ(message("ld1a bar=1"), "p.s:1: ld1a needs bar= and offset=");
  EXPECT_EQ(message("a=b"), "p.s:1: a line begins with an instruction or a directive");
  EXPECT_EQ(message(".program \"a"), "p.s:1: a quote does not end on its line");
  EXPECT_EQ(message(".program a b"), "p.s:1: .program is written: .program NAME");
}

TEST(Assembler, DataMustLieInsideItsSection) {
  EXPECT_EQ(message(".data 3 0 u8 1"), "p.s:1: bar 3 has no section");
  EXPECT_EQ(message(".section 3 a 4\n.section 3 b 4"), "p.s:2: bar 3 has a section already");
  EXPECT_EQ(message(".section 3 a 4\n.data 3 3 fp16 1"),
            "p.s:2: data up to byte 5 in a section of 4 bytes (contents: at most 1073741824)");
  EXPECT_EQ(message(".section 3 a 4\n.data 3 0 u8 256"),
            "p.s:2: an u8 value must be 0 to 255, not 256");
  EXPECT_EQ(message(".section 3 a 4\n.data 3 0 hex abc"), "p.s:2: hex data has two digits a byte");
}

TEST(Assembler, NumbersAndSectionsEndAtTheirLimits) {
  const auto value = [](std::string_view text) { return parse_integer(text)->value(); };
  EXPECT_EQ(value("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(value("9223372036854775808"), std::nullopt);
  EXPECT_EQ(value("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(value("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(message(".section 3 a 1099511627776"), "accepted");
  EXPECT_EQ(message(".section 3 a 1099511627777"),
            "p.s:1: size must be 0 to 1099511627776, not 1099511627777");
}

TEST(Assembler, TensorsMustLieInsideTheirSection) {
  const std::string section = ".section 3 a 16\n";
  EXPECT_EQ(message(section + ".tensor x bar=3 offset=0 format=fp16 w=8"), "accepted");
  EXPECT_EQ(message(section + ".tensor x bar=3 offset=2 format=fp16 w=8"),
            "p.s:2: tensor x reaches behind the 16 bytes of bar 3");
  EXPECT_EQ(message(section + ".tensor x bar=3 offset=0 format=u8 w=0x7fffffff n=0x7fffffff "
                              "sn=0xffffffff sc=0xffffffff sh=0xffffffff sw=0xffffffff"),
            "p.s:2: tensor x reaches behind the 16 bytes of bar 3");
  // All axes together: 6 bytes along the columns, 8 along the rows, and the last element.
  EXPECT_EQ(message(section + ".tensor x bar=3 offset=0 format=fp16 w=4 h=2 sw=2 sh=8"),
            "accepted");
  EXPECT_EQ(message(section + ".tensor x bar=3 offset=0 format=fp16 w=4 h=2 sw=2 sh=10"),
            "p.s:2: tensor x reaches behind the 16 bytes of bar 3");
  // No more elements than there is room for, also where strides of 0 put them in one place.
  EXPECT_EQ(message(section + ".tensor x bar=3 offset=0 format=fp16 n=8 sn=0"), "accepted");
  EXPECT_EQ(message(section + ".tensor x bar=3 offset=0 format=fp16 n=9 sn=0"),
            "p.s:2: tensor x has more elements than the 16 bytes of bar 3 hold");
  EXPECT_EQ(message(section + ".tensor x bar=3 offset=15 format=fp16"),
            "p.s:2: tensor x starts at 15, outside the 16 bytes of bar 3");
  EXPECT_EQ(message(section + ".tensor x bar=3 offset=0 format=u8 w=0"),
            "p.s:2: tensor x: 0 elements with a stride of 1 bytes along w");
  EXPECT_EQ(message(section + ".tensor x bar=4 offset=0 format=u8"),
            "p.s:2: tensor x lies in bar 4, which has no section");
  EXPECT_EQ(message(section + ".tensor x bar=3 offset=0 format=f16"), "p.s:2: unknown format f16");
  EXPECT_EQ(message(section + ".tensor x bar=3 offset=0 w=1"), "p.s:2: .tensor needs format=");
}

TEST(Assembler, ReadsDataInEveryFormat) {
  const Program p = assemble(
      ".section 1 a 64\n"
      ".data 1 0 u8 255 0x10   ; two bytes\n"
      ".data 1 2 i8 -1 # one\n"
      ".data 1 4 fp16 1 0x7e00 -0\n"
      ".data 1 10 i32 -2\n"
      ".data 1 14 fp32 1.5 0x7f800000\n"
      ".data 1 22 hex 00ff\n",
      "");
  EXPECT_EQ(p.sections[0].contents,
            (std::vector<std::uint8_t>{0xff, 0x10, 0xff, 0,    0x00, 0x3c, 0x00, 0x7e,
                                       0x00, 0x80, 0xfe, 0xff, 0xff, 0xff, 0,    0,
                                       0xc0, 0x3f, 0,    0,    0x80, 0x7f, 0x00, 0xff}));
}

TEST(Assembler, StridesNotGivenArePacked) {
  const Program p =
      assemble(".section 1 a 4096\n.tensor x bar=1 offset=8 format=fp16 n=2 c=3 h=4 w=5 input", "");
  const TensorSymbol& t = p.tensors[0];
  EXPECT_EQ(t.sw, 2);
  EXPECT_EQ(t.sh, 10);
  EXPECT_EQ(t.sc, 40);
  EXPECT_EQ(t.sn, 120);
  EXPECT_TRUE(t.input);
  EXPECT_FALSE(t.output);
}

TEST(Assembler, AListingIsReproducedAsItStands) {
  const std::string listing =
      ".program \"two layers\"\n"
      ".chip M4\n"
      ".profile ane16\n"
      ".operator /dense/MatMul\n"
      ".operator \"a \\\"b\\\"\"\n"
      ".section 1 weights 4096\n"
      ".section 4 input 32\n"
      ".tensor x bar=4 offset=0x0 format=fp16 n=1 c=16 h=1 w=1 sn=32 sc=2 sh=2 sw=2 input\n"
      ".data 1 0x20 hex 003c00400042\n"
      "dep n=0\n"
      "task id=0 queue=0 operator=0  ; /dense/MatMul\n"
      "fmt in1=fp16 in2=u8 out=fp16 mem1=fp16 mem2=u8 mem=fp16\n"
      "shape w1=1 h1=1 c1=16 n1=1\n"
      "shape w=1 c=4\n"
      "conv kw=1 kh=1 sx=1 sy=1 pl=0 pt=0 groups=1 pad=-0.5\n"
      "ld1 enable=1 sw=2 sh=2 sc=2 sn=32\n"
      "ld1a bar=4 offset=0x0\n"
      "kld enable=1 format=pal4 block=0 bias=1 scale=0 len=32 off0=0\n"
      "kla bar=1 offset=0x123456789\n"
      "ne op=mac act=silu winograd=0 zero_in=-3 zero_w=0 post=0x7c00 skip=0 alpha=0.1\n"
      "pe mode=off ew=add red=sum pool=max axes=0 swap=0 count_pad=0 post=none\n"
      "sig when=dst event=3\n"
      "run\n"
      "wait count=1 event=3\n"
      "end\n";
  EXPECT_EQ(disassemble(assemble(listing, ""), ""), listing);
}

}  // namespace
}  // namespace ane::isa
