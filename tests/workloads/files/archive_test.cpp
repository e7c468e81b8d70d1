#include "workloads/files/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "isa/error.h"
#include "tests/fuzz/zip_writer.h"

namespace ane::workloads {
namespace {

using fuzz::little;
using fuzz::zip_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What each member is, or why the archive or the member is refused.
std::string read_all(const std::string& bytes) {
  std::string out;
  try {
    const Archive archive(bytes, "a.zip");
    for (const std::string& name : archive.names()) {
      EXPECT_EQ(archive.read(name).size(), archive.size(name));
      out += name + "=" + archive.read(name) + " ";
    }
  } catch (const InputError& e) {
    out += e.place() + ": " + e.what();
  }
  return out;
}

// `zip` with what stands `behind` bytes after the last (else first) `mark` replaced.
std::string with(std::string zip, std::string_view mark, std::size_t behind, std::string_view now,
                 bool first = false) {
  const std::size_t at = first ? zip.find(mark) : zip.rfind(mark);
  EXPECT_NE(at, std::string::npos);
  return zip.replace(at + behind, now.size(), now);
}

constexpr std::string_view header = "PK\3\4", entry = "PK\1\2", end = "PK\5\6";

TEST(Archive, ReadsStoredAndDeflatedMembersInTheirOrder) {
  for (const bool deflated : {false, true})
    EXPECT_EQ(read_all(zip_of({{"b", "two"}, {"a/empty", ""}, {"a", "three"}}, deflated)),
              "b=two a/empty= a=three ");
  EXPECT_EQ(read_all(zip_of({})), "");
}

TEST(Archive, ReadsWhatAWriterThatStreamsLeavesToADescriptor) {
  std::string zip = with(zip_of({{"a", "text"}}, true), header, 6, little(8, 2));
  zip = with(zip, header, 14, std::string(12, '\0'));
  EXPECT_EQ(read_all(with(zip, entry, 8, little(8, 2))), "a=text ");
}

// Sizes of a member and what the end says of the directory in fields of 64 bits, APPNOTE.TXT 4.3.14
// to 4.5.3.
TEST(Archive, ReadsFieldsOf64Bits) {
  std::string plain = with(zip_of({{"a", "text"}}), header, 18, std::string(8, '\xff'));
  const std::string sizes = little(1, 2) + little(16, 2) + little(4, 8) + little(4, 8);
  plain = with(plain, header, 28, little(sizes.size(), 2)).insert(31, sizes);
  const std::size_t directory = plain.find(entry);
  std::string record = plain.substr(directory, 46 + 1);
  record.replace(20, 8, std::string(8, '\xff'));
  record.replace(30, 2, little(sizes.size(), 2));
  record += sizes;
  const std::size_t at = directory + record.size();
  const std::string zip64 = "PK\6\6" + little(44, 8) + little(45, 2) + little(45, 2) +
                            little(0, 8) + little(1, 8) + little(1, 8) + little(record.size(), 8) +
                            little(directory, 8);
  EXPECT_EQ(read_all(plain.substr(0, directory) + record + zip64 + "PK\6\7" + little(0, 4) +
                     little(at, 8) + little(1, 4) + std::string(end) + little(0, 4) +
                     std::string(12, '\xff') + little(0, 2)),
            "a=text ");
}

TEST(Archive, ABrokenArchiveIsRefusedAsAWhole) {
  const std::string zip = zip_of({{"name", "text"}, {"more", "text"}});
  for (std::size_t n = 0; n < zip.size(); ++n)
    EXPECT_THAT(read_all(zip.substr(0, n)), HasSubstr("a.zip: broken zip archive: ")) << n;
  EXPECT_THAT(read_all(zip.substr(0, 20)), HasSubstr("Not a zip archive"));
  EXPECT_THAT(read_all(zip_of({}).substr(0, 21)), HasSubstr("broken zip archive: "));
  // What the directory says of a member, and what the member says of itself.
  const auto inconsistent = HasSubstr("a.zip: broken zip archive: Zip archive inconsistent");
  EXPECT_THAT(read_all(with(zip, header, 30, "M")), inconsistent);                 // name
  EXPECT_THAT(read_all(with(zip, header, 26, little(5, 2))), inconsistent);        // its length
  EXPECT_THAT(read_all(with(zip, header, 8, little(8, 2))), inconsistent);         // method
  EXPECT_THAT(read_all(with(zip, header, 18, little(5, 4))), inconsistent);        // packed size
  EXPECT_THAT(read_all(with(zip, header, 22, little(5, 4))), inconsistent);        // size
  EXPECT_THAT(read_all(with(zip, header, 0, "QK")), inconsistent);                 // no header
  EXPECT_THAT(read_all(with(zip, entry, 42, little(1u << 30, 4))), inconsistent);  // elsewhere
  EXPECT_THAT(read_all(with(zip, entry, 0, "QK")), inconsistent);
  EXPECT_THAT(read_all(with(zip, end, 8, little(3, 2) + little(3, 2))), inconsistent);  // members
  EXPECT_THAT(read_all(with(zip, end, 4, little(1, 2))), inconsistent);                 // disks
  // Data that would reach beyond the archive.
  std::string longer = with(zip, header, 18, little(4000, 4));
  EXPECT_THAT(read_all(with(longer, entry, 20, little(4000, 4))), inconsistent);
}

TEST(Archive, DamagedDataAreFound) {
  for (const bool deflated : {false, true}) {
    const std::string zip = zip_of({{"a", "some text of some length"}}, deflated);
    std::string wrong = with(zip, header, 14, little(0, 4), true);
    EXPECT_EQ(read_all(with(wrong, entry, 16, little(0, 4))), "a.zip:a: damaged: CRC error");
    for (const std::uint64_t size : {23u, 25u}) {  // of 24
      wrong = with(zip, header, 22, little(size, 4), true);
      EXPECT_EQ(read_all(with(wrong, entry, 24, little(size, 4))),
                deflated && size == 23 ? "a.zip:a: damaged: longer than the archive says"
                                       : "a.zip:a: damaged: Unexpected end of file");
    }
  }
  const std::string zip = zip_of({{"a", "some text"}}, true);
  EXPECT_EQ(read_all(with(zip, header, 31, "\xff", true)),
            "a.zip:a: damaged: Zlib error: data error");
}

TEST(Archive, WhatItCannotUnpackIsSaidOfTheMemberAlone) {
  const std::string zip = zip_of({{"a", "text"}, {"b", "text"}});
  EXPECT_EQ(read_all(with(zip, entry, 8, little(1, 2))),
            "a=text a.zip:b: unreadable: No password provided");
  for (const std::uint64_t method : {9u, 12u, 14u, 93u})
    EXPECT_EQ(read_all(with(with(zip, entry, 10, little(method, 2)), header, 8, little(method, 2))),
              "a=text a.zip:b: unreadable: Compression method not supported");
}

TEST(Archive, WhatIsMadeToFillTheMemoryIsRefusedBeforeItIsUnpacked) {
  const std::string zip = zip_of({{"a", "text"}, {"b", "text"}}, true);
  const auto claims = [&](std::uint64_t bytes) {
    return with(with(zip, header, 22, little(bytes, 4)), entry, 24, little(bytes, 4));
  };
  EXPECT_THAT(read_all(claims(65u << 20)), HasSubstr("whose members unpack to more than 671"));
  EXPECT_THAT(read_all(claims(1u << 20)), HasSubstr("a.zip:b: damaged"));
  EXPECT_THAT(read_all(zip_of({{"a", "x"}, {"b", "y"}, {"a", "z"}})),
              HasSubstr("a.zip: member 'a' is there twice"));
  fuzz::Members many(3);
  for (std::size_t i = 0; i < many.size(); ++i) many[i].first = std::to_string(i);
  EXPECT_EQ(read_all(zip_of(many)), "0= 1= 2= ");
}

TEST(Archive, ANameThatIsNotThereIsAnsweredByTheNearest) {
  const Archive archive(zip_of({{"data.pkl", "x"}}), "a.pt");
  EXPECT_TRUE(archive.has("data.pkl"));
  EXPECT_THAT(archive.names(), ElementsAre("data.pkl"));
  try {
    archive.read("data.pk");
    FAIL();
  } catch (const InputError& e) {
    EXPECT_THAT(e.what(), HasSubstr("no member 'data.pk'"));
    EXPECT_THAT(e.note(), HasSubstr("data.pkl"));
  }
}

}  // namespace
}  // namespace ane::workloads
