// Does a task reach outside its memory, whatever its registers hold? Extents and strides have 32
// bits: their products have up to 66, and what is refused must not depend on how they wrap.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "isa/assembler.h"
#include "isa/container.h"
#include "isa/error.h"
#include "sim/ane/machine.h"

namespace ane::sim {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// What the machine says of the program, before anything runs; empty: nothing.
std::string refusal(const isa::Program& program, const std::vector<std::string>& set = {}) {
  try {
    AneMachine machine(load_chip("M4", set), program);
    machine.time();
  } catch (const InputError& e) {
    return e.place() + ": " + e.what();
  }
  return "";
}
std::string refusal(const std::string& text, const std::vector<std::string>& set = {}) {
  return refusal(isa::assemble(text, "p.s"), set);
}

// A sum over columns of one source that is loaded from 64 bytes.
struct Sum {
  std::string shape = "w1=4 h1=1 c1=1 n1=1 w=1 h=1 c=1 n=1";
  std::string load = "enable=1 sw=2 sh=0 sc=0 sn=0", offset = "0";
  std::string l2 = "s1=0 s1h=8 s1c=8 s1n=8 r=128 rh=2 rc=2 rn=2", more;
  std::string text() const {
    return fmt::format(
        ".section 24 a 64\ntask id=7\nfmt in1=fp16 in2=fp16 out=fp16 mem1=fp16 mem2=fp16 "
        "mem=fp16\nshape {}\nld1 {}\nld1a bar=24 offset={}\nl2map {}\npe mode=red red=sum "
        "axes=1\n{}\nrun\nend\n",
        shape, load, offset, l2, more);
  }
};

TEST(Bounds, TheProgramTheOthersAreMadeFromRuns) {
  EXPECT_EQ(refusal(Sum().text()), "");
}

// (2^32 - 1) * (2^32 - 2) of each axis: sums of two or more lie beyond 2^64, some just above a
// multiple of it.
TEST(Bounds, StridesInL2NeverWrap) {
  const std::string far = "4294967294", many = "4294967295";
  for (const std::string axes : {"cn", "hc", "hn", "hcn"}) {
    Sum s;
    s.shape = "w1=4 h1=1 c1=1 n1=1 w=1 h=1 c=1 n=1";
    for (const char a : axes) {
      const std::string extent = fmt::format("{}1=1", a), stride = fmt::format("s1{}=8", a);
      s.shape.replace(s.shape.find(extent), extent.size(), fmt::format("{}1={}", a, many));
      s.l2.replace(s.l2.find(stride), stride.size(), fmt::format("s1{}={}", a, far));
    }
    EXPECT_THAT(refusal(s.text()), HasSubstr("task 7: ")) << axes;
  }
  // 5 * 2^32 + (2^32 - 1) * ... : the sum modulo 2^64 is 16 bytes.
  Sum s;
  s.shape = "w1=4 h1=2 c1=5 n1=4294967295 w=1 h=1 c=1 n=1";
  s.l2 = "s1=0 s1h=16 s1c=4294967294 s1n=4294967294 r=128 rh=2 rc=2 rn=2";
  EXPECT_THAT(refusal(s.text()), HasSubstr("task 7: "));
}

TEST(Bounds, FewElementsFarApartAreOutsideL2WithTheirExactPlace) {
  Sum s;
  s.shape = "w1=4 h1=2 c1=1 n1=1 w=1 h=2 c=1 n=1";
  s.l2 = "s1=0 s1h=4294967294 s1c=8 s1n=8 r=128 rh=2 rc=2 rn=2";
  EXPECT_THAT(refusal(s.text()), HasSubstr("task 7: bytes 0x0 to 0x100000006 lie outside L2"));
  s.l2 = "s1=0 s1h=8 s1c=8 s1n=8 r=128 rh=4294967294 rc=2 rn=2";
  EXPECT_THAT(refusal(s.text()), HasSubstr("task 7: bytes 0x80 to 0x100000080 lie outside L2"));
  s.l2 = "s1=4294967294 s1h=8 s1c=8 s1n=8 r=128 rh=2 rc=2 rn=2";
  EXPECT_THAT(refusal(s.text()), HasSubstr("task 7: bytes 0xfffffffe to 0x10000000e lie outside"));
}

TEST(Bounds, AddressesInMemoryNeverWrap) {
  for (const char* offset : {"0x40", "0x7fffffffffffffff", "0x7ffffffffffffff8",
                             "0x8000000000000000", "0xfffffffffffffff0", "0xffffffffffffffff"}) {
    Sum s;
    s.offset = offset;
    EXPECT_THAT(refusal(s.text()),
                AllOf(HasSubstr("task 7: bytes 0x"), HasSubstr("lie outside section 24")))
        << offset;
  }
  Sum s;  // memory strides of the load
  s.shape = "w1=2 h1=2 c1=2 n1=2 w=1 h=2 c=2 n=2";
  s.l2 = "s1=0 s1h=4 s1c=8 s1n=16 r=128 rh=2 rc=4 rn=8";
  s.load = "enable=1 sw=4294967295 sh=4294967295 sc=4294967295 sn=4294967295";
  EXPECT_THAT(refusal(s.text()), HasSubstr("task 7: bytes 0x0 to 0x3fffffffe lie outside section"));
}

TEST(Bounds, AnOperandEndsWithItsSection) {
  Sum s;  // 8 bytes of 64
  s.offset = "56";
  EXPECT_EQ(refusal(s.text()), "");
  s.offset = "57";
  EXPECT_THAT(refusal(s.text()), HasSubstr("bytes 0x39 to 0x41 lie outside section 24 of 0x40"));
}

// Strides of 0 keep any number of elements inside one byte range.
TEST(Bounds, NoOperandHasMoreElementsThanL2) {
  const std::string zero = "s1=0 s1h=0 s1c=0 s1n=0 r=128 rh=0 rc=0 rn=0";
  for (const char* shape : {"w1=1 h1=4294967295 c1=4294967295 n1=4294967295 w=1 h=1 c=1 n=1",
                            "w1=1 h1=1048577 c1=1 n1=1 w=1 h=1048577 c=1 n=1",
                            "w1=1 h1=65536 c1=65536 n1=65536 w=1 h=1 c=1 n=1",  // 2^48
                            "w1=1 h1=65536 c1=65536 n1=4294967295 w=1 h=1 c=1 n=1",
                            "w1=4 h1=1 c1=1 n1=1 w=1 h=4294967295 c=4294967295 n=4294967295"}) {
    Sum s;
    s.shape = shape;
    s.l2 = zero;
    EXPECT_THAT(refusal(s.text()), AllOf(HasSubstr("task 7: "), HasSubstr("is larger than L2")))
        << shape;
    s.load = "enable=0";
    EXPECT_THAT(refusal(s.text()), HasSubstr("is larger than L2")) << shape;
  }
  Sum s;
  s.shape = "w1=1 h1=1048576 c1=1 n1=1 w=1 h=1048576 c=1 n=1";
  s.l2 = "s1=0 s1h=0 s1c=0 s1n=0 r=0 rh=0 rc=0 rn=0";
  EXPECT_EQ(refusal(s.text()), "");
  EXPECT_THAT(refusal(s.text(), {"ane.l2=1MiB"}), HasSubstr("larger than L2 of 1048576 bytes"));
}

TEST(Bounds, AnExtentOf0IsRefusedWhateverTheOthersAre) {
  for (const char* shape : {"w1=0 h1=4294967295 c1=4294967295 n1=4294967295 w=1 h=1 c=1 n=1",
                            "w1=4 h1=1 c1=1 n1=0 w=1 h=1 c=1 n=1",
                            "w1=4 h1=1 c1=1 n1=1 w=1 h=0 c=4294967295 n=4294967295"}) {
    Sum s;
    s.shape = shape;
    EXPECT_THAT(refusal(s.text()), HasSubstr("task 7: an extent is 0")) << shape;
  }
}

TEST(Bounds, ASecondSourceIsHeldToTheSameBoundWhereItIsUsedOrLoaded) {
  Sum s;
  s.more =
      "ld2 enable=1 sw=0 sh=0 sc=0 sn=0\nld2a bar=24 offset=0\nshape w2=4294967295 "
      "h2=4294967295 c2=1 n2=1";
  EXPECT_THAT(refusal(s.text()), HasSubstr("task 7: source 2"));
  s.more = "pe mode=ew ew=add\nshape w2=4 h2=4294967295 c2=4294967295 n2=4294967295";
  EXPECT_THAT(refusal(s.text()), HasSubstr("task 7: source 2"));
  // Of a task before, and not used: no fault.
  s.more = "shape w2=4294967295 h2=4294967295 c2=4294967295 n2=4294967295";
  EXPECT_EQ(refusal(s.text()), "");
}

TEST(Bounds, WorkThatNoMachineEndsIsRefusedWithTheTask) {
  // A product of 2^20 by 2^20 columns into a sum.
  Sum s;
  s.shape = "w1=1048576 h1=1 c1=1 n1=1 w2=1048576 h2=1 c2=1 n2=1 w=1 h=1 c=1 n=1";
  s.load = "enable=0";
  s.l2 = "s1=0 s1h=8 s1c=8 s1n=8 s2=0 s2h=2 s2c=2 s2n=2 r=128 rh=2 rc=2 rn=2";
  s.more = "ne op=mm";
  EXPECT_THAT(refusal(s.text()), HasSubstr("task 7: the neural engines make"));
  // A window of 63 x 63 over all of a large L2.
  s.shape = "w1=1 h1=1 c1=16777216 n1=1 w=16777216 h=1 c=1 n=1";
  s.l2 = "s1=0 s1h=0 s1c=0 s1n=0 r=0 rh=0 rc=0 rn=0";
  s.more = "ne op=mac\nconv kw=63 kh=63 sx=1 sy=1 groups=1\npe mode=off\nkld enable=1 len=1";
  EXPECT_THAT(refusal(s.text(), {"ane.l2=64MiB"}),
              HasSubstr("task 7: more than 2^52 multiply-accumulates"));
  s.shape = "w1=1 h1=1 c1=16777216 n1=1 w=1 h=1 c=16777216 n=1";
  EXPECT_THAT(refusal(s.text(), {"ane.l2=64MiB"}), HasSubstr("task 7: more than 2^52 "));
  s.more = "ne op=mac\nconv kw=1 kh=1 sx=1 sy=1 groups=3\npe mode=off\nkld enable=1 len=1";
  EXPECT_THAT(refusal(s.text(), {"ane.l2=64MiB"}), HasSubstr("task 7: 3 groups do not divide"));
}

TEST(Bounds, TotalsOfManyLargeTasksStopInsteadOfWrapping) {
  TaskWork large, sum;
  large.macs = large.l2_bytes = std::int64_t{1} << 52;
  for (int i = 0; i < 4096; ++i) sum += large;
  EXPECT_EQ(sum.macs, Saturated::most);
  EXPECT_EQ(sum.l2_bytes, Saturated::most);
  EXPECT_EQ(sum.store_bytes, 0);
  // Each takes most of an hour.
  std::string text =
      "dep n=0\ntask id=7\nfmt in1=fp16 in2=fp16 out=fp16\nconv kw=31 kh=31 sx=1 sy=1 groups=1\n"
      "shape w1=1 h1=1 c1=1048576 n1=1 w=1 h=1 c=1048576 n=1\n"
      "l2map s1=0 s1h=0 s1c=0 s1n=0 r=0 rh=0 rc=0 rn=0\nne op=mac\nkld enable=1 len=1\n";
  EXPECT_EQ(refusal(text + "run\nend\n"), "");
  for (int i = 0; i < 9000; ++i) text += "run\n";
  EXPECT_THAT(refusal(text + "end\n"), HasSubstr("task 7: ends after 9"));
}

TEST(Bounds, WeightStreamsAreMeasuredBeforeTheirRowsAreMade) {
  Sum s;
  s.load = "enable=0";
  s.shape = "w1=1 h1=1 c1=1048576 n1=1 w=1 h=1 c=1048576 n=1";
  s.l2 = "s1=0 s1h=0 s1c=0 s1n=0 r=0 rh=0 rc=0 rn=0";
  for (const char* stream :
       {"format=fp16 len=64", "format=pal1 len=4294967295", "format=sparse len=1024"}) {
    s.more = fmt::format(
        "ne op=mac\nconv kw=31 kh=31 sx=1 sy=1 groups=1\npe mode=off\n"
        "kld enable=1 {}\nkla bar=24 offset=0",
        stream);
    AneMachine machine(load_chip("M4"), isa::assemble(s.text(), "p.s"));
    try {
      machine.execute();
      FAIL() << stream;
    } catch (const InputError& e) {
      EXPECT_EQ(e.place(), "task 7") << stream;
      EXPECT_THAT(e.what(), HasSubstr("weights need")) << stream;
    }
  }
  // Streams and side streams whose address wraps.
  s.shape = "w1=1 h1=1 c1=1 n1=1 w=1 h=1 c=1 n=1";
  for (const char* address : {"0x7fffffffffffffff", "0xfffffffffffffff0", "0x40"}) {
    s.more = fmt::format(
        "ne op=mac\nconv kw=1 kh=1 sx=1 sy=1 groups=1\npe mode=off\n"
        "kld enable=1 format=fp16 len=2 off0=4294967295 bias=4294967295\n"
        "kla bar=24 offset={}",
        address);
    AneMachine machine(load_chip("M4"), isa::assemble(s.text(), "p.s"));
    EXPECT_THROW(machine.execute(), InputError) << address;
  }
}

// The files of the collection, where it is at hand.
TEST(Bounds, TheCollectedProgramsAreRefusedWithTheirTask) {
  const std::filesystem::path folder = SOURCE_DIR "/../shared/cases/faults";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no collection";
  for (const char* name :
       {"l2_bounds_wrap.s", "l2_bounds_wrap_linear.s", "stride0_2_96_elements.s"}) {
    std::ostringstream text;
    text << std::ifstream(folder / name).rdbuf();
    EXPECT_THAT(refusal(text.str()), HasSubstr("task 0: ")) << name;
  }
}

}  // namespace
}  // namespace ane::sim
