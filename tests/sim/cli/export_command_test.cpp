#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/program.h"

namespace ane {
namespace {

using testing::HasSubstr;

class ExportCommand : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "anesim_export_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file() const { return folder_ + "/m.onnx"; }

  std::string folder_;
};

TEST_F(ExportCommand, WritesAFileThatRunPrices) {
  const auto o = nlohmann::json::parse(
      anesim("export kind=readqc name=cnn batch=10 " + file() + " --json").text)["exported"];
  EXPECT_EQ(o["file_bytes"], std::filesystem::file_size(file()));
  EXPECT_GT(o["operators"], 3);
  EXPECT_EQ(anesim("run onnx " + file() + " --no-db").status, 0);
}

// An option or a key that would change nothing in the file is refused, and no file is written.
TEST_F(ExportCommand, RefusesWhatNoFileHolds) {
  const std::string model = "kind=readqc name=cnn batch=10 ";
  for (const char* extra : {"unit=gpu", "unit=cpu", "cold=1", "path=ane-direct"}) {
    const Answer a = anesim("export " + model + extra + " " + file(), "2>&1");
    EXPECT_NE(a.status, 0) << extra;
    EXPECT_THAT(a.text, HasSubstr("error: ")) << extra;
    EXPECT_FALSE(std::filesystem::exists(file())) << extra;
  }
  EXPECT_EQ(anesim("export " + model + "unit=ane " + file()).status, 0);
  const Answer both =
      anesim("export " + model + file() + " --weights no.safetensors --seed 2", "2>&1");
  EXPECT_THAT(both.text, HasSubstr("--seed: says nothing beside --weights"));
}

}  // namespace
}  // namespace ane
