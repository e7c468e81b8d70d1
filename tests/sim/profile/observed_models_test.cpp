// Whole models that others saw placed, beside `anesim profile`.
#include "sim/profile/observed_models.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ane::sim {
namespace {

TEST(ObservedModels, AreOnTheAcceleratorAsMuchAsTheyWere) {
  const std::vector<JudgedModel> judged = judge_models();
  ASSERT_EQ(judged.size(), 12U);
  const auto right = std::ranges::count_if(judged, &JudgedModel::right);
  EXPECT_GE(4 * right, 3 * std::ssize(judged));
  for (const JudgedModel& j : judged) {
    if (j.observed.units == Units::cpu_and_ne) {
      EXPECT_TRUE(j.right()) << j.observed.id;
    } else if (j.predicted_share == 0) {
      EXPECT_NE(j.why.find("assumed"), std::string::npos) << j.observed.id;
    }
  }
}

}  // namespace
}  // namespace ane::sim
