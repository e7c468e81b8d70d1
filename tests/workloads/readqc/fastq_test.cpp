#include "workloads/readqc/fastq/fastq.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "isa/error.h"
#include "tests/workloads/files/temp_file.h"

namespace ane::workloads::readqc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string record(const std::string& bases, const std::string& qualities) {
  return fmt::format("@r\n{}\n+\n{}\n", bases, qualities);
}

std::string bases_of(const ReadBatch& batch, std::int64_t i) {
  std::string out;
  for (const std::uint8_t code : batch[i].bases) out += "ACGTN-"[code];
  return out;
}

// Place, sentence and note of the error that reading all of `bytes` gives.
std::string error_of(const std::string& bytes, std::optional<int> phred = std::nullopt) {
  const TempFile file(bytes);
  try {
    FastqReader(file.path(), phred).rest();
  } catch (const InputError& e) {
    const bool here = e.place().starts_with(file.path());
    return fmt::format("{}{}: {} / {}", here ? "F" : "",
                       here ? e.place().substr(file.path().size()) : e.place(), e.what(), e.note());
  }
  return "no error";
}

const std::string two_records = record("ACGTN", "!5I5#") + record("ggtt.", "IIIII");

TEST(FastqReader, ReadsBasesAndQualitiesOfPlainText) {
  const TempFile file(two_records);
  FastqReader reader(file.path());
  const ReadBatch batch = reader.rest();
  ASSERT_EQ(batch.size(), 2);
  EXPECT_EQ(bases_of(batch, 0), "ACGTN");
  EXPECT_THAT(batch[0].qualities, ElementsAre(0, 20, 40, 20, 2));
  EXPECT_EQ(bases_of(batch, 1), "GGTTN");
  EXPECT_THAT(batch.records, ElementsAre(1, 2));
  EXPECT_EQ(reader.records(), 2);
  EXPECT_TRUE(reader.next_batch(1).empty());
}

TEST(FastqReader, GivesBatchesOfTheSizeAskedForAndTheRestLast) {
  std::string text;
  for (int i = 0; i < 7; ++i) text += two_records.substr(0, two_records.size() / 2);
  const TempFile file(text);
  FastqReader reader(file.path());
  EXPECT_EQ(reader.next_batch(3).size(), 3);
  EXPECT_EQ(reader.next_batch(3).records.front(), 4);
  EXPECT_EQ(reader.next_batch(3).size(), 1);
  EXPECT_EQ(reader.next_batch(3).size(), 0);
}

TEST(FastqReader, ReadsGzipOfOneAndOfManyMembersAndZeroPadding) {
  const std::string half = two_records.substr(0, 9);  // a member may end inside a line
  const std::string rest = two_records.substr(9);
  for (const std::string& bytes :
       {gzip_member(two_records), gzip_member(half) + gzip_member(rest) + gzip_member(""),
        gzip_member(two_records) + std::string(512, '\0')}) {
    const TempFile file(bytes);
    const ReadBatch batch = FastqReader(file.path()).rest();
    ASSERT_EQ(batch.size(), 2);
    EXPECT_EQ(bases_of(batch, 1), "GGTTN");
  }
}

TEST(FastqReader, TakesCrLfBlankLinesAtTheEndAndAMissingLastLineFeed) {
  for (const std::string& text :
       {std::string("@r\r\nAC\r\n+\r\n#I\r\n"), std::string("@r\nAC\n+\n#I\n\n\r\n"),
        std::string("@r\nAC\n+r\n#I")}) {
    const TempFile file(text);
    const ReadBatch batch = FastqReader(file.path()).rest();
    ASSERT_EQ(batch.size(), 1);
    EXPECT_EQ(bases_of(batch, 0), "AC");
    EXPECT_THAT(batch[0].qualities, ElementsAre(2, 40));
  }
}

TEST(FastqReader, TakesLinesThatEndInCrAlone) {
  for (const std::string& text : {std::string("@r\rAC\r+\r#I\r"), std::string("@r\rAC\r+\r#I"),
                                  std::string("@r\rAC\r+\r#I\r\r\n")}) {
    const TempFile file(text);
    FastqReader reader(file.path());
    EXPECT_THAT(reader.phred_reason(), HasSubstr("told from quality characters '#' to 'I'"));
    const ReadBatch batch = reader.rest();
    ASSERT_EQ(batch.size(), 1);
    EXPECT_EQ(bases_of(batch, 0), "AC");
  }
  EXPECT_THAT(error_of("@r\rAC\r+\r#I\r@s\nAC\n+\n#I\n"),
              HasSubstr("F:5: record 2: the line ends in another way"));
  EXPECT_THAT(error_of("@r\nAC\n+\n#I\n@s\rAC\r+\r#I\r"),
              HasSubstr("F:5: record 2: the line ends in another way"));
}

