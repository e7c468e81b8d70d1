// Is a person who writes a program by hand well served? Values, races, addresses, malformed
// programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "program.h"

namespace ane::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ExecCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "anesim_exec_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Answer exec(const std::string& program, const std::string& options = "") {
    const std::string path = folder_ + "/p.s";
    std::ofstream(path) << program;
    return anesim("exec " + path + " " + options);
  }
  std::string folder_;
};

// Two tasks: r1 = x + x in L2, then y = r1 * x in memory; the second reads what the first writes.
std::string two_tasks(const std::string& before_first, const std::string& before_second) {
  return R"(.program two
.chip M4
.section 24 tensors 128
.data 24 0 fp16 1 2 3 4
.tensor y bar=24 offset=64 format=fp16 n=1 c=1 h=1 w=4 sn=8 sc=8 sh=8 sw=2 output
)" + before_first +
         R"(task id=0
fmt in1=fp16 in2=fp16 out=fp16 mem1=fp16 mem2=fp16 mem=fp16
shape w1=4 h1=1 c1=1 n1=1 w2=4 h2=1 c2=1 n2=1 w=4 h=1 c=1 n=1
ld1 enable=1 sw=2 sh=8 sc=8 sn=8
ld1a bar=24 offset=0
ld2 enable=1 sw=2 sh=8 sc=8 sn=8
ld2a bar=24 offset=0
l2map s1=0 s1h=8 s1c=8 s1n=8 s2=64 s2h=8 s2c=8 s2n=8 r=128 rh=8 rc=8 rn=8
pe mode=ew ew=add
sig when=dst event=1
run
)" + before_second +
         R"(task id=1
ld2 enable=1 sw=2 sh=8 sc=8 sn=8
l2map s1=128 s1h=8 s1c=8 s1n=8 s2=192 s2h=8 s2c=8 s2n=8 r=256 rh=8 rc=8 rn=8
pe mode=ew ew=mul
st enable=1 sw=2 sh=8 sc=8 sn=8
sta bar=24 offset=64
run
end
)";
}

TEST_F(ExecCommand, InOrderTasksGiveTheirValues) {
  const Answer a = exec(two_tasks("dep n=0\n", ""));
  EXPECT_EQ(a.status, 0) << a.text;
  EXPECT_THAT(a.text, HasSubstr("y fp16 [1, 1, 1, 4]: 2 8 18 32"));
}

TEST_F(ExecCommand, ATaskWithAMissingWaitIsReportedAsARace) {
  const Answer a = exec(two_tasks("", ""));
  EXPECT_EQ(a.status, 2);
  EXPECT_THAT(a.text, HasSubstr("race: task 1 reads 0x80 to 0x88 in L2"));
  EXPECT_THAT(a.text, HasSubstr("task 0 may still write it"));
}

TEST_F(ExecCommand, AWaitOnTheSignalRemovesTheRace) {
  const Answer a = exec(two_tasks("", "wait event=1 count=1\n"));
  EXPECT_EQ(a.status, 0) << a.text;
  EXPECT_THAT(exec(two_tasks("", "fence\n")).text, Not(HasSubstr("race")));
}

TEST_F(ExecCommand, AWaitThatCanNeverEndIsAnError) {
  const Answer a = exec(two_tasks("", "wait event=2 count=1\n"));
  EXPECT_EQ(a.status, 2);
  EXPECT_THAT(a.text, HasSubstr("waits for event 2 to reach 1, but only 0 signals precede it"));
}

TEST_F(ExecCommand, AnAddressOutsideMemoryIsAnErrorWithTheLastValidByte) {
  std::string program = two_tasks("dep n=0\n", "");
  program.replace(program.find("sta bar=24 offset=64"), 20, "sta bar=24 offset=124");
  const Answer a = exec(program);
  EXPECT_EQ(a.status, 2);
  EXPECT_THAT(a.text, HasSubstr("task 1"));
  EXPECT_THAT(a.text, HasSubstr("outside section 24"));
  EXPECT_THAT(a.text, HasSubstr("the last valid byte is 0x7f"));
  std::string no_section = two_tasks("dep n=0\n", "");
  no_section.replace(no_section.find("ld1a bar=24"), 11, "ld1a bar=25");
  EXPECT_THAT(exec(no_section).text, HasSubstr("base register 25 has no section"));
  std::string beyond_l2 = two_tasks("dep n=0\n", "");
  beyond_l2.replace(beyond_l2.find("r=128"), 5, "r=0x200000");
  EXPECT_THAT(exec(beyond_l2).text, HasSubstr("outside L2"));
}

TEST_F(ExecCommand, AMalformedProgramIsOneClearLine) {
  EXPECT_THAT(exec("dep n=0\n").text, HasSubstr("no `end`"));
  EXPECT_THAT(exec("cnov kw=3\nend\n").text, HasSubstr("conv"));
  const Answer chip = exec(two_tasks("dep n=0\n", ""), "--chip M44");
  EXPECT_EQ(chip.status, 2);
  EXPECT_THAT(chip.text, HasSubstr("M4"));
  EXPECT_EQ(anesim("exec /nonexistent.s").status, 2);
}

TEST_F(ExecCommand, TimingAloneGivesTheSameTimeAndNoValues) {
  const Answer both = exec(two_tasks("dep n=0\n", ""), "--json");
  const Answer alone = exec(two_tasks("dep n=0\n", ""), "--json --timing-only");
  const auto line = [](const Answer& a) {
    const auto at = a.text.find("\"duration_s\"");
    return a.text.substr(at, a.text.find('\n', at) - at);
  };
  EXPECT_EQ(line(both), line(alone));
  EXPECT_THAT(alone.text, Not(HasSubstr("outputs")));
}

}  // namespace
}  // namespace ane::sim
