#include "kernels/tensor.h"

#include <gtest/gtest.h>

#include <limits>

namespace ane::kernels {
namespace {

TEST(Tensor, ElementsAreTheProductOfTheExtentsAndStopAtTheEndOf64Bits) {
  EXPECT_EQ(elements({}), 1);
  EXPECT_EQ(elements({2, 3, 5}), 30);
  EXPECT_EQ(elements({4, 0, 7}), 0);
  constexpr std::int64_t large = std::int64_t{1} << 40;
  EXPECT_EQ(elements({large, large}), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(elements({769, 432345564227567620, 0}), 0);  // found by fuzzing
}

}  // namespace
}  // namespace ane::kernels