TEST(FastqReader, TakesEmptyReadsWhereverTheyAre) {
  const std::string good = "@r\nAC\n+\n#I\n", empty = "@e\n\n+\n\n";
  for (const auto& [text, reads] : {std::pair<std::string, int>{good + empty, 2},
                                    {good + "@e\n\n+\n", 2},
                                    {good + "@e\n\n+", 2},
                                    {"@e\n\n+", 1},
                                    {good + "@e\r\n\r\n+e\r\n", 2},
                                    {"@e\r\r+\r", 1},
                                    {empty + empty + good + empty, 4},
                                    {good + empty + "\n\n", 2},
                                    {empty + good, 2}}) {
    const TempFile file(text);
    EXPECT_EQ(FastqReader(file.path()).rest().size(), reads) << text;
    const TempFile packed(gzip_member(text));
    EXPECT_EQ(FastqReader(packed.path()).rest().size(), reads) << text;
  }
  EXPECT_THAT(error_of(good + "@e\n\n"), HasSubstr("the file ends before the '+' line"));
  EXPECT_THAT(error_of(good + "@e\n"), HasSubstr("the file ends before the sequence line"));
  EXPECT_THAT(error_of(good + "@e"), HasSubstr("the file ends before the sequence line"));
  EXPECT_THAT(error_of("@e\n\n+\n@r\nAC\n+\n#I\n"),
              HasSubstr("F:4: record 1: 2 quality characters for 0 bases"));
}

TEST(FastqReader, WarnsWhereTheLastBlockOfBgzipIsMissing) {
  for (const bool whole : {true, false}) {
    const TempFile file(bgzip_block(two_records) + bgzip_block(two_records) +
                        (whole ? bgzip_end() : ""));
    FastqReader reader(file.path());
    EXPECT_EQ(reader.warning(), "");
    EXPECT_EQ(reader.rest().size(), 4);
    EXPECT_EQ(reader.warning().empty(), whole);
    EXPECT_EQ(read_files({file.path()}).warnings[0], reader.warning());
    if (!whole) {
      EXPECT_THAT(reader.warning(), HasSubstr("missing: 4 reads to the end of a block"));
    }
  }
  // A block that is cut off, or a record, is an error.
  const std::string block = bgzip_block(two_records);
  EXPECT_THAT(error_of(block + block.substr(0, block.size() - 1)),
              HasSubstr("truncated gzip data"));
  EXPECT_THAT(error_of(block + block.substr(0, 5)), HasSubstr("truncated gzip data"));
  EXPECT_THAT(error_of(bgzip_block("@r\nACG\n")), HasSubstr("the file ends before the '+' line"));
}

TEST(FastqReader, CutsLongReadsToTheWindowAndPadsShortOnes) {
  const TempFile file(record(std::string(150, 'A') + "CCC", std::string(153, '#')) +
                      record("", "") + record("G", "I"));
  const ReadBatch batch = FastqReader(file.path()).rest();
  EXPECT_THAT(batch.lengths, ElementsAre(150, 0, 1));
  EXPECT_THAT(batch.full_lengths, ElementsAre(153, 0, 1));
  EXPECT_EQ(bases_of(batch, 0), std::string(150, 'A'));
  EXPECT_EQ(batch.bases.size(), 450U);
  EXPECT_EQ(batch.bases[301], base_padding);
  EXPECT_EQ(batch.qualities[301], 0);
}

TEST(FastqReader, ReadsALineLongerThanItsBuffer) {
  const std::string bases(3'000'000, 'C'), qualities(3'000'000, '#');
  const TempFile file(record(bases, qualities) + record("A", "I"));
  const ReadBatch batch = FastqReader(file.path()).rest();
  EXPECT_THAT(batch.full_lengths, ElementsAre(3'000'000, 1));
}

TEST(FastqReader, TellsTheQualityOffsetAndSaysWhy) {
  const TempFile low(record("ACG", "#5I")), high(record("ACG", "Bfh")), both(record("ACG", "@BI"));
  EXPECT_EQ(FastqReader(low.path()).phred(), 33);
  EXPECT_EQ(FastqReader(low.path()).phred_reason(),
            "Phred+33, told from quality characters '#' to 'I' of the first 1 record");
  EXPECT_EQ(FastqReader(high.path()).phred(), 64);
  EXPECT_EQ(FastqReader(both.path()).phred(), 33);
  EXPECT_THAT(FastqReader(both.path()).phred_reason(), HasSubstr("assumed"));
  FastqReader given(high.path(), 33);
  EXPECT_EQ(given.phred(), 33);
  EXPECT_THAT(given.rest()[0].qualities, ElementsAre(33, 69, 71));
}

