// The error against the float32 model [B3]: what is recorded, by hand.
#include "sim/run/error_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace ane::sim {
namespace {

TEST(ErrorMetrics, DistancesAreThoseOfTheVectors) {  // [B3]
  ErrorMetrics m;
  m.add(std::vector<float>{3, 4}, std::vector<float>{3, 4.5F});
  results::Parts parts;
  m.append_to(parts);
  EXPECT_DOUBLE_EQ(part(parts, "max_abs_error"), 0.5);
  EXPECT_DOUBLE_EQ(part(parts, "relative_l2"), 0.1);
  EXPECT_NEAR(part(parts, "cosine"), 27 / (5 * std::sqrt(29.25)), 1e-12);
}

TEST(ErrorMetrics, UlpsAreCountedFromTheNearestBinary16) {  // [B3]
  ErrorMetrics m;
  const float ulp = 1.0F / 1024;
  m.add(std::vector<float>{1, 1, 1, 1.0001F, 1},
        std::vector<float>{1, 1 + ulp, 1 + 3 * ulp, 1, 1 + 100 * ulp});
  results::Parts parts;
  m.append_to(parts);
  EXPECT_DOUBLE_EQ(part(parts, "ulp_0"), 0.4);
  EXPECT_DOUBLE_EQ(part(parts, "ulp_1"), 0.2);
  EXPECT_DOUBLE_EQ(part(parts, "ulp_2_3"), 0.2);
  EXPECT_DOUBLE_EQ(part(parts, "ulp_4_15"), 0);
  EXPECT_DOUBLE_EQ(part(parts, "ulp_16_up"), 0.2);
  ErrorMetrics edges;
  edges.add(std::vector<float>{1, 1, 1, 1},
            std::vector<float>{1 + 2 * ulp, 1 + 4 * ulp, 1 + 15 * ulp, 1 + 16 * ulp});
  results::Parts of_edges;
  edges.append_to(of_edges);
  EXPECT_DOUBLE_EQ(part(of_edges, "ulp_2_3"), 0.25);
  EXPECT_DOUBLE_EQ(part(of_edges, "ulp_4_15"), 0.5);
  EXPECT_DOUBLE_EQ(part(of_edges, "ulp_16_up"), 0.25);
}

}  // namespace
}  // namespace ane::sim
