#include "sim/explore/bucket_sets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace ane::sim {
namespace {

double cost_in(const std::vector<std::int64_t>& lengths, const std::vector<std::int64_t>& buckets,
               const std::function<double(std::int64_t)>& cost_of) {
  double sum = 0;
  for (const std::int64_t n : lengths) sum += cost_of(*std::ranges::lower_bound(buckets, n));
  return sum;
}

TEST(BucketSets, AreTheCheapestOfAllSets) {
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::int64_t> lengths;
    for (int k = 0; k < 30; ++k)
      lengths.push_back(std::uniform_int_distribution<std::int64_t>(1, 150)(random));
    // Rising, with a step where a limit is passed.
    const auto cost_of = [](std::int64_t n) {
      return 3 + 0.1 * static_cast<double>(n) + (n > 96 ? 7 : 0);
    };
    const std::vector<BucketSet> sets = best_bucket_sets(lengths, 16, 4, cost_of);
    std::vector<std::int64_t> candidates;
    for (const std::int64_t n : lengths) candidates.push_back((n + 15) / 16 * 16);
    std::ranges::sort(candidates);
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    for (std::size_t count = 1; count <= sets.size(); ++count) {
      double best = 1e300;
      for (unsigned bits = 1; bits < 1U << candidates.size(); ++bits) {
        std::vector<std::int64_t> set;
        for (std::size_t k = 0; k < candidates.size(); ++k)
          if ((bits >> k & 1U) != 0) set.push_back(candidates[k]);
        if (set.size() != count || set.back() != candidates.back()) continue;
        best = std::min(best, cost_in(lengths, set, cost_of));
      }
      const BucketSet& found = sets[count - 1];
      EXPECT_EQ(found.buckets.size(), count);
      EXPECT_NEAR(found.cost, best, 1e-9);
      EXPECT_NEAR(found.cost, cost_in(lengths, found.buckets, cost_of), 1e-9);
    }
  }
}

TEST(BucketSets, OneMoreIsLeftOutWhereItSavesNothing) {
  const std::vector<std::int64_t> lengths{10, 40, 70};
  EXPECT_EQ(best_bucket_sets(lengths, 16, 8, [](std::int64_t) { return 1.0; }).size(), 1U);
  const auto sets =
      best_bucket_sets(lengths, 16, 8, [](std::int64_t n) { return static_cast<double>(n); });
  ASSERT_EQ(sets.size(), 3U);
  EXPECT_EQ(sets[2].buckets, (std::vector<std::int64_t>{16, 48, 80}));
}

}  // namespace
}  // namespace ane::sim
