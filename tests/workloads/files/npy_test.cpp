#include "workloads/files/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/fuzz/zip_writer.h"

namespace ane::workloads {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string mpnn_data = SOURCE_DIR "/../shared/mpnn/";

std::string npy(const std::string& descr, const std::string& shape, const std::string& data,
                char version = 1, const std::string& order = "False") {
  const std::string h =
      "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  std::string out = "\x93NUMPY";
  out += version;
  out += '\0';
  out += static_cast<char>(h.size());
  out += '\0';
  if (version > 1) out += std::string(2, '\0');
  return out + h + data;
}

template <class... T>
std::string raw(T... v) {
  std::string out;
  (out.append(reinterpret_cast<const char*>(&v), sizeof v), ...);
  return out;
}

std::string error_of(const std::string& bytes) {
  try {
    parse_npy(bytes, "a.npy").tensor();
  } catch (const InputError& e) {
    return e.place() + ": " + e.what();
  }
  return "no error";
}

TEST(Npy, ReadsEveryElementTypeItNames) {
  EXPECT_THAT(parse_npy(npy("'<f4'", "(2,)", raw(1.5f, -2.0f)), "p").floats(),
              ElementsAre(1.5f, -2.0f));
  EXPECT_THAT(parse_npy(npy("'<f8'", "(1, 2)", raw(0.1, 3.0)), "p").floats(),
              ElementsAre(0.1f, 3.0f));
  EXPECT_THAT(parse_npy(npy("'<f8'", "(1,)", raw(0.1)), "p").doubles(), ElementsAre(0.1));
  EXPECT_THAT(
      parse_npy(npy("'|i1'", "(2,)", raw(std::int8_t{-128}, std::int8_t{5})), "p").integers(),
      ElementsAre(-128, 5));
  EXPECT_THAT(parse_npy(npy("'|u1'", "(1,)", raw(std::uint8_t{200})), "p").integers(),
              ElementsAre(200));
  EXPECT_THAT(parse_npy(npy("'|b1'", "(2,)", raw(true, false)), "p").integers(), ElementsAre(1, 0));
  EXPECT_THAT(parse_npy(npy("'<i8'", "(1,)", raw(std::int64_t{-7})), "p").integers(),
              ElementsAre(-7));
  // 1, the largest and the smallest subnormal, minus infinity.
  const auto halves = npy(
      "'<f2'", "(4,)",
      raw(std::uint16_t{0x3C00}, std::uint16_t{0x03FF}, std::uint16_t{1}, std::uint16_t{0xFC00}));
  EXPECT_THAT(parse_npy(halves, "p").doubles(),
              ElementsAre(1.0, 1023 * 0x1p-24, 0x1p-24, -std::numeric_limits<double>::infinity()));
}

TEST(Npy, BecomesATensorOfTheNearestFormat) {
  const auto t =
      parse_npy(npy("'<i8'", "(2, 1)", raw(std::int64_t{3}, std::int64_t{4})), "p").tensor();
  EXPECT_EQ(t.format, isa::Format::i32);
  EXPECT_THAT(t.shape, ElementsAre(2, 1));
  EXPECT_THAT(t.as<std::int32_t>(), ElementsAre(3, 4));
  EXPECT_EQ(parse_npy(npy("'<f2'", "(1,)", raw(std::uint16_t{0x3C00})), "p").tensor().format,
            isa::Format::fp16);
}

TEST(Npy, ScalarAndEmptyArraysKeepTheirShapes) {
  EXPECT_EQ(parse_npy(npy("'<f4'", "()", raw(2.0f)), "p").size(), 1);
  EXPECT_EQ(parse_npy(npy("'<f4'", "(0, 5)", ""), "p").tensor().size(), 0);
}

TEST(Npy, ReadsFormatVersionsOneToThree) {
  for (const char version : {char{1}, char{2}, char{3}})
    EXPECT_THAT(parse_npy(npy("'<f4'", "(1,)", raw(9.0f), version), "p").floats(),
                ElementsAre(9.0f));
  EXPECT_THAT(error_of(npy("'<f4'", "(1,)", raw(9.0f), 4)), HasSubstr("version 4"));
}

TEST(Npy, AnIntegerThatDoesNotFitIsAnErrorWithItsPlace) {
  EXPECT_EQ(error_of(npy("'<i8'", "(2,)", raw(std::int64_t{0}, std::int64_t{1} << 31))),
            "a.npy: element 1 is 2147483648, no 32-bit integer");
  EXPECT_THROW(parse_npy(npy("'<f4'", "(1,)", raw(0.5f)), "p").integers(), InputError);
  EXPECT_THAT(parse_npy(npy("'<f8'", "(2,)", raw(-2147483648.0, 2147483647.0)), "p").integers(),
              ElementsAre(INT32_MIN, INT32_MAX));
  for (const double beyond : {-2147483649.0, 2147483648.0})
    EXPECT_THROW(parse_npy(npy("'<f8'", "(1,)", raw(beyond)), "p").integers(), InputError);
}

TEST(Npy, RefusesWhatItCannotRead) {
  EXPECT_THAT(error_of("NUMPY"), HasSubstr("not an .npy file"));
  EXPECT_THAT(error_of(npy("'>f4'", "(1,)", raw(1.0f))), HasSubstr("big-endian"));
  EXPECT_THAT(error_of(npy("'<f4'", "(1,)", raw(1.0f), 1, "True")), HasSubstr("Fortran"));
  EXPECT_THAT(error_of(npy("'<U5'", "(1,)", raw(1.0f))), HasSubstr("'U5' cannot be read"));
  EXPECT_THAT(error_of(npy("'|O'", "(1,)", raw(1.0f))), HasSubstr("'O' cannot be read"));
  EXPECT_THAT(error_of(npy("[('a', '<f4')]", "(1,)", raw(1.0f))), HasSubstr("records"));
  EXPECT_THAT(error_of(npy("'<f4'", "(2,)", raw(1.0f))),
              HasSubstr("needs 8 bytes, the file holds 4"));
  EXPECT_THAT(error_of(npy("'<f4'", "(1,)", raw(1.0f, 2.0f))), HasSubstr("holds 8"));
  EXPECT_THAT(error_of(npy("'<f4'", "(4294967296, 4294967296)", "")), HasSubstr("overflows"));
  EXPECT_THAT(error_of(npy("'<f4'", "(-1,)", raw(1.0f))), HasSubstr("whole number"));
  EXPECT_THAT(error_of(npy("'<f4'", "(1,)", raw(1.0f)).substr(0, 30)), HasSubstr("truncated"));
}

TEST(Npy, WritingAndReadingGiveTheSameTensor) {
  kernels::Tensor t(isa::Format::fp16, {3, 2});
  for (std::size_t i = 0; i < 6; ++i)
    t.as<std::uint16_t>()[i] = static_cast<std::uint16_t>(i * 999);
  const std::string bytes = npy_bytes(t);
  EXPECT_EQ((bytes.size() - 12) % 64, 0u);
  const kernels::Tensor back = parse_npy(bytes, "p").tensor();
  EXPECT_EQ(back.shape, t.shape);
  EXPECT_EQ(back.format, t.format);
  EXPECT_EQ(back.bytes, t.bytes);
}

std::string make_zip(const std::string& name, const std::string& data, bool deflate) {
  const std::string path =
      testing::TempDir() + "/" + std::to_string(getpid()) + "_anesim_npy_test.npz";
  std::ofstream(path, std::ios::binary) << fuzz::zip_of({{name, data}}, deflate);
  return path;
}

TEST(Npz, ReadsStoredAndDeflatedMembersByName) {
  std::string data;
  for (int i = 0; i < 1000; ++i) data += raw(static_cast<float>(i / 100));
  for (const bool deflate : {false, true}) {
    const Npz npz(make_zip("hV.npy", npy("'<f4'", "(10, 100)", data), deflate));
    EXPECT_THAT(npz.names(), ElementsAre("hV"));
    EXPECT_EQ(npz["hV"].floats().at(999), 9.0f);
    EXPECT_THROW(npz["hE"], InputError);
  }
}

TEST(Npz, ADamagedMemberIsFoundByItsChecksum) {
  const std::string path = make_zip("a.npy", npy("'<f4'", "(1,)", raw(7.0f)), false);
  std::string bytes = read_file(path);
  const std::size_t at = bytes.find(raw(7.0f));
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 1;
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_THROW(Npz{path}["a"], InputError);
  std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  EXPECT_THROW(Npz{path}, InputError);
}

TEST(Npz, ReadsTheOraclesOfTheWorkload) {
  const std::string path = mpnn_data + "oracles_real_weights/oracle_5L33.npz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no file " << path;
  const Npz npz(path);
  EXPECT_THAT(npz["E_idx"].shape, ElementsAre(1, 106, 48));
  EXPECT_EQ(npz["E_idx"].integers().at(48), 1);  // residue 1's nearest neighbour is itself
  EXPECT_NEAR(npz["native_score"].doubles().at(0), 1.5969, 1e-4);
  EXPECT_EQ(npz["k_neighbors"].integers().at(0), 48);
}

TEST(Files, AMissingFileAndADirectoryAreTheUsersErrors) {
  EXPECT_THROW(read_file("/no/such/file"), InputError);
  EXPECT_THROW(read_file(testing::TempDir()), InputError);
}

}  // namespace
}  // namespace ane::workloads
