// Is a person who writes a program by hand well served? Values, races, addresses, malformed
// programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/program.h"

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

TEST_F(ExecCommand, ATaskOfAnOperatorThatTheProgramDoesNotNameIsAnError) {
  std::string program = two_tasks("dep n=0\n", "");
  EXPECT_EQ(exec(program).status, 0);  // none named, none used
  const auto at = program.find("task id=1");
  program.replace(at, 9, "task id=1 operator=2");
  program.insert(program.find(".section"), ".operator a\n.operator b\n");
  const Answer beyond = exec(program);
  EXPECT_EQ(beyond.status, 2);
  EXPECT_THAT(beyond.text, HasSubstr("two: task 1: operator 2, but the program names 2\n"));
  program.replace(program.find("operator=2"), 10, "operator=1");
  EXPECT_EQ(exec(program).status, 0);
}

TEST_F(ExecCommand, AProgramComesFromAFileOrAPipe) {
  EXPECT_EQ(exec(two_tasks("dep n=0\n", "")).status, 0);
  const std::string file = folder_ + "/p.s";
  EXPECT_EQ(anesim("asm " + file + " -o " + folder_ + "/p.anex").status, 0);
  const std::string values = anesim("exec " + file).text;
  EXPECT_EQ(anesim("exec " + folder_ + "/p.anex").text, values);
  for (const char* name : {"/p.s", "/p.anex"})
    EXPECT_EQ(anesim("exec /dev/stdin <" + folder_ + name).text, values);
  EXPECT_EQ(anesim("exec /dev/stdin", "2>&1 <<EOF\n" + two_tasks("dep n=0\n", "") + "EOF\n").text,
            values);
}

TEST_F(ExecCommand, AFileThatCannotBeReadIsNamedWithTheReason) {
  const auto error = [](const std::string& path) { return anesim("exec " + path).text; };
  EXPECT_EQ(error(folder_), "error: " + folder_ + ": cannot be read: Is a directory\n");
  EXPECT_EQ(error("/no/such.s"), "error: /no/such.s: cannot be read: No such file or directory\n");
  EXPECT_THAT(error(std::string(5000, 'x')), HasSubstr("cannot be read: File name too long\n"));
  EXPECT_EQ(error("/dev/null"), "error: /dev/null: the file is empty\n");
}

TEST_F(ExecCommand, ExtentsAndStridesBeyondTheMachineAreRefusedWithTheTask) {
  const struct {
    const char *of, *into;
  } changes[] = {
      {"w1=4 h1=1 c1=1 n1=1", "w1=4 h1=4294967295 c1=4294967295 n1=4294967295"},
      {"w1=4 h1=1 c1=1 n1=1", "w1=4 h1=4294967295 c1=1 n1=1"},
      {"w2=4 h2=1 c2=1 n2=1", "w2=4 h2=65536 c2=65536 n2=65536"},
      {"w=4 h=1 c=1 n=1", "w=4294967295 h=4294967295 c=4294967295 n=4294967295"},
  };
  for (const auto& change : changes) {
    std::string program = two_tasks("dep n=0\n", "");
    program.replace(program.find(change.of), std::string(change.of).size(), change.into);
    for (const char* strides : {"s1=0 s1h=8 s1c=8 s1n=8", "s1=0 s1h=0 s1c=0 s1n=0",
                                "s1=0 s1h=4294967295 s1c=4294967295 s1n=4294967295"}) {
      std::string moved = program;
      moved.replace(moved.find("s1=0 s1h=8 s1c=8 s1n=8"), 22, strides);
      for (const char* options : {"", "--timing-only"}) {
        const Answer a = exec(moved, options);
        EXPECT_EQ(a.status, 2) << change.into << " " << strides;
        EXPECT_THAT(a.text, HasSubstr("task 0: "));
      }
    }
  }
}

