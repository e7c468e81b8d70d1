#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "results/store.h"
#include "results/view.h"
#include "tests/program.h"
#include "tests/results/records.h"

namespace ane {
namespace {

using testing::HasSubstr;

class ShowCommand : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "anesim_show_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    results::Store store(folder_ + "/r.db");
    store.add(results::cpu_record());
    store.add(results::ane_record());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string db() const { return "--db " + folder_ + "/r.db "; }

  std::string folder_;
};

TEST_F(ShowCommand, ShowsTheNewestRunAsTheViewRendersIt) {
  results::Record newest = results::ane_record();
  newest.stored.id = 2;
  const Answer a = anesim("show " + db(), "2>/dev/null");
  EXPECT_EQ(a.status, 0);
  EXPECT_EQ(a.text, results::render("summary", {&newest, 1}, results::Style::text));
  for (const results::View& v : results::views()) {
    using nlohmann::json;
    json one = json::parse(anesim("show 2 --json --view " + std::string(v.name) + " " + db()).text);
    json same = json::parse(results::render(v.name, {&newest, 1}, results::Style::json));
    EXPECT_EQ(one["anesim"]["command"][1], "2");
    one.erase("anesim");
    same.erase("anesim");
    one["records"][0].erase("recorded_at");
    same["records"][0].erase("recorded_at");
    EXPECT_EQ(one, same) << v.name;
  }
}

TEST_F(ShowCommand, ComparesSeveralStoredRuns) {
  const auto o = nlohmann::json::parse(anesim("show 2 1 --view compare --json " + db()).text);
  ASSERT_EQ(o["runs"].size(), 2u);
  EXPECT_DOUBLE_EQ(o["runs"][0]["speed_up"], 2.0);
}

TEST_F(ShowCommand, WritesATraceOfAStoredRun) {
  const std::string file = folder_ + "/t.json";
  EXPECT_EQ(anesim("show 2 --trace " + file + " " + db()).status, 0);
  std::ifstream in(file);
  EXPECT_GT(nlohmann::json::parse(in)["traceEvents"].size(), 10u);
}

TEST_F(ShowCommand, RunsListsThemAll) {
  const Answer a = anesim("runs " + db());
  EXPECT_EQ(a.status, 0);
  EXPECT_THAT(a.text, HasSubstr("r.db, 2 runs"));
  EXPECT_THAT(a.text, HasSubstr("coreml"));
  const auto cpu = nlohmann::json::parse(anesim("runs --unit cpu --json " + db()).text);
  ASSERT_EQ(cpu["runs"].size(), 1u);
  EXPECT_EQ(cpu["runs"][0]["id"], 1);
  EXPECT_THAT(anesim("runs --csv " + db()).text, HasSubstr("id,recorded_at,workload,"));
}

TEST_F(ShowCommand, FaultsAreOneLineAndANoteAndExit2) {
  const auto expect_error = [&](const std::string& arguments, const std::string& what) {
    const Answer a = anesim(arguments);
    EXPECT_EQ(a.status, 2) << arguments;
    EXPECT_THAT(a.text, testing::StartsWith("error: "));
    EXPECT_THAT(a.text, HasSubstr(what));
    EXPECT_LE(std::count(a.text.begin(), a.text.end(), '\n'), 2) << a.text;
  };
  expect_error("show 7 " + db(), "has no run 7");
  expect_error("show x " + db(), "'x' is no run id");
  expect_error("show --view sumary " + db(), "did you mean 'summary'?");
  expect_error("show 1 2 --trace t.json " + db(), "a trace shows one run");
  expect_error("show --json --csv " + db(), "exclude each other");
  expect_error("show --veiw x " + db(), "unknown option '--veiw'");
  expect_error("show --db " + folder_ + "/none.db", "there is no such results file");
  expect_error("runs --db " ANESIM_PROGRAM, "file is not a database");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/none.db"));
}

TEST_F(ShowCommand, ATraceNeverReplacesTheResultsFile) {
  const auto refused = [&](const std::string& name) {
    const Answer a = anesim("show 2 --trace " + name + " " + db());
    EXPECT_EQ(a.status, 2) << name;
    EXPECT_THAT(a.text, HasSubstr("is the input"));
  };
  refused(folder_ + "/r.db");
  refused(folder_ + "/./r.db");
  std::filesystem::create_symlink("r.db", folder_ + "/link");
  refused(folder_ + "/link");
  EXPECT_EQ(anesim("show 2 " + db()).status, 0);
  EXPECT_EQ(anesim("show 2 --trace '' " + db()).status, 2);
}

TEST_F(ShowCommand, ATraceThatCannotBeWrittenLeavesTheOldOne) {
  const std::string file = folder_ + "/t.json";
  std::ofstream(file) << "before";
  const Answer full = anesim("show 2 --trace /dev/full " + db());
  EXPECT_EQ(full.status, 2);
  EXPECT_THAT(full.text, HasSubstr("/dev/full: cannot be written: No space left on device"));
  const Answer absent = anesim("show 2 --trace " + folder_ + "/no/t.json " + db());
  EXPECT_EQ(absent.status, 2);
  EXPECT_THAT(absent.text, HasSubstr("t.json: cannot be written: No such file or directory"));
  std::string text;
  std::getline(std::ifstream(file), text);
  EXPECT_EQ(text, "before");
}

TEST_F(ShowCommand, ATimeThatAnotherProgramWroteIsShownAsItIs) {
  {
    results::Database database(folder_ + "/r.db", results::Database::Open::existing);
    database.execute("UPDATE run SET recorded_at = 'then' WHERE id = 1");
    database.execute("UPDATE run SET recorded_at = '' WHERE id = 2");
  }
  const Answer a = anesim("runs " + db());
  EXPECT_EQ(a.status, 0);
  EXPECT_THAT(a.text, HasSubstr("then"));
}

TEST_F(ShowCommand, HelpNamesEveryView) {
  const Answer a = anesim("show --help");
  EXPECT_EQ(a.status, 0);
  for (const results::View& v : results::views())
    EXPECT_THAT(a.text, HasSubstr(std::string(v.name)));
  EXPECT_EQ(anesim("runs --help").status, 0);
}

}  // namespace
}  // namespace ane
