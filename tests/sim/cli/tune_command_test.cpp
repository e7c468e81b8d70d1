// Does `anesim tune` find, keep and tell the best, and is its best the run of that request?
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/program.h"

namespace {

using ane::anesim;
using ane::Answer;
using testing::HasSubstr;

class TuneCommand : public testing::Test {
 protected:
  TuneCommand() { std::filesystem::create_directories(folder_); }
  ~TuneCommand() override { std::filesystem::remove_all(folder_); }
  std::string db() const { return " --db " + folder_ + "/t.db"; }
  static nlohmann::json json(const std::string& command) {
    return nlohmann::json::parse(anesim(command + " --json", "2>/dev/null").text);
  }

  const std::string folder_ = testing::TempDir() + "/tune_" + std::to_string(getpid()) +
                              testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(TuneCommand, TheBestIsTheRunOfItsRequest) {
  const std::string tune =
      "tune kind=matmul m=64 n=64 k=64 --objective energy --max-latency 10ms --choose unit "
      "--choose batch=1,4,16" +
      db();
  const Answer first = anesim(tune);
  EXPECT_EQ(first.status, 0) << first.text;
  EXPECT_THAT(first.text, HasSubstr("9 of 9 combinations tried"));
  EXPECT_THAT(first.text, HasSubstr("tried as sweep 1, the best as run 1"));
  EXPECT_THAT(anesim(tune).text, HasSubstr("the best was there as run 1"));
  const auto told = json(tune);
  const std::string request = told["costs"][1]["request"];
  const auto run = json("run '" + request + "' --chip M4 --no-db");
  EXPECT_EQ(told["costs"][1]["latency_s"], run["records"][0]["latency"]["s"]);
  EXPECT_EQ(told["costs"][1]["energy_j"], run["records"][0]["energy"]["j"]);
  EXPECT_EQ(json("show --sweep last" + db())["points"].size(), 9U);
  EXPECT_THAT(json("show 1" + db())["records"][0]["question"]["request"].get<std::string>(),
              testing::StartsWith(request));
}

TEST_F(TuneCommand, AgreementIsOfAnswersToAStructure) {
  const std::string tune =
      "tune mpnn hidden=16 encoder=1 decoder=1 k=8 unit=ane --objective energy "
      "--choose precision=fp16,int8w,int8 --pdb " SOURCE_DIR
      "/tests/fuzz/corpus/pdb/two_chains.pdb --no-db --min-agreement ";
  const auto told = json(tune + "0.01");
  EXPECT_EQ(told["choices"][0]["choice"], "precision");
  EXPECT_GT(told["costs"][1]["agreement"], 0.01);
  const auto strict = json(tune + "1");
  EXPECT_EQ(strict["costs"][1]["agreement"], 1.0);
}

TEST_F(TuneCommand, OutOfReachIsStatusOne) {
  const Answer a =
      anesim("tune kind=matmul m=64 n=64 k=64 --max-latency 1ns --choose batch --no-db");
  EXPECT_EQ(a.status, 1);
  EXPECT_THAT(a.text, HasSubstr("nothing that was tried is within the bounds"));
}

TEST_F(TuneCommand, FaultsAreOneLineAndExitTwo) {
  for (const char* wrong :
       {"tune", "tune resnet50 --objective edp", "tune resnet50 --max-latency 10MB",
        "tune resnet50 --max-latency 0s", "tune resnet50 --choose ane.l2=1MiB",
        "tune resnet50 --choose input=1x3x8x8", "tune resnet50 --min-agreement 0.9",
        "tune mpnn residues=20 --min-agreement 0.9", "tune mpnn residues=20 --min-agreement 2",
        "tune resnet50 --pdb x.pdb", "tune resnet50 --seed 4", "tune resnet50 --starts 0",
        "tune resnet50 --whole 0", "tune resnet50 --threads 0",
        "tune resnet50 batch=2 unit=ane form=accelerator",
        "tune mpnn residues=20 --min-agreement 0.9 --reads r.fq"}) {
    const Answer a = anesim(std::string(wrong) + " --no-db");
    EXPECT_EQ(a.status, 2) << wrong << a.text;
    EXPECT_THAT(a.text, testing::StartsWith("error: ")) << wrong;
  }
}

}  // namespace