// One task from a tensor of [1, 1, 1, 4] to one of 8 elements.
std::string one_task(const std::string& formats, const std::string& result,
                     const std::string& stages) {
  return ".section 24 a 64\n.section 25 b 64\ntask id=7\nfmt " + formats + "\nshape " + result +
         " w1=4 h1=1 c1=1 n1=1 w2=1 h2=1 c2=1 n2=1\n"
         "ld1 enable=1 sw=1 sh=8 sc=8 sn=8\nld1a bar=24 offset=0\n"
         "l2map s1=0 s1h=8 s1c=8 s1n=8 s2=64 s2h=2 s2c=2 s2n=2 r=128 rh=16 rc=2 rn=16\n"
         "conv kw=1 kh=1 sx=1 sy=1\n" +
         stages + "\nrun\nend\n";
}

TEST_F(ExecCommand, StagesThatDoNotFitTheirOperandsAreErrors) {
  const std::string half = "in1=fp16 in2=fp16 out=fp16 mem1=fp16 mem2=fp16 mem=fp16";
  const std::string code = "in1=i8 in2=fp16 out=fp16 mem1=i8 mem2=fp16 mem=fp16";
  const struct {
    std::string program, what;
  } faults[] = {
      {one_task(half, "w=4 h=1 c=8 n=1", "pe mode=pool pool=max"),
       "a pool keeps images and channels"},
      {one_task(half, "w=4 h=8 c=1 n=1", "pe mode=ew ew=add"),
       "the sources' extents do not broadcast to the result's"},
      {one_task(half, "w=1 h=1 c=1 n=1", "shape w1=4 h1=1 c1=1 n1=4 w2=1 h2=1 c2=1 n2=2\nne op=mm"),
       "`ne op=mm` takes one second source, or one for each image"},
      {one_task("in1=i32 in2=fp16 out=i32 mem1=i32 mem2=fp16 mem=i32", "w=2 h=1 c=1 n=1",
                "shape w1=2 h1=1 c1=1 n1=1\nne op=copy act=relu"),
       "a source of format i32 is only copied"},
      {one_task(code, "w=4 h=1 c=1 n=1", "ne op=copy"), "an i8 source needs `pe scale`"},
      {one_task(code, "w=4 h=1 c=1 n=1", "ne op=copy\npe scale=0x7c00"),
       "`pe scale=0x7c00` is not finite and above 0"},
      {one_task(code, "w=4 h=1 c=1 n=1", "ne op=copy\npe scale=-1"),
       "`pe scale=0xbc00` is not finite and above 0"},
  };
  for (const auto& fault : faults) {
    const Answer a = exec(fault.program);
    EXPECT_EQ(a.status, 2) << a.text;
    EXPECT_THAT(a.text, HasSubstr("task 7: " + fault.what + "\n"));
  }
  EXPECT_EQ(exec(one_task(code, "w=4 h=1 c=1 n=1", "ne op=copy\npe scale=1")).status, 0);
}

TEST_F(ExecCommand, ThreadsNeverChangeAValueAndAreRefusedWhereTheyMeanNothing) {
  const std::string program = two_tasks("dep n=0\n", "");
  EXPECT_EQ(exec(program, "--threads 3").text, exec(program).text);
  for (const char* given : {"--threads 0", "--threads 65", "--threads -1"})
    EXPECT_THAT(exec(program, given).text, HasSubstr("error: --threads: ")) << given;
  EXPECT_THAT(exec(program, "--timing-only --threads 2").text, HasSubstr("--threads"));
  const std::string product = "run kind=matmul m=40 n=40 k=40 --no-db ";
  EXPECT_THAT(anesim(product + "--threads 2").text,
              HasSubstr("there are no values to be computed"));
  EXPECT_THAT(anesim(product + "--values --unit cpu --threads 2").text,
              HasSubstr("share the simulated machine's work"));
  EXPECT_EQ(anesim(product + "--values --threads 2").status, 0);
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
