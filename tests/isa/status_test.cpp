// Does a progress line say how far the work is, and nothing where nobody reads it?
#include "isa/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ane {
namespace {

TEST(Progress, SaysHowFarHowFastAndHowLongStill) {
  EXPECT_EQ(progress_text("rows", 0, 1113, 1), "0 of 1113 rows");
  EXPECT_EQ(progress_text("rows", 400, 1000, 2), "400 of 1000 rows, 200 a second, 3 s left");
  EXPECT_EQ(progress_text("rows", 1000, 1000, 2), "1000 of 1000 rows, 500 a second");
  EXPECT_EQ(progress_text("epochs", 2, 12, 5), "2 of 12 epochs, 2.5 s each, 25 s left");
  EXPECT_EQ(progress_text("reads", 5000, 0, 4), "5000 reads, 1250 a second");
  EXPECT_EQ(progress_text("cases", 1, 100, 10), "1 of 100 cases, 10 s each, 16 min 30 s left");
  EXPECT_EQ(progress_text("cases", 1, 1000, 10), "1 of 1000 cases, 10 s each, 2 h 46 min left");
}

TEST(Progress, IsNotWrittenWhereStderrIsNoTerminal) {
  testing::internal::CaptureStderr();
  {
    Progress progress("rows", 3);
    for (int i = 0; i < 3; ++i) progress.step();
    write_status("a word\n");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "a word\n");
}

}  // namespace
}  // namespace ane
