// Numbers that stop at the ends of 64 bits, and what is counted with them.
#include "isa/saturated.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "isa/assembler.h"
#include "isa/container.h"
#include "isa/error.h"
#include "isa/task.h"

namespace ane {
namespace {

using testing::HasSubstr;
constexpr std::int64_t most = Saturated::most, least = Saturated::least;

TEST(Saturated, IsExactWhereTheResultFits) {
  EXPECT_EQ((Saturated(3) + 4).value(), 7);
  EXPECT_EQ((Saturated(3) - 4).value(), -1);
  EXPECT_EQ((Saturated(0xffffffff) * 0x7fffffff).value(), 0xffffffffLL * 0x7fffffffLL);
  EXPECT_EQ((Saturated(most) * 0).value(), 0);
  EXPECT_EQ((Saturated(most) - most).value(), 0);
  EXPECT_FALSE((Saturated(most) - 1).stopped());
}

TEST(Saturated, StopsAtTheEndThatTheResultLiesBeyond) {
  EXPECT_EQ((Saturated(most) + 1).value(), most);
  EXPECT_EQ((Saturated(least) - 1).value(), least);
  EXPECT_EQ((Saturated(least) + -1).value(), least);
  EXPECT_EQ((Saturated(1) - least).value(), most);
  EXPECT_EQ((Saturated(std::int64_t{1} << 62) * 2).value(), most);
  EXPECT_EQ((Saturated(std::int64_t{1} << 62) * -4).value(), least);
  EXPECT_EQ((Saturated(least) * -1).value(), most);
  EXPECT_TRUE((Saturated(most) * most).stopped());
}

TEST(Extents, MoreElementsThan63BitsHoldAreRefused) {
  EXPECT_EQ((isa::Extents{.w = 3, .h = 5, .c = 7, .n = 11}.count()), 1155);
  EXPECT_EQ((isa::Extents{.w = 0xffffffff, .h = 0x7fffffff}.count()), 0xffffffffLL * 0x7fffffffLL);
  // 2^64, 2^96 and a product that would wrap to a small positive number.
  for (const isa::Extents e : {isa::Extents{.w = 1LL << 32, .h = 1LL << 32},
                               isa::Extents{.w = 0xffffffff, .h = 0xffffffff, .c = 0xffffffff},
                               isa::Extents{.w = (1LL << 32) + 1, .h = (1LL << 32) - 1, .c = 3}})
    EXPECT_THROW(e.count(), InputError);
}

std::string tensor_fault(const std::string& tensor) {
  try {
    isa::assemble(".section 4 a 64\n" + tensor + "\nend\n", "t.s");
  } catch (const InputError& e) {
    return e.place() + ": " + e.what();
  }
  return "";
}

TEST(Tensors, NeverHoldMoreElementsThanTheirSection) {
  const std::string repeated = ".tensor x bar=4 offset=0 format=fp16 sn=0 sc=0 sh=0 sw=0 ";
  EXPECT_EQ(tensor_fault(repeated + "n=4 c=2 h=2 w=2"), "");
  for (const char* extents :
       {"n=4 c=2 h=2 w=3", "n=2147483647 c=2147483647 h=2147483647 w=2147483647",
        "n=65536 c=65536 h=65536 w=65536", "n=2147483647 c=2147483647 h=4 w=1"})
    EXPECT_THAT(tensor_fault(repeated + extents),
                HasSubstr("t.s:2: tensor x has more elements than the 64 bytes of bar 4 hold"))
        << extents;
}

TEST(Tensors, StridesThatAreNotGivenDoNotWrapAround) {
  for (const char* extents : {"w=1099511627776 h=1099511627776 c=1099511627776",
                              "w=2147483647 h=2147483647 c=2147483647 n=2",
                              "w=1 h=1 c=1 n=2 sw=1099511627776 sh=1099511627776 c=8388608"})
    EXPECT_NE(tensor_fault(std::string(".tensor x bar=4 offset=0 format=fp16 ") + extents), "")
        << extents;
}

}  // namespace
}  // namespace ane
