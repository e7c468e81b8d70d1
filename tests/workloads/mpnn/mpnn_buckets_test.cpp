#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "isa/error.h"
#include "workloads/mpnn/metrics.h"
#include "workloads/mpnn/model.h"
#include "workloads/mpnn/structure/buckets.h"

namespace ane::workloads::mpnn {
namespace {

using ::testing::ElementsAre;

TEST(Buckets, ALengthGoesToTheSmallestBucketThatHoldsIt) {
  EXPECT_EQ(bucket_for(64, default_buckets), 64);
  EXPECT_EQ(bucket_for(65, default_buckets), 128);
  EXPECT_EQ(bucket_for(1, default_buckets), 64);
  EXPECT_EQ(bucket_for(513, default_buckets), std::nullopt);
}

TEST(Buckets, RoutingCountsProteinsAndWaste) {
  const std::vector<std::int64_t> lengths{106, 65, 900};
  const auto use = route(lengths, default_buckets);
  ASSERT_EQ(use.size(), 5u);
  EXPECT_EQ(use[1].proteins, 2);
  EXPECT_NEAR(use[1].waste(), (256.0 - 171) / 171, 1e-12);
  EXPECT_EQ(use[4].bucket, 0);
  EXPECT_EQ(use[4].residues, 900);
  EXPECT_EQ(use[0].waste(), 0);
}

TEST(Buckets, ListsAreSortedAndChecked) {
  EXPECT_THAT(checked_buckets({256, 64, 64}), ElementsAre(64, 256));
  EXPECT_THROW(checked_buckets({}), InputError);
  EXPECT_THROW(checked_buckets({0}), InputError);
  EXPECT_THROW(best_buckets({}, 3), InputError);
}

TEST(Buckets, TheBestOnesFollowTheLengths) {
  const std::vector<std::int64_t> lengths{10, 11, 12, 100, 101};
  EXPECT_THAT(best_buckets(lengths, 2), ElementsAre(12, 101));
  EXPECT_THAT(best_buckets(lengths, 1), ElementsAre(101));
  EXPECT_THAT(best_buckets(lengths, 9), ElementsAre(10, 11, 12, 100, 101));
  EXPECT_THAT(best_buckets(lengths, 2, 16), ElementsAre(16, 112));
}

std::int64_t places(const std::vector<std::int64_t>& lengths,
                    const std::vector<std::int64_t>& buckets) {
  std::int64_t sum = 0;
  for (const std::int64_t length : lengths) sum += bucket_for(length, buckets).value_or(1'000'000);
  return sum;
}

RC_GTEST_PROP(Buckets, NoOtherChoiceOfBucketsWastesLess, ()) {
  const auto lengths = *rc::gen::nonEmpty(rc::gen::resize(
      8, rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(1, 40))));
  const int count = *rc::gen::inRange(1, 4);
  const auto best = best_buckets(lengths, count);
  RC_ASSERT(best.size() <= static_cast<std::size_t>(count));
  // Every set of up to `count` of the lengths themselves: no better bucket can lie between them.
  for (unsigned set = 1; set < 1u << lengths.size(); ++set) {
    if (std::popcount(set) > count) continue;
    std::vector<std::int64_t> buckets;
    for (std::size_t i = 0; i < lengths.size(); ++i)
      if (set >> i & 1) buckets.push_back(lengths[i]);
    RC_ASSERT(places(lengths, best) <= places(lengths, checked_buckets(buckets)));
  }
}

std::vector<float> rows(std::initializer_list<int> likeliest) {
  std::vector<float> out;
  for (const int t : likeliest) {
    const auto first = out.size();
    out.resize(first + vocabulary, std::log(0.5f / 20));
    out[first + static_cast<std::size_t>(t)] = std::log(0.5f);
  }
  return out;
}

TEST(AnswerMetrics, RecoveryScoreAndPerplexityAreOverWeightedPlaces) {
  const auto logp = rows({3, 4, 5});
  const std::vector<std::int32_t> native{3, 9, 0};
  const std::vector<float> weight{1, 1, 0};
  const AnswerMetrics m = measure(logp, native, weight);
  EXPECT_EQ(m.places, 2);
  EXPECT_EQ(m.recovery, 0.5);
  EXPECT_NEAR(m.score, 0.5 * (std::log(2) + std::log(40)), 1e-6);
  EXPECT_NEAR(m.perplexity, std::sqrt(80.0), 1e-4);
}

TEST(AnswerMetrics, DifferencesAreThoseWorkedOutByHand) {
  const auto a = rows({3, 4}), b = rows({3, 7});
  const std::vector<float> weight{1, 1};
  const AnswerDifference d = compare(a, b, weight);
  EXPECT_EQ(d.top1, 0.5);
  EXPECT_NEAR(d.max_abs, std::log(20), 1e-5);
  const double kl = (0.5 - 0.025) * std::log(20);
  EXPECT_NEAR(d.max_kl, kl, 1e-5);
  EXPECT_NEAR(d.mean_kl, kl / 2, 1e-5);
  auto broken = b;
  broken[0] = NAN;
  EXPECT_EQ(compare(a, broken, weight).max_abs, HUGE_VAL);
}

TEST(AnswerMetrics, TheFirstDifferingStepIsCountedInDecodingOrder) {
  const std::vector<std::int32_t> a{1, 2, 3, 4}, b{1, 9, 3, 9}, order{3, 2, 1, 0};
  const std::vector<float> all{1, 1, 1, 1}, some{1, 1, 1, 0};
  EXPECT_EQ(compare_decoding(a, b, order, all).first_difference, 0);
  EXPECT_EQ(compare_decoding(a, b, order, some).first_difference, 2);
  EXPECT_EQ(compare_decoding(a, b, order, all).agreement, 0.5);
  EXPECT_EQ(compare_decoding(a, a, order, all).first_difference, std::nullopt);
}

}  // namespace
}  // namespace ane::workloads::mpnn
