// Is a person served who asks for one spec, or for the comparison with silicon?
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "program.h"

namespace ane::sim {
namespace {

using ::testing::HasSubstr;

TEST(SpecCommand, ASpecRunsWithCausesThatSumAndABand) {
  const Answer a = anesim(
      "run 'kind=matmul m=1024 n=1024 k=1024 unit=gpu path=mlx weights=fp16' --chip M2 --no-db "
      "--json",
      "");
  ASSERT_EQ(a.status, 0);
  const auto j = nlohmann::json::parse(a.text);
  double sum = 0;
  for (const auto& [name, value] : j["causes"].items()) sum += value.get<double>();
  EXPECT_NEAR(sum, j["latency_s"].get<double>(), 1e-12);
  EXPECT_EQ(j["macs"], 1024LL * 1024 * 1024);
  EXPECT_LT(j["latency_band_s"]["low"], j["latency_s"]);
  EXPECT_GT(j["latency_band_s"]["high"], j["latency_s"]);
}

TEST(SpecCommand, FaultsAreOneLineAndExit2) {
  for (const auto& [arguments, said] :
       {std::pair<std::string, std::string>{"run 'kind=matmul m=1 n=1 k=1 unti=gpu'", "'unit'"},
        {"run 'kind=matmul m=1 n=1'", "needs 'k='"},
        {"run 'kind=matmul m=1 n=1 k=1 unit=gpu path=mxl'", "mlx"},
        {"validate --by colour", "unknown key 'colour'"},
        {"validate --rows /nonexistent.csv", "cannot be read"},
        {"calibrate --passes 0", "at least 1"},
        {"validate --json --csv", "exclude each other"}}) {
    const Answer a = anesim(arguments + " 2>&1", "");
    EXPECT_EQ(a.status, 2) << arguments;
    EXPECT_THAT(a.text, HasSubstr(said)) << arguments;
    EXPECT_LE(std::count(a.text.begin(), a.text.end(), '\n'), 2) << a.text;
  }
}

TEST(ValidateCommand, RowsOfAnotherFileAreComparedAndStored) {
  std::string folder = ::testing::TempDir() + "anesim_validate_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/rows.csv")
      << "chip,source,trust,spec,quantity,value_si\n"
         "M3 Max (40c),s,A,unit=gpu path=mlx kind=op op=reduce_sum shape=128x1000000 "
         "activations=fp32 axes=all bytes=512000000,bandwidth,3.5e11\n";
  const Answer a =
      anesim("validate --json --rows " + folder + "/rows.csv --db " + folder + "/t.db", "");
  ASSERT_EQ(a.status, 0);
  const auto j = nlohmann::json::parse(a.text);
  EXPECT_EQ(j["rows"], 1);
  EXPECT_EQ(j["run"], 1);
  EXPECT_LT(j["all"]["median"].get<double>(), 0.2);
  EXPECT_TRUE(std::filesystem::exists(folder + "/t.db"));
  std::filesystem::remove_all(folder);
}

TEST(ValidateCommand, EveryFormTellsTheSameCounts) {
  const auto j = nlohmann::json::parse(anesim("validate --json --worst 0", "").text);
  const std::string text = anesim("validate --worst 0", "").text;
  const std::string csv = anesim("validate --csv", "").text;
  EXPECT_THAT(text, HasSubstr(std::to_string(j["rows"].get<int>()) + " rows, " +
                              std::to_string(j["with_spec"].get<int>()) + " with a spec"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), j["with_spec"].get<int>() + 1);
}

}  // namespace
}  // namespace ane::sim
