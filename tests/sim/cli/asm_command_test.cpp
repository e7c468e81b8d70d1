#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/program.h"

namespace {

using ane::anesim;
using ane::Answer;

using testing::HasSubstr;

// A folder of its own for each test.
class AsmCommand : public testing::Test {
 protected:
  AsmCommand() { std::filesystem::create_directories(folder_); }
  ~AsmCommand() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name), std::ios::binary).rdbuf();
    return text.str();
  }

 private:
  std::string folder_ = testing::TempDir() + "/asm_" + std::to_string(getpid()) +
                        testing::UnitTest::GetInstance()->current_test_info()->name();
};

constexpr const char* listing =
    ".program demo\n"
    ".section 4 in 64\n"
    ".data 4 0x0 hex 010203\n"
    "ld1a bar=4 offset=0x0\n"
    "conv kw=3 kh=3 sx=1 sy=1 pl=1 pt=1\n"
    "run\n"
    "end\n";

TEST_F(AsmCommand, WhatAFileSaysNeitherEndsTheLineOfAnErrorNorSteersTheTerminal) {
  const Answer a = anesim("asm " + write("a.s", "con\x1b[31m\x07v\n") + " -o '" +
                          path("x\n\x1b]0;y.anex") + "'");
  EXPECT_EQ(a.status, 2);
  EXPECT_EQ(a.text.find_first_of("\x1b\x07"), std::string::npos) << a.text;
  EXPECT_LE(std::count(a.text.begin(), a.text.end(), '\n'), 2) << a.text;
}

TEST_F(AsmCommand, TextToFileToTextToFileIsTheSame) {
  const std::string source = write("a.s", listing);
  const Answer done = anesim("asm " + source + " -o " + path("a.anex"));
  EXPECT_EQ(done.status, 0);
  EXPECT_THAT(done.text, HasSubstr("6 words, 1 sections, 0 tensors"));
  const Answer text = anesim("disasm " + path("a.anex"), "2>/dev/null");
  EXPECT_EQ(text.text, listing);
  write("b.s", text.text);
  EXPECT_EQ(anesim("asm " + path("b.s") + " -o " + path("b.anex")).status, 0);
  EXPECT_FALSE(read("a.anex").empty());
  EXPECT_EQ(read("a.anex"), read("b.anex"));
  EXPECT_THAT(anesim("disasm --no-data " + path("a.anex")).text, testing::Not(HasSubstr(".data")));
}

TEST_F(AsmCommand, AFaultIsOneLineWithFileAndLineAndWritesNothing) {
  const std::string source = write("a.s", "nop\nconv kw=64\n");
  const Answer a = anesim("asm " + source + " -o " + path("a.anex"));
  EXPECT_EQ(a.status, 2);
  EXPECT_EQ(a.text, "error: " + source + ":2: kw must be 0 to 63, not 64\n");
  EXPECT_FALSE(std::filesystem::exists(path("a.anex")));
}

TEST_F(AsmCommand, ABrokenFileIsOneLineWithItsByte) {
  const std::string broken = write("a.anex", "ANEX");
  Answer a = anesim("disasm " + broken);
  EXPECT_EQ(a.status, 2);
  EXPECT_EQ(a.text, "error: " + broken + ": byte 4: truncated: 4 bytes expected, 0 left\n");
  EXPECT_EQ(anesim("disasm " + path("none")).text,
            "error: " + path("none") + ": cannot be read: No such file or directory\n");
  EXPECT_EQ(anesim("disasm " + testing::TempDir()).status, 2);
  EXPECT_EQ(anesim("asm " + testing::TempDir() + " -o " + path("x")).status, 2);
}

TEST_F(AsmCommand, TheOutputIsNeverTheInput) {
  const std::string source = write("a.s", listing);
  std::filesystem::create_symlink("a.s", path("link.s"));
  std::filesystem::create_hard_link(source, path("hard.s"));
  for (const std::string& output : {source, path("link.s"), path("hard.s"), path("./a.s"),
                                    std::string("/dev/stdin <") + source, std::string("''")}) {
    const std::string input = output.starts_with("/dev") ? path("hard.s") : source;
    const Answer a = anesim("asm " + input + " -o " + output);
    EXPECT_EQ(a.status, 2) << output;
    EXPECT_THAT(a.text, testing::AnyOf(HasSubstr("is the input"), HasSubstr("is empty")));
    EXPECT_EQ(read("a.s"), listing) << output;
  }
}