TEST(FastqReader, RefusesAnUndecidedOrContradictedOffset) {
  EXPECT_THAT(error_of(record("ACG", ";fh")), HasSubstr("undecided quality encoding"));
  EXPECT_THAT(error_of(record("ACG", "#fh"), 64), HasSubstr("say --phred 33"));
  EXPECT_THAT(error_of(two_records, 42), HasSubstr("one of: 33, 64"));
  // More than the look-ahead of undecided records, then one that only offset 64 allows.
  std::string text;
  while (text.size() < 1'100'000) text += record("ACGTACGTACGTACGTACGT", std::string(20, 'I'));
  EXPECT_THAT(error_of(text + record("A", "h")), HasSubstr("contradicts Phred+33, assumed"));
  EXPECT_EQ(error_of(text + record("A", "#") + record("A", "h")), "no error");
}

TEST(FastqReader, NeverTells64OfWhatOffset33ExplainsAsWell) {
  for (const char* qualities : {"@CDEIKMPRS", "SSSSSSSSSS", "DFHJLNPRTV", "IJKLMNOPY]"}) {
    const std::string text = record("ACGTACGTAC", qualities);
    EXPECT_THAT(error_of(text), testing::AllOf(HasSubstr("F: undecided quality encoding"),
                                               HasSubstr("say --phred 33")));
    EXPECT_EQ(error_of(text, 33), "no error");
    EXPECT_EQ(error_of(text, 64), "no error");
  }
  EXPECT_THAT(error_of(record("ACGT", "@DPS")),
              HasSubstr("'@' to 'S' of the first 1 record are Q31 to Q50 with offset 33, Q0 to Q19 "
                        "with offset 64"));
  // One base decides for the file.
  for (const char* qualities : {"@S~", "@S#", "@Sj", "k~z", "@S:"}) {
    const TempFile file(record("ACG", "@PS") + record("ACG", qualities));
    EXPECT_EQ(FastqReader(file.path()).phred(), 33) << qualities;
    EXPECT_EQ(FastqReader(file.path()).rest().size(), 2);
  }
}

TEST(FastqReader, NamesSolexaScores) {
  for (const char* qualities : {"<Zh", ";@^", "h?B"}) {
    const std::string text = record("ACG", qualities);
    EXPECT_THAT(error_of(text), testing::AllOf(HasSubstr("as Solexa scores"), HasSubstr("seqret")));
    EXPECT_THAT(error_of(text, 64),
                testing::AllOf(HasSubstr("F:4: record 1: quality character"),
                               HasSubstr("are Solexa scores"), HasSubstr("seqret"),
                               testing::Not(HasSubstr("--phred 33"))));
    EXPECT_EQ(error_of(text, 33), "no error");
  }
  // With a character that Solexa does not have it is offset 33.
  EXPECT_THAT(error_of(record("ACG", "?I#"), 64), HasSubstr("is it Phred+33? say --phred 33"));
  EXPECT_THAT(error_of(record("ACG", "?II") + record("ACG", "?I#"), 64),
              HasSubstr("is it Phred+33? say --phred 33"));
}

// Behind the first 1 MiB, from which the offset is told.
TEST(FastqReader, HoldsTheRestOfAFileToTheOffsetOfItsStart) {
  const auto start = [](char low, char high) {
    std::string text;
    while (text.size() < 1'100'000)
      text += record(std::string(20, 'A'), std::string(10, low) + std::string(10, high));
    return text;
  };
  const std::string low = start('D', 'I'), old = start('B', 'h');
  EXPECT_EQ(error_of(low + record("ACG", "PS]")), "no error");  // Q60 is no contradiction
  EXPECT_EQ(error_of(low + record("ACG", "@h~")), "no error");
  EXPECT_THAT(error_of(low + record("ACG", "BfS")), HasSubstr("contradicts Phred+33, assumed"));
  EXPECT_EQ(error_of(old + record("ACG", "@Si")), "no error");
  EXPECT_THAT(error_of(old + record("ACG", "Bh~")), HasSubstr("'~' contradicts Phred+64, told"));
  EXPECT_THAT(error_of(old + record("ACG", "Bh#")), HasSubstr("say --phred 33"));
  EXPECT_THAT(error_of(old + record("ACG", "Bh<")), HasSubstr("are Solexa scores"));
  EXPECT_EQ(error_of(old + record("ACG", "Bh~"), 64), "no error");
  // A first read longer than that leaves everything to the qualities.
  const auto longest = [](char quality) {
    return record(std::string(1'200'000, 'A'), std::string(1'200'000, quality));
  };
  EXPECT_EQ(error_of(longest('#')), "no error");
  EXPECT_EQ(error_of(longest('~')), "no error");
  EXPECT_THAT(error_of(longest('S')), HasSubstr("contradicts Phred+33, assumed"));
  EXPECT_THAT(error_of(longest('h')), HasSubstr("contradicts Phred+33, assumed"));
}

