// Does the reader take exactly what the writer writes?
#include "isa/container.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstring>
#include <filesystem>

#include "isa/assembler.h"
#include "isa/error.h"

namespace ane::isa {
namespace {

using Bytes8 = std::vector<std::uint8_t>;

Bytes8 example() {
  return to_container(
      assemble(".program demo\n.operator a\n.section 4 in 64\n.data 4 0 u8 1 2 3\n"
               ".tensor x bar=4 offset=0 format=fp16 w=8 input\nrun\nend\n",
               ""));
}

std::string refusal(const Bytes8& bytes) {
  try {
    from_container(bytes, "p.anex");
  } catch (const InputError& e) {
    return e.place() + ": " + e.what();
  }
  return "accepted";
}

// As a forger would: the checksum is right again.
void seal(Bytes8& bytes) {
  const auto sum = static_cast<std::uint32_t>(crc32_z(0, bytes.data() + 20, bytes.size() - 20));
  std::memcpy(bytes.data() + 16, &sum, 4);
}

TEST(Container, EveryTruncationIsRefused) {
  const Bytes8 whole = example();
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_THAT(refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)}),
                testing::AnyOf(testing::HasSubstr("truncated"),
                               testing::HasSubstr("does not begin with ANEX")))
        << n;
  EXPECT_EQ(refusal({}), "p.anex: byte 0: not a program: it does not begin with ANEX");
}

TEST(Container, EveryFlippedBitIsRefused) {
  const Bytes8 whole = example();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes8 broken = whole;
    broken[bit / 8] = static_cast<std::uint8_t>(broken[bit / 8] ^ 1u << bit % 8);
    EXPECT_NE(refusal(broken), "accepted") << bit;
  }
}

TEST(Container, SaysWhatIsWrongAndWhere) {
  Bytes8 b = example();
  b[4] = 2;
  EXPECT_EQ(refusal(b), "p.anex: byte 4: container version 2; this anesim reads version 1");
  b = example();
  b.push_back(0);
  EXPECT_EQ(refusal(b), "p.anex: byte 8: 1 bytes behind the program's end");
  b = example();
  b.back() ^= 1;
  EXPECT_EQ(refusal(b), "p.anex: byte 16: wrong checksum: the file is damaged");
  b = example();
  b.insert(b.end(), 4, 0);
  b[8] = static_cast<std::uint8_t>(b.size());
  b[9] = static_cast<std::uint8_t>(b.size() >> 8);
  seal(b);
  EXPECT_THAT(refusal(b), testing::HasSubstr("4 bytes behind the last word"));
}

TEST(Container, AWholeFileWithABadNumberIsRefusedAndNothingIsAllocatedForIt) {
  // Every byte of a sealed file set to 0xff: either a valid name or number, or an error, and
  // counts of billions do not allocate.
  const Bytes8 whole = example();
  int refused = 0;
  for (std::size_t n = 20; n + 8 < whole.size(); ++n) {
    Bytes8 broken = whole;
    for (std::size_t k = 0; k < 8; ++k) broken[n + k] = 0xff;
    seal(broken);
    refused += refusal(broken) != "accepted";
  }
  EXPECT_GT(refused, 100);
}

TEST(Container, FilesAreReadAndWritten) {
  const std::string path =
      testing::TempDir() + "/" + std::to_string(getpid()) + "_container_test.anex";
  const Program p = from_container(example(), "");
  save_program(p, path);
  EXPECT_EQ(to_container(load_program(path)), example());
  std::filesystem::remove(path);
  EXPECT_THROW(load_program(path), InputError);
  EXPECT_THROW(load_program(testing::TempDir()), InputError);
  EXPECT_THROW(save_program(p, "/nonexistent/x"), InputError);
}

}  // namespace
}  // namespace ane::isa