TEST_F(AsmCommand, AFileIsWrittenWholeOrNotAtAll) {
  std::string large = ".section 4 in 100000\n.data 4 99999 u8 1\nend\n";
  const std::string source = write("a.s", large);
  write("old.anex", "before");
  const std::string program = ANESIM_PROGRAM;
  // 8 blocks of 512 bytes.
  const auto limited = [&](const std::string& output) {
    return std::system(("sh -c \"ulimit -f 8; exec " + program + " asm " + source + " -o " +
                        output + "\" 2>" + path("said"))
                           .c_str());
  };
  for (const char* name : {"old.anex", "new.anex"}) {
    const int status = limited(path(name));
    EXPECT_TRUE(WIFEXITED(status)) << name;
    EXPECT_EQ(WEXITSTATUS(status), 2) << name;
    EXPECT_EQ(read("said"), "error: " + path(name) + ": cannot be written: File too large\n");
  }
  EXPECT_EQ(read("old.anex"), "before");
  EXPECT_FALSE(std::filesystem::exists(path("new.anex")));
  EXPECT_EQ(anesim("asm " + source + " -o " + path("new.anex")).status, 0);
  // Through a link, and to a device.
  std::filesystem::create_symlink("new.anex", path("link.anex"));
  EXPECT_EQ(anesim("asm " + write("b.s", listing) + " -o " + path("link.anex")).status, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(path("link.anex")));
  EXPECT_LT(read("new.anex").size(), 1000u);
  EXPECT_EQ(anesim("asm " + path("b.s") + " -o /dev/stdout", "2>/dev/null").text, read("new.anex"));
  EXPECT_EQ(
      anesim("asm " + path("b.s") + " -o /dev/stdout", ">" + path("redirected") + " 2>/dev/null")
          .status,
      0);
  EXPECT_EQ(read("redirected"), read("new.anex"));
}

TEST_F(AsmCommand, WhatCannotBeSaidIsLeftOut) {
  const std::string source = write("a.s", listing);
  for (const char* nowhere : {"2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"}) {
    std::filesystem::remove(path("a.anex"));
    EXPECT_EQ(anesim("asm " + source + " -o " + path("a.anex"), nowhere).status, 0) << nowhere;
    EXPECT_EQ(anesim("disasm " + path("a.anex"), "2>/dev/null").text, listing) << nowhere;
    EXPECT_EQ(anesim("asm " + path("none") + " -o x", nowhere).status, 2) << nowhere;
    EXPECT_EQ(anesim("no_such_command", nowhere).status, 2) << nowhere;
  }
}

TEST_F(AsmCommand, AnOutputThatCannotBeWrittenIsCalledSo) {
  EXPECT_EQ(anesim("asm " + write("a.s", listing) + " -o " + path("a.anex")).status, 0);
  for (const char* nowhere : {"2>&1 >/dev/full", "2>&1 >&-"}) {
    const Answer a = anesim("disasm " + path("a.anex"), nowhere);
    EXPECT_EQ(a.status, 2) << nowhere;
    EXPECT_THAT(a.text, testing::StartsWith("error: the output cannot be written: ")) << nowhere;
  }
}

TEST_F(AsmCommand, WhatIsMissingOnTheCommandLineIsSaid) {
  EXPECT_EQ(anesim("asm").status, 2);
  EXPECT_THAT(anesim("asm x.s").text, HasSubstr("-o FILE says where to write"));
  EXPECT_EQ(anesim("disasm").status, 2);
  EXPECT_EQ(anesim("asm --help").status, 0);
  EXPECT_THAT(anesim("disasm --help").text, HasSubstr("--no-data"));
}

}  // namespace
