#include "workloads/files/safetensors.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "isa/error.h"

namespace ane::workloads {
namespace {

using testing::HasSubstr;

std::string file_of(const std::string& header, std::size_t data_bytes) {
  std::string out(8, '\0');
  for (unsigned i = 0; i < 8; ++i) out[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  return out + header + std::string(data_bytes, '\x01');
}

std::string error_of(const std::string& bytes) {
  try {
    parse_safetensors(bytes, "F");
  } catch (const InputError& e) {
    return fmt::format("{}: {} / {}", e.place(), e.what(), e.note());
  }
  return "no error";
}

std::string entry(const char* dtype, const char* shape, int begin, int end) {
  return fmt::format(R"({{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", dtype, shape, begin,
                     end);
}

TEST(Safetensors, WrittenAndReadAgainAreEqual) {
  Safetensors s{.metadata = {{"model", "mlp"}, {"note", "\"quoted\"\n\xc3\xa9"}}, .tensors = {}};
  for (const isa::FormatInfo& f : isa::formats) {
    kernels::Tensor t(f.format, {2, 3});
    for (std::size_t i = 0; i < t.bytes.size(); ++i) t.bytes[i] = static_cast<std::byte>(i * 7);
    s.tensors[std::string(f.name)] = t;
  }
  s.tensors["scalar"] = kernels::Tensor(isa::Format::fp32, {});
  s.tensors["empty"] = kernels::Tensor(isa::Format::i8, {0, 4});
  const std::string bytes = safetensors_bytes(s);
  const Safetensors back = parse_safetensors(bytes, "F");
  EXPECT_EQ(back.metadata, s.metadata);
  ASSERT_EQ(back.tensors.size(), s.tensors.size());
  for (const auto& [name, t] : s.tensors) {
    const kernels::Tensor& b = back.tensors.at(name);
    EXPECT_EQ(b.format, t.format);
    EXPECT_EQ(b.shape, t.shape);
    EXPECT_EQ(b.bytes, t.bytes);
  }
  EXPECT_EQ(safetensors_bytes(back), bytes);
}

TEST(Safetensors, ReadsAHeaderInAnyOrderOfKeys) {
  const Safetensors s =
      parse_safetensors(file_of(R"({"b":)" + entry("I8", "[2]", 0, 2) + R"(,"a":)" +
                                    entry("F32", "[1]", 2, 6) + "}  ",
                                6),
                        "F");
  EXPECT_EQ(s.tensors.at("a").shape, kernels::Shape{1});
  EXPECT_EQ(s.tensors.at("b").bytes.size(), 2U);
}

TEST(Safetensors, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(error_of("abc"), HasSubstr("shorter than its header length"));
  EXPECT_THAT(error_of(std::string(16, '\xff')), HasSubstr("is cut off: a header of"));
  EXPECT_THAT(error_of(file_of("[]", 0)), HasSubstr("does not start with '{'"));
  EXPECT_THAT(error_of(file_of("{\"a\":", 0)), HasSubstr("the header is no JSON"));
  EXPECT_THAT(error_of(file_of(R"({"__metadata__":{"a":1}})", 0)), HasSubstr("is no string"));
  EXPECT_THAT(error_of(file_of(R"({"a":3})", 0)), HasSubstr("tensor 'a': is no JSON object"));
  EXPECT_THAT(error_of(file_of(R"({"a":{"dtype":"F32","shape":[1]}})", 4)),
              HasSubstr("has no 'data_offsets'"));
  EXPECT_THAT(
      error_of(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", 4)),
      HasSubstr("unknown key 'x'"));
  EXPECT_THAT(error_of(file_of(R"({"a":)" + entry("F8_E4M3", "[4]", 0, 4) + "}", 4)),
              HasSubstr("element type 'F8_E4M3' is not read / one of: F32, F16"));
  EXPECT_THAT(error_of(file_of(R"({"a":)" + entry("F32", "[2]", 0, 4) + "}", 4)),
              HasSubstr("do not hold shape [2] of F32 (8 bytes)"));
  EXPECT_THAT(error_of(file_of(R"({"a":)" + entry("F32", "[-1]", 0, 4) + "}", 4)),
              HasSubstr("no whole number"));
  EXPECT_THAT(
      error_of(file_of(R"({"a":)" + entry("F32", "[4294967296,4294967296]", 0, 4) + "}", 4)),
      HasSubstr("larger than any file"));
  EXPECT_THAT(error_of(file_of(R"({"a":)" + entry("F32", "[1]", 0, 4) + "}", 3)),
              HasSubstr("the file is cut off"));
  EXPECT_THAT(error_of(file_of(R"({"a":)" + entry("F32", "[1]", 0, 4) + "}", 5)),
              HasSubstr("1 bytes behind the last tensor"));
  EXPECT_THAT(
      error_of(file_of(
          R"({"a":)" + entry("I8", "[1]", 0, 1) + R"(,"b":)" + entry("I8", "[1]", 2, 3) + "}", 3)),
      HasSubstr("tensors leave a gap"));
  EXPECT_THAT(
      error_of(file_of(
          R"({"a":)" + entry("I8", "[2]", 0, 2) + R"(,"b":)" + entry("I8", "[2]", 1, 3) + "}", 3)),
      HasSubstr("tensors overlap"));
  EXPECT_THAT(
      error_of(file_of(
          R"({"a":)" + entry("I8", "[1]", 0, 1) + R"(,"a":)" + entry("I8", "[1]", 0, 1) + "}", 1)),
      HasSubstr("'a' stands twice"));
}

template <class T>
kernels::Tensor one(const char* type, T value) {
  const auto size = static_cast<int>(sizeof value);
  std::string file = file_of(R"({"a":)" + entry(type, "[1]", 0, size) + "}", sizeof value);
  std::memcpy(file.data() + file.size() - sizeof value, &value, sizeof value);
  return parse_safetensors(file, "F").tensors.at("a");
}

TEST(Safetensors, ReadsTheElementTypesThatCheckpointsHave) {
  EXPECT_EQ(one("BF16", std::uint16_t{0x3FC0}).as<float>()[0], 1.5f);
  EXPECT_EQ(one("F64", 0.1).as<float>()[0], 0.1f);
  EXPECT_EQ(one("I64", std::int64_t{-5}).as<std::int32_t>()[0], -5);
  EXPECT_EQ(one("I16", std::int16_t{-5}).as<std::int32_t>()[0], -5);
  EXPECT_EQ(one("BOOL", std::uint8_t{1}).as<std::uint8_t>()[0], 1);
  EXPECT_EQ(one("F16", std::uint16_t{0x3C00}).format, isa::Format::fp16);
  EXPECT_THROW(one("I64", std::int64_t{1} << 40), InputError);
}

TEST(Safetensors, HeadersMadeToExhaustAreRefusedByTheirLimit) {
  const auto nested = [](int n) {
    return R"({"a":{"dtype":"F32","shape":[)" + std::string(static_cast<std::size_t>(n), '[') +
           std::string(static_cast<std::size_t>(n), ']') + R"(],"data_offsets":[0,0]}})";
  };
  EXPECT_THAT(error_of(file_of(nested(5), 0)), HasSubstr("no whole number"));
  EXPECT_THAT(error_of(file_of(nested(6), 0)), HasSubstr("nested more than 8 deep"));
  EXPECT_THAT(error_of(file_of(nested(200'000), 0)), HasSubstr("nested more than 8 deep"));
  // Brackets within a text are no depth.
  EXPECT_EQ(error_of(file_of(R"({"[[[[[[[[[[\"{{{{":)" + entry("I8", "[1]", 0, 1) + "}", 1)),
            "no error");
  EXPECT_THAT(error_of(file_of(R"({")" + std::string(1025, 'k') + R"(":{}})", 0)),
              HasSubstr("a key of 1025 bytes"));
  std::string many = "{";
  for (int i = 0; i <= 100'000; ++i) many += fmt::format(R"("{}":1,)", i);
  many.back() = '}';
  EXPECT_THAT(error_of(file_of(many, 0)), HasSubstr("more than 100000 keys"));
  std::string extents = "[1";
  for (int i = 0; i < 64; ++i) extents += ",1";
  EXPECT_THAT(error_of(file_of(R"({"a":)" + entry("I8", (extents + "]").c_str(), 0, 1) + "}", 1)),
              HasSubstr("65 extents (limit 64)"));
  // A message of the JSON library quotes what it stopped at, however long.
  EXPECT_LT(error_of(file_of("{\"" + std::string(50'000, 'x'), 0)).size(), 400U);
}

TEST(Safetensors, OtherFilesAreCalledWhatTheyAre) {
  EXPECT_THAT(error_of("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
              HasSubstr("a git LFS pointer"));
  EXPECT_THAT(error_of("<!doctype html><html><body>404</body></html>"), HasSubstr("a web page"));
  EXPECT_THAT(error_of("Entry not found"), HasSubstr("plain text"));
  EXPECT_THAT(error_of(""), HasSubstr("an empty file"));
}

TEST(Safetensors, MetadataThatIsNoUtf8IsReplacedNotLost) {
  const Safetensors s{.metadata = {{"source", "M\xfcller.fq"}}, .tensors = {}};
  EXPECT_EQ(parse_safetensors(safetensors_bytes(s), "F").metadata.at("source"),
            "M\xef\xbf\xbdller.fq");
}

TEST(Safetensors, NoCutOfAFileIsRead) {
  Safetensors s{.metadata = {{"k", "v"}}, .tensors = {}};
  s.tensors["w"] = kernels::Tensor(isa::Format::fp16, {3});
  const std::string bytes = safetensors_bytes(s);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_NE(error_of(bytes.substr(0, n)), "no error") << n << " bytes";
}

TEST(Safetensors, AFileThatCannotBeWrittenIsAnErrorAndLeavesNothing) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("anesim_safetensors_" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  EXPECT_THROW(write_safetensors({}, (folder / "absent" / "m").string()), InputError);
  std::filesystem::create_directories(folder / "m" / "inside");
  EXPECT_THROW(write_safetensors({}, (folder / "m").string()), InputError);
  EXPECT_FALSE(std::filesystem::exists(folder / "m.part"));
  EXPECT_THROW(read_safetensors((folder / "absent").string()), InputError);
  EXPECT_THROW(read_safetensors(folder.string()), InputError);
  std::filesystem::remove_all(folder);
}

TEST(Safetensors, BytesThatAreNoUtf8AreReplaced) {
  for (const char* name : {"M\xfcller.fq", "\xff", "a\xe4\xb8", "\xc0\x80"}) {
    const Safetensors s{.metadata = {{"source", name}}, .tensors = {}};
    const std::string source = parse_safetensors(safetensors_bytes(s), "m").metadata.at("source");
    EXPECT_THAT(source, HasSubstr("\xef\xbf\xbd")) << name;
  }
}

}  // namespace
}  // namespace ane::workloads
