#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/program.h"

namespace {

using ane::anesim;
using ane::Answer;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;

// A folder of the test's own, without a results file.
std::string folder() {
  const std::string path = testing::TempDir() + "/" + std::to_string(getpid()) + "_anesim_doctor";
  std::filesystem::create_directories(path);
  return path;
}

TEST(DoctorCommand, AProgramInOrderSaysWhatItIs) {
  const Answer a = anesim("doctor --db " + folder() + "/none.db");
  EXPECT_EQ(a.status, 0) << a.text;
  for (const char* line :
       {"version ", "compiler ", "simd ", "cores ", "memory ", "sqlite ", "data        chips",
        "data        golden", "store ", " 0 differ from the reference\n"})
    EXPECT_THAT(a.text, HasSubstr(line));
  EXPECT_THAT(a.text, EndsWith("in order\n"));
  EXPECT_FALSE(std::filesystem::exists(folder() + "/none.db")) << "it only looks";
}

TEST(DoctorCommand, JsonHoldsEveryPathAndFolder) {
  const auto json =
      nlohmann::json::parse(anesim("doctor --json --db " + folder() + "/none.db").text);
  EXPECT_THAT(json["simd_paths"], Contains(json["simd"]));
  EXPECT_EQ(json["simd_paths"][0], "scalar");
  // The reference, and two precisions under two profiles on each path.
  EXPECT_EQ(json["arithmetic"].size(), 1 + 4 * json["simd_paths"].size());
  for (const auto& c : json["arithmetic"]) EXPECT_EQ(c["differing"], 0) << c;
  EXPECT_EQ(json["data"].size(), 7u);
  EXPECT_TRUE(json["faults"].empty());
  EXPECT_GE(json["cores"], 1);
}

TEST(DoctorCommand, AStoreThatCannotBeUsedIsNamedAndEndsInOne) {
  const std::string file = folder() + "/text.db";
  std::ofstream(file) << "no database at all, and longer than a header of a hundred bytes: ........"
                         "..................................................................";
  const Answer a = anesim("doctor --db " + file);
  EXPECT_EQ(a.status, 1);
  EXPECT_THAT(a.text, HasSubstr("WRONG       " + file));
  EXPECT_THAT(a.text, EndsWith("not in order\n"));
  const auto json = nlohmann::json::parse(anesim("doctor --json --db " + file).text);
  EXPECT_EQ(json["store"]["state"], "cannot be used");
  EXPECT_EQ(json["faults"].size(), 1u);
  EXPECT_EQ(anesim("doctor --db " + folder() + "/no/such/folder/x.db").status, 1);
}

TEST(CheckCommand, ComparesWithTheNumbersItCarries) {
  const Answer a = anesim("check --case \"readqc mlp fp16 ane16\"");
  EXPECT_EQ(a.status, 0) << a.text;
  EXPECT_THAT(a.text, HasSubstr("1 cases, 0 differ"));
  EXPECT_THAT(anesim("check --update").text, HasSubstr("--update: which file"));
  EXPECT_EQ(
      anesim("check --file " + folder() + "/none.txt --case \"readqc mlp fp16 ane16\"").status, 2);
}

}  // namespace
