#include "workloads/readqc/fastq/phred.h"

#include <gtest/gtest.h>

#include <string>

namespace ane::workloads::readqc {
namespace {

Offset offset_of_text(const std::string& characters) {
  QualityRange seen;
  seen.add(characters);
  return offset_of(seen);
}

TEST(Phred, ACharacterOutsideTheRangeOfOffset64Decides) {
  EXPECT_EQ(offset_of_text("#5I"), Offset::is_33);
  EXPECT_EQ(offset_of_text(":hh"), Offset::is_33);  // ':' is below Q-5
  EXPECT_EQ(offset_of_text("!~"), Offset::is_33);
  EXPECT_EQ(offset_of_text("@Sj"), Offset::is_33);  // 'j' were Q42
  EXPECT_EQ(offset_of_text("hij"), Offset::is_33);
  EXPECT_EQ(offset_of_text("~~~"), Offset::is_33);  // long accurate reads, cleaned
  EXPECT_EQ(offset_of_text(";~"), Offset::is_33);
}

TEST(Phred, SixtyFourIsToldOfWhatNoInstrumentWritesWithOffset33) {
  EXPECT_EQ(offset_of_text("Bfh"), Offset::is_64);
  EXPECT_EQ(offset_of_text("@i"), Offset::is_64);
  EXPECT_EQ(offset_of_text("B^"), Offset::is_64);
  EXPECT_EQ(offset_of_text("hhh"), Offset::is_64);
}

TEST(Phred, WhatBothExplainIsUndecided) {
  EXPECT_EQ(offset_of_text("@S"), Offset::undecided);   // Q31 to Q50, or Q0 to Q19
  EXPECT_EQ(offset_of_text("SSS"), Offset::undecided);  // Q50 alone
  EXPECT_EQ(offset_of_text("ENV"), Offset::undecided);  // Q36 to Q53
  EXPECT_EQ(offset_of_text("I]"), Offset::undecided);   // Q40 to Q60, a cap of consensus
  EXPECT_EQ(offset_of_text("@P"), Offset::undecided);   // Q47 at best
  EXPECT_EQ(offset_of_text(";S"), Offset::undecided_solexa);
  EXPECT_EQ(offset_of_text("<h"), Offset::undecided_solexa);
  EXPECT_EQ(offset_of_text("?i"), Offset::undecided_solexa);
}

TEST(Phred, LowCharactersThatFitBothSeem33) {
  EXPECT_EQ(offset_of_text(""), Offset::seems_33);
  EXPECT_EQ(offset_of_text("III"), Offset::seems_33);
  EXPECT_EQ(offset_of_text("@BI"), Offset::seems_33);
  EXPECT_EQ(offset_of_text(";O"), Offset::seems_33);
}

TEST(Phred, ARangeGrowsWithWhatIsAdded) {
  QualityRange r;
  EXPECT_TRUE(r.empty());
  r.add("");
  EXPECT_TRUE(r.empty());
  r.add("FB");
  r.add("D\x80");
  EXPECT_EQ(r.lowest, 'B');
  EXPECT_EQ(r.highest, 0x80);
}

TEST(Phred, BytesAreShownAsTheyCanBe) {
  EXPECT_EQ(shown('#'), "'#'");
  EXPECT_EQ(shown('\t'), "byte 0x09");
  EXPECT_EQ(shown(0xef), "byte 0xef");
}

}  // namespace
}  // namespace ane::workloads::readqc
