// Is a person served who asks for one request, or for the comparison with silicon?
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/program.h"

namespace ane::sim {
namespace {

using ::testing::HasSubstr;

TEST(RequestCommand, ARequestRunsWithCausesThatSumAndABand) {
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

TEST(RequestCommand, AProgramThatIsAllRefusedSaysWhy) {
  const Answer a = anesim(
      "run 'kind=conv cin=64 cout=64 h=20 w=20 kh=17 kw=17 unit=ane path=coreml' --chip M4 --no-db",
      "");
  ASSERT_EQ(a.status, 0);
  EXPECT_THAT(a.text, HasSubstr("1 operator runs on the CPU [C1]: the kernel is 17 columns wide"));
}

TEST(RequestCommand, EveryKindRunsOnTheUnitsThatHaveIt) {
  for (const char* spec :
       {"kind=conv cin=64 cout=128 h=56 w=56 kh=3 kw=3 stride=2", "kind=matmul m=64 n=64 k=64",
        "kind=elementwise op=add elements=1000003", "kind=op op=softmax shape=256x1024",
        "kind=op op=reduce_sum shape=64x128x128 axes=all", "kind=network name=mobilenet_v3_small",
        "kind=network name=vit_t_16 batch=2", "kind=encoder name=bert-base tokens=32",
        "kind=llm name=qwen2.5-0.5b phase=decode context=64",
        "kind=llm name=qwen2.5-0.5b phase=prefill tokens=64",
        "kind=mpnn residues=40 k=30 hidden=64 encoder=2 decoder=2 phase=forward",
        "kind=mpnn residues=40 k=30 hidden=64 encoder=2 decoder=2 phase=sample",
        "kind=copy bytes=393216", "kind=launch", "kind=idle"})
    for (const char* unit : {"ane", "gpu", "cpu"})
      for (const char* chip : {"M1", "M5"}) {
        const Answer a = anesim(
            fmt::format("run '{} unit={}' --chip {} --no-db --json 2>&1", spec, unit, chip), "");
        ASSERT_EQ(a.status, 0) << spec << " " << unit << " " << chip << "\n" << a.text;
        const auto j = nlohmann::json::parse(a.text);
        EXPECT_GT(j["latency_s"], 0.0) << spec;
        EXPECT_LT(j["latency_s"], 100.0) << spec;
        const std::string kind(spec);
        if (kind != "kind=launch" && kind != "kind=idle") {
          EXPECT_GT(j["peak_memory_bytes"], 0) << spec << " " << unit;
        }
      }
}

TEST(RequestCommand, FaultsAreOneLineAndExit2) {
  for (const auto& [arguments, said] :
       {std::pair<std::string, std::string>{"run 'kind=matmul m=1 n=1 k=1 unti=gpu'", "'unit'"},
        {"run 'kind=matmul m=1 n=1'", "needs 'k='"},
        {"run 'kind=matmul m=1 n=1 k=1 unit=gpu path=mxl'", "mlx"},
        {"run 'kind=mpnn residues=20 k=8 hidden=32 encoder=1 decoder=1 phase=forward' --values",
         "need its structure"},
        {"run 'kind=elementwise op=rellu elements=8 unit=gpu'", "did you mean 'relu'"},
        {"run 'kind=matmul m=1 n=1 k=1 unit=gpu path=mlx' --runtime mps", "says path=mlx"},
        {"run 'kind=launch form=framework' --form accelerator", "says form=framework"},
        {"run 'kind=launch' --profile ieee", "no values"},
        {"run mpnn --length 60 --temperature 2", "no values"},
        {"run mpnn --length 60 --profile ieee", "no values"},
        {"run vision_language --profile ieee", "no values"},
        {"compare readqc --profile ieee", "no values"},
        {"compare 'kind=matmul m=1 n=1 k=1 batch=8' --batches 1,2", "says it as well"},
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
  EXPECT_EQ(j["counts"]["rows"], 1);
  EXPECT_EQ(j["rows"].size(), 1U);
  EXPECT_EQ(j["run"], 1);
  EXPECT_LT(j["all"]["median"].get<double>(), 0.2);
  EXPECT_TRUE(std::filesystem::exists(folder + "/t.db"));
  std::filesystem::remove_all(folder);
}

TEST(ValidateCommand, EveryFormTellsTheSameCounts) {
  const auto j = nlohmann::json::parse(anesim("validate --json --worst 0", "").text);
  const std::string text = anesim("validate --worst 0", "").text;
  const std::string csv = anesim("validate --csv", "").text;
  EXPECT_THAT(text, HasSubstr(std::to_string(j["counts"]["rows"].get<int>()) + " rows, " +
                              std::to_string(j["with_spec"].get<int>()) + " with a spec"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), j["with_spec"].get<int>() + 1);
}

}  // namespace
}  // namespace ane::sim
