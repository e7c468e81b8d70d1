#include "fuzz.h"

#include <gtest/gtest.h>

namespace ane::isa {
namespace {

TEST(Fuzz, AnyInputIsAcceptedExactlyOrRefusedInOneLine) {
  const FuzzCounts counts = fuzz(1, 3000);
  EXPECT_EQ(counts.tried, 15000u);
  // Neither is the input hopeless nor is everything taken.
  EXPECT_GT(counts.accepted, 500u);
  EXPECT_LT(counts.accepted, 10000u);
}

}  // namespace
}  // namespace ane::isa
