#include "workloads/readqc/fastq/not_fastq.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "isa/error.h"
#include "tests/workloads/files/temp_file.h"
#include "workloads/readqc/fastq/fastq.h"

namespace ane::workloads::readqc {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::StartsWith;

// "what / note" of the error for a file of `bytes`.
std::string refusal(const std::string& bytes) {
  const TempFile file(bytes);
  try {
    FastqReader(file.path()).rest();
  } catch (const InputError& e) {
    EXPECT_THAT(e.place(), StartsWith(file.path()));
    return fmt::format("{} / {}", e.what(), e.note());
  }
  return "read";
}

// `text`, whose characters are ASCII, in two bytes a character.
std::string utf16(const std::string& text, bool big_endian) {
  std::string out;
  for (const char c : text) out += big_endian ? std::string{'\0', c} : std::string{c, '\0'};
  return out;
}

const std::string record = "@r\nACGT\n+\n#III\n";

TEST(NotFastq, CompressedFilesAreNamedWithTheCommandThatUnpacksThem) {
  for (const auto& [head, name, command] :
       {std::tuple{"BZh91AY&SY"s, "bzip2", "bzip2 -dc"},
        {"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0"s, "bzip2", "bzip2 -dc"},
        {"\xfd\x37zXZ\0\0\x04"s, "xz", "xz -dc"},
        {"\x28\xb5\x2f\xfd\x04\x58"s, "zstd", "zstd -dc"},
        {"\x04\x22\x4d\x18\x64\x40"s, "LZ4", "lz4 -dc"},
        {"LZIP\1\x0c"s, "lzip", "lzip -dc"},
        {"\x1f\x9d\x90"s, "compress (.Z)", "gzip -dc"}}) {
    const std::string file = head + "\x01\xff rest"s;
    EXPECT_EQ(refusal(file), fmt::format("is {}, not FASTQ / {} FILE | anesim ... --reads "
                                         "/dev/stdin",
                                         name, command));
    EXPECT_EQ(
        refusal(gzip_member(file)),
        fmt::format("is {} (inside gzip), not FASTQ / gzip -dc FILE | {} | anesim ... --reads "
                    "/dev/stdin",
                    name, command));
  }
  EXPECT_THAT(refusal(gzip_member(gzip_member(record))), StartsWith("is gzip (inside gzip)"));
}

TEST(NotFastq, AlignmentsAreNamedWithSamtools) {
  const std::string bam = "BAM\1\0\0\0\0\0\0\0\0"s, cram = "CRAM\3\0"s,
                    row = "r1\t4\t*\t0\t0\t*\t*\t0\t0\tACGT\tIIII\n",
                    mapped = "r1\t99\tchr1\t100\t60\t4M\t=\t200\t104\tACGT\tIIII\tNM:i:0\n";
  for (const std::string& file :
       {bam, bgzip_block(bam) + bgzip_end(), "@HD\tVN:1.6\tSO:unknown\n"s + row,
        "@SQ\tSN:chr1\tLN:100\n@PG\tID:bwa\n"s + row, "@RG\tID:a\r\n"s + row, "@CO\tmade\n"s + row,
        "@PG\tID:x\n"s, row, mapped, gzip_member(row)})
    EXPECT_THAT(refusal(file), HasSubstr("samtools fastq FILE | anesim ... --reads /dev/stdin"));
  EXPECT_THAT(refusal(bgzip_block(bam)), StartsWith("is BAM, not FASTQ"));
  EXPECT_THAT(refusal(cram), HasSubstr("is CRAM, not FASTQ / samtools fastq --reference"));
  EXPECT_THAT(refusal(row), StartsWith("is SAM, not FASTQ"));
}

TEST(NotFastq, TitlesThatLookLikeAHeaderOfSamAreRead) {
  for (const char* title : {"@HD\tVN:1.6", "@CO\tr", "@SQ\tSN:r", "@RG", "@HD", "@r1\t4\t*"})
    EXPECT_EQ(refusal(fmt::format("{}\nACGT\n+\n#III\n", title)), "read") << title;
}

TEST(NotFastq, TextOfSixteenBitsIsNamedInBothByteOrders) {
  for (const bool big : {false, true}) {
    const std::string order = big ? "big-endian" : "little-endian";
    const std::string mark = big ? "\xfe\xff" : "\xff\xfe";
    EXPECT_THAT(refusal(mark + utf16(record, big)),
                StartsWith("is UTF-16 text, " + order + ", not FASTQ / iconv -f UTF-16 -t UTF-8"));
    EXPECT_THAT(refusal(utf16(record, big)),
                HasSubstr(big ? "iconv -f UTF-16BE" : "iconv -f UTF-16LE"));
    EXPECT_THAT(refusal(gzip_member(mark + utf16(record, big))), HasSubstr("UTF-16 text"));
  }
  EXPECT_THAT(refusal("\xff\xfe\0\0@\0\0\0"s), StartsWith("is UTF-32 text"));
}

TEST(NotFastq, OtherFilesAreNamedAndSaidWhatToDo) {
  std::string tar = "reads.fq"s + std::string(249, '\0') + "ustar" + std::string(250, '\0');
  for (const auto& [file, name, way] :
       {std::tuple{">r\nACGT\n"s, "FASTA", "FASTQ"},
        {"\n>r\nACGT\n"s, "FASTA", "FASTQ"},
        {"<!DOCTYPE html>\n<html>"s, "web page", "fetch the reads again"},
        {"\r\n  <html><head>"s, "web page", "fetch"},
        {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>"s, "XML", "fetch"},
        {"{\"error\": \"not found\"}"s, "JSON", "fetch"},
        {"PK\3\4\x14\0"s, "zip", "unzip -p FILE | anesim"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"s, "git LFS pointer",
         "git lfs pull"},
        {"/annex/objects/MD5-s9--00\n"s, "git-annex", "git annex get"},
        {tar, "tar", "tar -xOf FILE"},
        {"NCBI.sra\x05\x03\x19\x88"s, "SRA", "fasterq-dump"},
        {"\x89HDF\r\n\x1a\n"s, "FAST5", "dorado"},
        {"\x8bPOD\r\n\x1a\n"s, "POD5", "dorado"},
        {"##fileformat=VCFv4.2\n"s, "VCF", "reads that the variants were called from"},
        {"%PDF-1.7\n"s, "PDF", "FASTQ"}}) {
    EXPECT_THAT(refusal(file), testing::AllOf(HasSubstr(name), HasSubstr(way))) << name;
    EXPECT_THAT(refusal(gzip_member(file)), HasSubstr(name)) << name << " inside gzip";
  }
}

TEST(NotFastq, TheByteOrderMarkOfUtf8IsSkipped) {
  const std::string mark = "\xef\xbb\xbf";
  EXPECT_EQ(refusal(mark + record), "read");
  EXPECT_EQ(refusal(gzip_member(mark + record)), "read");
  EXPECT_EQ(refusal(mark + record + mark + record), "read");  // two files joined
  EXPECT_THAT(refusal(mark), StartsWith("is empty: no reads"));
  EXPECT_THAT(refusal(mark + ">r\nAC\n"), HasSubstr("FASTA"));
  EXPECT_THAT(refusal(mark + "r\nAC\n"), StartsWith("does not start with '@' but 'r'"));
  // The qualities behind it tell the offset.
  const TempFile file(mark + "@r\nACG\n+\nBfh\n");
  EXPECT_EQ(FastqReader(file.path()).phred(), 64);
}

TEST(NotFastq, AnythingElseIsRefusedByItsFirstByteBeforeAnyLineIsRead) {
  const TempFile file("");
  std::filesystem::resize_file(file.path(), std::uintmax_t{3} << 30);
  try {
    FastqReader reader(file.path());
    FAIL() << "zeros are no reads";
  } catch (const InputError& e) {
    EXPECT_EQ(e.place(), file.path() + ":1");
    EXPECT_THAT(e.what(), HasSubstr("does not start with '@' but byte 0x00"));
  }
  EXPECT_THAT(refusal("\x7f\x45LF"), HasSubstr("byte 0x7f"));
  EXPECT_THAT(refusal("+\nAC\n"), HasSubstr("four lines a record"));
}

}  // namespace
}  // namespace ane::workloads::readqc