TEST(FastqReader, SaysFileLineRecordAndFaultOfEachMalformedRecord) {
  const std::string good = record("ACGT", "#III");
  EXPECT_THAT(error_of(good + "@r\nACGT\n+\nIII\n"),
              HasSubstr("F:8: record 2: 3 quality characters for 4 bases"));
  EXPECT_THAT(error_of(good + "@r\nACGT\nIIII\n@s\n"),
              HasSubstr("F:7: record 2: the third line does not start with '+'"));
  EXPECT_THAT(error_of(good + "r\nACGT\n+\nIIII\n"),
              HasSubstr("F:5: record 2: does not start with '@' but 'r'"));
  EXPECT_THAT(error_of(good + "@r\nACGT\n"),
              HasSubstr("F:6: record 2: the file ends before the '+' line"));
  EXPECT_THAT(error_of(good + "@r\nACGT\n+\n"), HasSubstr("ends before the quality line"));
  EXPECT_THAT(error_of(good + "@r\nAC!T\n+\nIIII\n"),
              HasSubstr("F:6: record 2: '!' at base 3 is no base"));
  EXPECT_THAT(error_of(good + "@r\nACGT\n+\nII I\n"),
              HasSubstr("F:8: record 2: quality character ' ' at base 3 is outside '!' to '~'"));
  EXPECT_THAT(error_of(good + "@r\nACGT\n+\nII\x80I\n"), HasSubstr("byte 0x80 at base 3"));
  EXPECT_THAT(error_of(good + "@r\nACGT\n+\nII\x7fI\n"), HasSubstr("byte 0x7f at base 3"));
  EXPECT_THAT(error_of(good + "@r\nACG\n+\nIIII\n"),
              HasSubstr("F:8: record 2: 4 quality characters for 3 bases"));
  EXPECT_THAT(error_of(good + "@r\nACGT\n+s\nIIII\n"),
              HasSubstr("F:7: record 2: the name after '+' differs from '@r'"));
  EXPECT_THAT(error_of(good + "\n" + good), HasSubstr("F:5: record 2: is a blank line"));
}

TEST(FastqReader, RefusesFilesThatAreNoReads) {
  EXPECT_THAT(error_of(""), HasSubstr("F: is empty: no reads"));
  EXPECT_THAT(error_of("\n\n"), HasSubstr("F: is empty: no reads"));
  EXPECT_THAT(error_of(gzip_member("")), HasSubstr("F: is empty: no reads"));
  EXPECT_THAT(error_of(">r\nACGT\n"), HasSubstr("is FASTA"));
  EXPECT_THROW(FastqReader("/nonexistent/reads.fq"), InputError);
  EXPECT_THROW(FastqReader(std::filesystem::temp_directory_path().string()), InputError);
}

TEST(FastqReader, RefusesCorruptAndTruncatedGzip) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += record("ACGTTGCAAC", fmt::format("#{}", 100000000 + i));
  const std::string packed = gzip_member(text);
  EXPECT_EQ(error_of(packed), "no error");
  EXPECT_THAT(error_of(packed.substr(0, packed.size() / 2)), HasSubstr("truncated gzip data"));
  EXPECT_THAT(error_of(packed.substr(0, packed.size() - 3)), HasSubstr("truncated gzip data"));
  EXPECT_THAT(error_of(packed + "junk"), HasSubstr("bytes behind the last member are not gzip"));
  std::string bad_check = packed;
  bad_check[packed.size() - 6] = static_cast<char>(bad_check[packed.size() - 6] ^ 1);
  EXPECT_THAT(error_of(bad_check), HasSubstr("F: corrupt gzip data near byte"));
}

TEST(Split, IsByRecordNumberAndInItsProportions) {
  int parts[3] = {};
  for (std::int64_t r = 1; r <= 100'000; ++r) ++parts[static_cast<int>(part_of(r))];
  EXPECT_NEAR(parts[0], 70'000, 500);
  EXPECT_NEAR(parts[1], 15'000, 400);
  EXPECT_NEAR(parts[2], 15'000, 400);
  EXPECT_EQ(part_of(77), part_of(77));
}

}  // namespace
}  // namespace ane::workloads::readqc
