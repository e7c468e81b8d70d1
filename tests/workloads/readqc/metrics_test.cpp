#include "workloads/readqc/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "workloads/readqc/reads.h"

namespace ane::workloads::readqc {
namespace {

using Labels = std::vector<std::uint8_t>;
using Scores = std::vector<float>;

TEST(Metrics, CountsTheConfusionOfBothClasses) {
  const Metrics m = evaluate(Scores{1, 2, -1, 3, -2, -3, 0}, Labels{1, 1, 1, 0, 0, 0, 1});
  EXPECT_EQ(m.pass_as_pass, 3);  // a score at the threshold says pass
  EXPECT_EQ(m.pass_as_fail, 1);
  EXPECT_EQ(m.fail_as_pass, 1);
  EXPECT_EQ(m.fail_as_fail, 2);
  EXPECT_DOUBLE_EQ(m.accuracy, 5.0 / 7);
  EXPECT_DOUBLE_EQ(*m.fail.precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*m.fail.recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*m.fail.f1, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*m.pass.precision, 3.0 / 4);
  EXPECT_DOUBLE_EQ(*m.pass.f1, 3.0 / 4);
}

TEST(Metrics, LeavesOutWhatHasNoMeaning) {
  const Metrics all_pass = evaluate(Scores{1, 1}, Labels{1, 1});
  EXPECT_FALSE(all_pass.auc);
  EXPECT_FALSE(all_pass.fail.precision);
  EXPECT_FALSE(all_pass.fail.recall);
  EXPECT_DOUBLE_EQ(*all_pass.pass.recall, 1.0);
}

TEST(Metrics, CountsTiesInTheRocAreaAsHalf) {
  EXPECT_DOUBLE_EQ(*evaluate(Scores{2, 1}, Labels{1, 0}).auc, 1.0);
  EXPECT_DOUBLE_EQ(*evaluate(Scores{1, 2}, Labels{1, 0}).auc, 0.0);
  EXPECT_DOUBLE_EQ(*evaluate(Scores{5, 5, 5, 5}, Labels{1, 0, 0, 1}).auc, 0.5);
}

TEST(Metrics, RocAreaIsTheShareOfPairsWon) {
  Random random(7);
  Scores scores;
  Labels labels;
  for (int i = 0; i < 300; ++i) {
    labels.push_back(random.below(3) == 0 ? 0 : 1);
    scores.push_back(static_cast<float>(random.below(20)) + 3.0F * labels.back());
  }
  double won = 0, pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    for (std::size_t j = 0; j < scores.size(); ++j)
      if (labels[i] == 1 && labels[j] == 0) {
        pairs += 1;
        won += scores[i] > scores[j] ? 1 : scores[i] < scores[j] ? 0 : 0.5;
      }
  EXPECT_DOUBLE_EQ(*evaluate(scores, labels, 10).auc, won / pairs);
}

// More distinct scores than are kept apart: the area moves by what ties can move, nothing else
// does.
TEST(Metrics, OfScoresAsTheyComeAreThoseOfAllAtOnce) {
  Random random(11);
  Scores scores;
  Labels labels;
  for (std::size_t i = 0; i < 5 * MetricsSum::most_distinct; ++i) {
    labels.push_back(random.below(5) == 0 ? 0 : 1);
    scores.push_back(static_cast<float>(random.below(1'000'003)) / 1000.0F - 500.0F +
                     300.0F * static_cast<float>(labels.back()));
  }
  MetricsSum sum;
  for (std::size_t at = 0; at < scores.size();) {
    const std::size_t n = std::min<std::size_t>(1 + random.below(100'000), scores.size() - at);
    sum.add(std::span(scores).subspan(at, n), std::span(labels).subspan(at, n));
    at += n;
  }
  const Metrics m = sum.metrics(), whole = evaluate(scores, labels);
  EXPECT_EQ(m.accuracy, whole.accuracy);
  EXPECT_EQ(m.fail_as_fail, whole.fail_as_fail);
  EXPECT_EQ(*m.auc, *whole.auc);
  // The exact area, by sorting all of them.
  std::vector<std::pair<float, int>> sorted;
  for (std::size_t i = 0; i < scores.size(); ++i) sorted.emplace_back(scores[i], labels[i]);
  std::ranges::sort(sorted);
  double won = 0, failing = 0, passing = 0;
  for (std::size_t i = 0; i < sorted.size();) {
    double tied[2] = {0, 0};
    for (const float score = sorted[i].first; i < sorted.size() && sorted[i].first == score; ++i)
      ++tied[sorted[i].second];
    won += tied[1] * (failing + tied[0] / 2);
    failing += tied[0];
    passing += tied[1];
  }
  EXPECT_NEAR(*m.auc, won / failing / passing, 1e-5);
}

// Each point is what its threshold makes of the reads, the ends are both classes whole, and the
// trapezoids under a curve of all points are the area.
TEST(Metrics, TheRocCurveIsWhatItsThresholdsMake) {
  Random random(31);
  std::vector<float> scores;
  std::vector<std::uint8_t> labels;
  for (int i = 0; i < 150; ++i) {
    labels.push_back(random.uniform() < 0.4F ? 0 : 1);
    scores.push_back(std::round(8 * (random.uniform() + 0.5F * labels.back())) - 5);
  }
  const Metrics m = evaluate(scores, labels);
  const auto share = [&](float threshold, std::uint8_t label) {
    double above = 0, all = 0;
    for (std::size_t i = 0; i < scores.size(); ++i)
      if (labels[i] == label) all += 1, above += scores[i] >= threshold ? 1 : 0;
    return above / all;
  };
  double area = 0;
  for (std::size_t i = 0; i < m.roc.size(); ++i) {
    const RocPoint& p = m.roc[i];
    EXPECT_DOUBLE_EQ(p.pass_kept, share(p.threshold, 1));
    EXPECT_DOUBLE_EQ(p.fail_passed, share(p.threshold, 0));
    if (i == 0) continue;
    EXPECT_LT(p.threshold, m.roc[i - 1].threshold);
    area += (p.fail_passed - m.roc[i - 1].fail_passed) * (p.pass_kept + m.roc[i - 1].pass_kept) / 2;
  }
  EXPECT_DOUBLE_EQ(m.roc.front().pass_kept + m.roc.front().fail_passed, 0);
  EXPECT_DOUBLE_EQ(m.roc.back().pass_kept + m.roc.back().fail_passed, 2);
  EXPECT_NEAR(area, *m.auc, 1e-12);
  EXPECT_GE(keeping(m.roc, 0.9).pass_kept, 0.9);
  EXPECT_EQ(keeping(m.roc, 0).threshold, m.roc.front().threshold);
  EXPECT_TRUE(evaluate(scores, std::vector<std::uint8_t>(scores.size(), 1)).roc.empty());
}

TEST(Metrics, TheRocCurveHasAsManyPointsAsAReaderTakesIn) {
  Random random(5);
  std::vector<float> scores;
  std::vector<std::uint8_t> labels;
  for (int i = 0; i < 20'000; ++i) {
    labels.push_back(static_cast<std::uint8_t>(i % 2));
    scores.push_back(random.uniform() + 0.3F * static_cast<float>(labels.back()));
  }
  const Metrics m = evaluate(scores, labels);
  EXPECT_LE(std::ssize(m.roc), Metrics::most_points);
  EXPECT_GT(std::ssize(m.roc), Metrics::most_points / 2);
  EXPECT_EQ(m.roc.back().pass_kept, 1);
  EXPECT_EQ(m.roc.back().fail_passed, 1);
}

TEST(Metrics, FlipsAreDecisionsThatDiffer) {
  EXPECT_EQ(flips(Scores{1, -1, 0, -2}, Scores{9, 1, -0.5F, -9}), 2);
  EXPECT_EQ(flips(Scores{0.6F}, Scores{0.4F}, 0.5F), 1);
}

TEST(RegressionMetrics, GiveErrorsAndDetermination) {
  const RegressionMetrics m = evaluate_regression(Scores{1, 2, 4}, Scores{1, 2, 3});
  EXPECT_DOUBLE_EQ(m.mean_absolute_error, 1.0 / 3);
  EXPECT_DOUBLE_EQ(m.largest_error, 1.0);
  EXPECT_DOUBLE_EQ(*m.r2, 0.5);
  EXPECT_FALSE(evaluate_regression(Scores{1, 2}, Scores{3, 3}).r2);
}

TEST(Metrics, ScoresAtTheThresholdPassAndZerosOfBothSignsAreEqual) {
  const Metrics m = evaluate(Scores{1, 1}, Labels{1, 0}, 1);
  EXPECT_EQ(m.pass_as_pass, 1);
  EXPECT_EQ(m.fail_as_pass, 1);
  EXPECT_DOUBLE_EQ(*evaluate(Scores{-0.0F, 0.0F}, Labels{1, 0}).auc, 0.5);
  EXPECT_DOUBLE_EQ(*evaluate(Scores{0.0F, -0.0F}, Labels{1, 0}).auc, 0.5);
}

}  // namespace
}  // namespace ane::workloads::readqc
