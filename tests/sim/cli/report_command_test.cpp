#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "isa/file.h"
#include "tests/program.h"

namespace ane {
namespace {

class ReportCommand : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/anesim_report_test_" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    const Answer made = anesim("run mpnn --length 20 --chip M4 --tasks --db " + db());
    ASSERT_EQ(made.status, 0) << made.text;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string db() const { return folder_ + "/r.db"; }
  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  std::string folder_;
};

TEST_F(ReportCommand, DrawsARunASweepAndAModel) {
  const Answer run = anesim("report 1 --db " + db() + " -o " + file("run.html"));
  EXPECT_EQ(run.status, 0) << run.text;
  EXPECT_THAT(run.text, testing::HasSubstr("6 charts"));
  const std::string html = read_file(file("run.html"));
  EXPECT_THAT(html, testing::StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(html, testing::HasSubstr("anesim run mpnn --length 20 --chip M4"));
  EXPECT_EQ(anesim("sweep mpnn residues=20 --axis ane.cores=8,16 --db " + db()).status, 0);
  EXPECT_EQ(anesim("report --sweep last --db " + db() + " -o " + file("s.html")).status, 0);
  EXPECT_THAT(read_file(file("s.html")), testing::HasSubstr("sweep-points"));
  EXPECT_EQ(anesim("report --model resnet18 -o " + file("m.html")).status, 0);
  EXPECT_THAT(read_file(file("m.html")), testing::HasSubstr("model-placement"));
}

TEST_F(ReportCommand, RefusesWhatSaysNothing) {
  const std::string to = " -o " + file("x.html");
  for (const char* words :
       {"report 1 --tables", "report --tables --validate", "report 1 --chip M4",
        "report --tables --db x.db", "report --model resnet18 --db x.db", "report 3-1", "report 99",
        "report --sweep 7", "report --model resnet1x", "report one"}) {
    const std::string more = std::string(words).find("--db") == std::string::npos &&
                                     std::string(words).find("--model") == std::string::npos
                                 ? " --db " + db()
                                 : "";
    const Answer a = anesim(words + more + to);
    EXPECT_EQ(a.status, 2) << words << "\n" << a.text;
    EXPECT_THAT(a.text, testing::HasSubstr("error: ")) << words;
  }
  EXPECT_THAT(anesim("report resnet50 --db " + db() + to).text,
              testing::HasSubstr("--model resnet50"));
  EXPECT_FALSE(std::filesystem::exists(file("x.html")));
  EXPECT_EQ(anesim("report 1 --db " + db() + " -o /no/such/folder/r.html").status, 2);
}

TEST_F(ReportCommand, DiffOfRunsAndQuestions) {
  EXPECT_EQ(anesim("run mpnn --length 20 --chip M1 --db " + db()).status, 0);
  const Answer both = anesim("diff 1 2 --db " + db());
  EXPECT_EQ(both.status, 0) << both.text;
  EXPECT_THAT(both.text, testing::HasSubstr("chip"));
  EXPECT_THAT(both.text, testing::HasSubstr("M1"));
  const Answer same = anesim("diff 1 " + db() + ":1 --db " + db() + " --fail-if 'latency>0%'");
  EXPECT_EQ(same.status, 0) << same.text;
  const Answer slower = anesim("diff 1 2 --db " + db() + " --fail-if 'latency>2%'");
  EXPECT_EQ(slower.status, 1);
  EXPECT_THAT(slower.text, testing::HasSubstr("latency>2%: latency is"));
  // Stored or asked now: one price.
  EXPECT_EQ(anesim("diff 1 'mpnn residues=20 form=accelerator' --db " + db() +
                   " --fail-if 'latency>0%' --fail-if 'latency<0%' --fail-if 'energy>0%'")
                .status,
            0);
  const Answer sets = anesim("diff 'mpnn residues=20' 'mpnn residues=20' --set-b ane.cores=8");
  EXPECT_EQ(sets.status, 0) << sets.text;
  EXPECT_THAT(sets.text, testing::HasSubstr("ane.cores=8"));
  for (const char* words : {"diff 1", "diff 1 2 3", "diff 1 2 --fail-if latency",
                            "diff 1 2 --set-a "
                            "ane.cores=8",
                            "diff 1 2 --chip M4", "diff 1 resnet18 --chip M1,M4", "diff 1 nothing"})
    EXPECT_EQ(anesim(std::string(words) + " --db " + db()).status, 2) << words;
}

}  // namespace
}  // namespace ane
