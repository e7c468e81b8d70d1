// What does `ne op=copy` leave where its source and its result share bytes of L2?
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "isa/assembler.h"
#include "isa/error.h"
#include "kernels/arith/round.h"
#include "sim/ane/machine.h"

namespace ane::sim {
namespace {

using testing::HasSubstr;

std::vector<double> copied(const std::string& shape, const std::string& from,
                           const std::string& to) {
  // 16 numbers at L2 0, copied, then stored from L2 0 again.
  AneMachine machine(
      load_chip("M4"),
      isa::assemble(
          fmt::format(".section 24 a 64\n.data 24 0 fp16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n"
                      ".tensor y bar=24 offset=32 format=fp16 w=16 output\n"
                      "dep n=0\ntask id=0\nfmt in1=fp16 in2=fp16 out=fp16 mem1=fp16 mem=fp16\n"
                      "shape w1=16 h1=1 c1=1 n1=1 w=16 h=1 c=1 n=1\nld1 enable=1 sw=2\n"
                      "ld1a bar=24 offset=0\nl2map s1=0 r=4096\nne op=copy\nrun\n"
                      "task id=1\nld1 enable=0\nshape {}\nl2map {} {}\nne op=copy\nrun\n"
                      "task id=2\nshape w1=16 h1=1 c1=1 n1=1 w=16 h=1 c=1 n=1\nl2map s1=0 r=8192\n"
                      "ne op=copy\nst enable=1 sw=2\nsta bar=24 offset=32\nrun\nend\n",
                      shape, from, to),
          "p.s"));
  machine.execute();
  kernels::Tensor y = machine.read("y");
  std::vector<double> values;
  for (const auto h : y.as<kernels::arith::Half>())
    values.push_back(static_cast<double>(kernels::arith::to_float(h)));
  return values;
}

TEST(Copies, ReadAllOfTheirSourceBeforeTheyWrite) {
  const std::string row = "w1=8 h1=1 c1=1 n1=1 w=8 h=1 c=1 n=1";
  // One row, moved up and down by two elements.
  EXPECT_EQ(copied(row, "s1=0", "r=4"),
            (std::vector<double>{0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15}));
  EXPECT_EQ(copied(row, "s1=4", "r=0"),
            (std::vector<double>{2, 3, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 14, 15}));
  // Rows of 4, moved by one row: row by row in order, the first would go through all.
  EXPECT_EQ(copied("w1=4 h1=3 c1=1 n1=1 w=4 h=3 c=1 n=1", "s1=0 s1h=8", "r=8 rh=8"),
            (std::vector<double>{0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  // Rows that overlap with the next one's source by half, and a transposition in place.
  EXPECT_EQ(copied("w1=4 h1=2 c1=1 n1=1 w=4 h=2 c=1 n=1", "s1=0 s1h=8", "r=4 rh=16"),
            (std::vector<double>{0, 1, 0, 1, 2, 3, 6, 7, 8, 9, 4, 5, 6, 7, 14, 15}));
  EXPECT_EQ(copied("w1=1 h1=4 c1=4 n1=1 w=1 h=4 c=4 n=1", "s1=0 s1h=2 s1c=8", "r=0 rh=8 rc=2"),
            (std::vector<double>{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}));
  // Onto itself.
  EXPECT_EQ(copied("w1=8 h1=2 c1=1 n1=1 w=8 h=2 c=1 n=1", "s1=0 s1h=16", "r=0 rh=16"),
            (std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
}

TEST(Copies, OfRowsThatLieOverEachOtherKeepTheLast) {
  EXPECT_EQ(copied("w1=4 h1=3 c1=1 n1=1 w=4 h=3 c=1 n=1", "s1=0 s1h=8", "r=16 rh=0"),
            (std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
  EXPECT_EQ(copied("w1=4 h1=3 c1=1 n1=1 w=4 h=3 c=1 n=1", "s1=0 s1h=8", "r=2 rh=4"),
            (std::vector<double>{0, 0, 1, 4, 5, 8, 9, 10, 11, 9, 10, 11, 12, 13, 14, 15}));
}

TEST(Copies, KeepTheirFormat) {
  AneMachine machine(load_chip("M4"),
                     isa::assemble(".section 24 a 64\ntask id=7\nfmt in1=i32 mem1=i32 out=fp16\n"
                                   "shape w1=1 h1=1 c1=1 n1=1 w=1 h=1 c=1 n=1\nld1 enable=1 sw=4\n"
                                   "ld1a bar=24 offset=0\nl2map s1=0 r=128\nne op=copy\nrun\nend\n",
                                   "p.s"));
  try {
    machine.execute();
    FAIL();
  } catch (const InputError& e) {
    EXPECT_EQ(e.place(), "task 7");
    EXPECT_THAT(e.what(), HasSubstr("a copy of i32 to fp16"));
  }
}

// What a task computes of `data` at L2 0, two rows of four; its result of `width` numbers.
std::vector<double> computed(const std::string& task, int width) {
  AneMachine machine(
      load_chip("M4"),
      isa::assemble(
          fmt::format(".section 24 a 128\n.data 24 0 fp16 1 2 3 4 10 20 30 40\n"
                      ".section 16 w 64\n.data 16 0 fp16 1 1 1\n"
                      ".tensor y bar=24 offset=64 format=fp16 w={0} output\n"
                      "dep n=0\ntask id=0\nfmt in1=fp16 in2=fp16 out=fp16 mem1=fp16 mem=fp16\n"
                      "shape w1=8 h1=1 c1=1 n1=1 w=8 h=1 c=1 n=1\nld1 enable=1 sw=2\n"
                      "ld1a bar=24 offset=0\nl2map s1=0 r=4096\nne op=copy\nrun\n"
                      "task id=1\nld1 enable=0\nl2map s1=0 s2=8 r=8192\n{1}\nrun\n"
                      "task id=2\nshape w1={0} h1=1 c1=1 n1=1 w={0} h=1 c=1 n=1\n"
                      "l2map s1=8192 r=12288\nne op=copy\npe mode=off\nst enable=1 sw=2\n"
                      "sta bar=24 offset=64\nrun\nend\n",
                      width, task),
          "p.s"));
  machine.execute();
  kernels::Tensor y = machine.read("y");
  std::vector<double> values;
  for (const auto h : y.as<kernels::arith::Half>())
    values.push_back(static_cast<double>(kernels::arith::to_float(h)));
  return values;
}

// Fields that no compiled program sets.
TEST(Tasks, AConvolutionPadsWithItsValue) {
  const auto sums = [](const std::string& pad) {
    return computed(
        "shape w1=4 h1=1 c1=1 n1=1 w=4 h=1 c=1 n=1\nne op=mac\n"
        "conv kw=3 kh=1 sx=1 sy=1 pl=1 pt=0 groups=1 pad=" +
            pad + "\nkld enable=1 format=fp16 len=6\nkla bar=16 offset=0",
        4);
  };
  EXPECT_EQ(sums("0"), (std::vector<double>{3, 6, 9, 7}));
  EXPECT_EQ(sums("100"), (std::vector<double>{103, 6, 9, 107}));
}

TEST(Tasks, OperandsOfThePlanarEngineAreSwapped) {
  const auto difference = [](const std::string& swap) {
    return computed(
        "shape w1=4 h1=1 c1=1 n1=1 w2=4 h2=1 c2=1 n2=1 w=4 h=1 c=1 n=1\n"
        "pe mode=ew ew=sub swap=" +
            swap,
        4);
  };
  EXPECT_EQ(difference("0"), (std::vector<double>{-9, -18, -27, -36}));
  EXPECT_EQ(difference("1"), (std::vector<double>{9, 18, 27, 36}));
}

}  // namespace
}  // namespace ane::sim
