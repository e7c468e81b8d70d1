// Is a sweep kept as it comes, gone on with after any end, and the same in parts?
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "results/sqlite.h"
#include "tests/program.h"

namespace {

using ane::anesim;
using ane::Answer;
using testing::HasSubstr;

class SweepCommand : public testing::Test {
 protected:
  SweepCommand() { std::filesystem::create_directories(folder_); }
  ~SweepCommand() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  // All points of a file, a line each.
  static std::string rows(const std::string& db) {
    ane::results::Database database(db, ane::results::Database::Open::existing);
    ane::results::Statement all(database,
                                "SELECT point, assignment, latency_s, energy_j, bound, feasible, "
                                "refused FROM sweep_point ORDER BY point");
    std::string text;
    while (all.step()) {
      for (int c = 0; c < 7; ++c) text += all.text(c) + "|";
      text += "\n";
    }
    return text;
  }

  const std::string folder_ = testing::TempDir() + "/sweep_" + std::to_string(getpid()) +
                              testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string axes_ =
      "sweep kind=matmul m=256 n=256 k=256 --axis chip=M1,M4 --axis "
      "memory.bandwidth=30GB/s..60GB/s:100MB/s --axis ane.l2=1MiB,2MiB ";
};

TEST_F(SweepCommand, StartedAgainComputesNothingTwice) {
  const std::string db = " --db " + file("s.db");
  const Answer first = anesim(axes_ + db), again = anesim(axes_ + db);
  EXPECT_EQ(first.status, 0) << first.text;
  EXPECT_THAT(first.text, HasSubstr("sweep 1: 1204 points computed, 0 refused"));
  EXPECT_THAT(again.text, HasSubstr("0 points computed, 0 refused, 1204 were there"));
  const auto json = nlohmann::json::parse(anesim("show --sweep last --json" + db).text);
  EXPECT_EQ(json["points"].size(), 1204U);
  EXPECT_EQ(json["sweep"][0]["computed"], 1204);
  for (const char* view : {"front", "best", "sensitivity", "heat", "knee", "points"})
    EXPECT_EQ(anesim("show --sweep 1 --view " + std::string(view) + db +
                     (std::string(view) == "heat" ? " --x ane.l2 --y chip" : ""))
                  .status,
              0)
        << view;
  EXPECT_EQ(anesim("show --sweep 9" + db).status, 2);
}

TEST_F(SweepCommand, KilledAtAnyMomentItGoesOn) {
  ASSERT_EQ(anesim(axes_ + "--db " + file("whole.db")).status, 0);
  int killed = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string after = "0.0" + std::to_string(2 + 3 * i);
    const Answer a = anesim("", "2>&1; timeout -s KILL " + after + " " ANESIM_PROGRAM " " + axes_ +
                                    "--threads 1 --db " + file("k.db") + " >/dev/null 2>&1");
    killed += a.status != 0 ? 1 : 0;
  }
  ASSERT_EQ(anesim(axes_ + "--db " + file("k.db")).status, 0);
  EXPECT_EQ(rows(file("k.db")), rows(file("whole.db")));
  EXPECT_GT(killed, 0);
}

TEST_F(SweepCommand, PartsMergedAreTheWhole) {
  ASSERT_EQ(anesim(axes_ + "--db " + file("whole.db")).status, 0);
  for (const char* part : {"1", "2", "3"})
    ASSERT_EQ(
        anesim(axes_ + "--shard " + part + "/3 --db " + file(part + std::string(".db"))).status, 0);
  const std::string merge = "merge " + file("1.db") + " " + file("2.db") + " " + file("3.db") +
                            " --into " + file("all.db");
  EXPECT_EQ(anesim(merge).status, 0);
  EXPECT_EQ(rows(file("all.db")), rows(file("whole.db")));
  const Answer again = anesim(merge);
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.text, HasSubstr(": 0 points and 0 runs added"));
  EXPECT_EQ(rows(file("all.db")), rows(file("whole.db")));
  EXPECT_EQ(anesim("merge " + file("1.db") + " --into " + file("1.db")).status, 2);
  EXPECT_EQ(anesim("merge --into " + file("x.db")).status, 2);
  EXPECT_EQ(anesim("merge " + file("1.db")).status, 2);
}

TEST_F(SweepCommand, VersionsAreMixedWhereAskedFor) {
  ASSERT_EQ(anesim("run kind=launch --db " + file("a.db")).status, 0);
  std::filesystem::copy(file("a.db"), file("b.db"));
  {
    ane::results::Database b(file("b.db"), ane::results::Database::Open::existing);
    b.execute("UPDATE run SET code_version = 'older'");
  }
  const std::string merge =
      "merge " + file("a.db") + " " + file("b.db") + " --into " + file("c.db");
  const Answer refused = anesim(merge);
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.text, HasSubstr("of different versions of the program"));
  EXPECT_EQ(anesim(merge + " --mixed").status, 0);
}

TEST_F(SweepCommand, AFileSaysAllOfIt) {
  std::ofstream(file("plan.json")) << R"({"request": "mobilenet_v2", "axes": {"chip": ["M1", "M4"],
      "batch": "1..4*2"}, "where": "latency < 5ms", "objectives": ["edp"]})";
  const auto json = nlohmann::json::parse(
      anesim("sweep --file " + file("plan.json") + " --no-db --json", "2>/dev/null").text);
  EXPECT_EQ(json["points"].size(), 6U);
  const Answer both = anesim("sweep --file " + file("plan.json") + " --axis batch=1,2 --no-db");
  EXPECT_EQ(both.status, 2);
  EXPECT_THAT(both.text, HasSubstr("the file says all of it"));
}

TEST_F(SweepCommand, FaultsAreOneLineAndExitTwo) {
  for (const char* wrong :
       {"sweep", "sweep resnet50", "sweep resnet50 --axis batch=1..8",
        "sweep resnet50 --axis foo=1", "sweep resnet50 --axis batch=1,2 --sample grdi",
        "sweep resnet50 --axis batch=1,2 --points 5",
        "sweep resnet50 --axis batch=1,2 --shard 3/2 --db x.db",
        "sweep resnet50 --axis batch=1,2 --threads 0",
        "sweep resnet50 --axis batch=1,2 --view frnt",
        "sweep resnet50 --axis batch=1,2 --objective speed",
        "sweep resnet50 batch=4 --batch 8 --axis chip=M1,M4",
        "sweep resnet50 --axis batch=1,2 --where latency"}) {
    const Answer a = anesim(std::string(wrong) + " --no-db");
    EXPECT_EQ(a.status, 2) << wrong << a.text;
    EXPECT_THAT(a.text, testing::StartsWith("error: ")) << wrong;
  }
}

TEST_F(SweepCommand, WithoutAnyPriceIsAFaultThatSaysWhy) {
  const Answer a = anesim("sweep resnet50 --unit ane --axis chip=A100,RTX4090 --no-db");
  EXPECT_EQ(a.status, 2) << a.text;
  EXPECT_THAT(a.text, HasSubstr("no point can be priced; the first: "));
  EXPECT_THAT(a.text, HasSubstr("has no ANE"));
}

}  // namespace
