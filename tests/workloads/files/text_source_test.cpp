#include "workloads/files/text_source.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "isa/error.h"
#include "tests/workloads/files/temp_file.h"
#include "workloads/files/archive.h"

namespace ane::workloads::readqc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& bytes) {
  const TempFile file(bytes);
  TextSource source(file.path());
  std::vector<std::string> lines;
  while (const auto line = source.next_line()) lines.emplace_back(*line);
  EXPECT_EQ(source.line_number(), static_cast<std::int64_t>(lines.size()));
  return lines;
}

TEST(TextSource, EndsLinesAsTheFirstOneEnds) {
  for (const char* text :
       {"a\nbc\n\nd\n", "a\nbc\n\nd", "a\r\nbc\r\n\r\nd\r\n", "a\r\nbc\r\n\r\nd",
        "a\r\r\nbc\r\r\n\r\r\nd\r\r\n", "a\rbc\r\rd\r", "a\rbc\r\rd", "a\rbc\r\rd\n"})
    EXPECT_THAT(lines_of(text), ElementsAre("a", "bc", "", "d")) << text;
  EXPECT_THAT(lines_of("\r\ra\r"), ElementsAre("", "", "a"));
  EXPECT_THAT(lines_of("a"), ElementsAre("a"));
  EXPECT_THAT(lines_of(""), ElementsAre());
  // The other kind of end stays inside a line, for the caller to refuse.
  EXPECT_THAT(lines_of("a\nb\rc\nd\n"), ElementsAre("a", "b\rc", "d"));
  EXPECT_THAT(lines_of("a\rb\nc\rd\r"), ElementsAre("a", "b\nc", "d"));
}

TEST(TextSource, EndsLinesInTheSameWayWhereverItsBufferEnds) {
  for (const std::size_t length : {1048574U, 1048575U, 1048576U, 1048577U, 3000000U})
    for (const char* end : {"\n", "\r\n", "\r"}) {
      const std::string a(length, 'a'), b(length, 'b');
      const auto lines = lines_of(a + end + b + end);
      ASSERT_EQ(lines.size(), 2U) << length;
      EXPECT_TRUE(lines[0] == a && lines[1] == b) << length;
    }
}

bool mark_missing(const std::string& bytes) {
  const TempFile file(bytes);
  TextSource source(file.path());
  EXPECT_FALSE(source.ends_without_bgzip_mark());  // nothing is known before the end
  while (source.next_line()) {
  }
  return source.ends_without_bgzip_mark();
}

TEST(TextSource, KnowsWhetherTheLastBlockOfBgzipIsThere) {
  const std::string a = bgzip_block("one\n"), b = bgzip_block("two\n"), end = bgzip_end();
  EXPECT_FALSE(mark_missing(a + b + end));
  EXPECT_TRUE(mark_missing(a + b));
  EXPECT_TRUE(mark_missing(a));
  EXPECT_FALSE(mark_missing(a + end + b + end));  // two files joined
  EXPECT_TRUE(mark_missing(a + end + b));
  EXPECT_TRUE(mark_missing(a + std::string(512, '\0')));
  EXPECT_FALSE(mark_missing(end));
  // Another subfield in front of that of bgzip.
  EXPECT_TRUE(mark_missing(gzip_member("x\n", std::string("AB\3\0xyzBC\2\0\0\0", 13))));
  // What is no bgzip has no such block.
  EXPECT_FALSE(mark_missing(gzip_member("x\n", std::string("AB\3\0xyz", 7))));
  EXPECT_FALSE(mark_missing(gzip_member("x\n", std::string("BC\3\0xyz", 7))));
  EXPECT_FALSE(mark_missing(gzip_member("one\n")));
  EXPECT_FALSE(mark_missing(a + gzip_member("two\n")));
  EXPECT_FALSE(mark_missing("one\n"));
}

TEST(TextSource, AWholeFileIsReadByTheSameRulesAsItsLines) {
  const std::string a = gzip_member("one\n"), b = bgzip_block("two");
  const auto whole = [](const std::string& bytes) {
    return workloads::read_file(TempFile(bytes).path());
  };
  EXPECT_EQ(whole("plain\n"), "plain\n");
  EXPECT_EQ(whole(""), "");
  EXPECT_EQ(whole(a + b), "one\ntwo");
  EXPECT_EQ(whole(a + std::string(700, '\0') + b), "one\ntwo");
  for (const std::string& bytes :
       {a + "more", a + b + "\n", a.substr(0, a.size() - 1), a + b.substr(0, 5)}) {
    EXPECT_THROW(whole(bytes), InputError);
    EXPECT_THROW(lines_of(bytes), InputError);
  }
  const std::string large(3'000'000, 'x');
  EXPECT_EQ(whole(large), large);
  EXPECT_EQ(whole(gzip_member(large)), large);
}

TEST(TextSource, RefusesALineBeyondItsLimitAndNamesIt) {
  const TempFile file("a line\n");
  std::filesystem::resize_file(file.path(), std::uintmax_t{3} << 30);  // zeros that take no space
  TextSource source(file.path());
  EXPECT_EQ(source.next_line(), "a line");
  try {
    source.next_line();
    FAIL() << "read a line of 3 GiB";
  } catch (const InputError& e) {
    EXPECT_EQ(e.place(), file.path() + ":2");
    EXPECT_THAT(e.what(), HasSubstr("longer than 256 MiB"));
  }
}

}  // namespace
}  // namespace ane::workloads::readqc
