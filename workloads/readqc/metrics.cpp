#include "workloads/readqc/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "isa/error.h"

namespace ane::workloads::readqc {
namespace {

std::optional<double> ratio(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

ClassMetrics class_metrics(std::int64_t hits, std::int64_t false_alarms, std::int64_t missed) {
  return {ratio(hits, hits + false_alarms), ratio(hits, hits + missed),
          ratio(2 * hits, 2 * hits + false_alarms + missed)};
}

// Mann-Whitney: passing reads against failing ones in order of score, in integers (twice the count
// of pairs won, a tie is one), so that the sum has no rounding.
std::optional<double> auc_of(std::span<const float> scores, std::span<const std::uint8_t> labels) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&scores](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  std::int64_t failing = 0, passing = 0, won_twice = 0;
  for (std::size_t i = 0; i < order.size();) {
    std::int64_t tied_fail = 0, tied_pass = 0;
    const float score = scores[order[i]];
    for (; i < order.size() && !(score < scores[order[i]]); ++i)
      (labels[order[i]] != 0 ? tied_pass : tied_fail) += 1;
    won_twice += tied_pass * (2 * failing + tied_fail);
    failing += tied_fail;
    passing += tied_pass;
  }
  if (failing == 0 || passing == 0) return std::nullopt;
  return static_cast<double>(won_twice) /
         (2.0 * static_cast<double>(failing) * static_cast<double>(passing));
}

}  // namespace

Metrics evaluate(std::span<const float> scores, std::span<const std::uint8_t> labels,
                 float threshold) {
  ANE_CHECK(!scores.empty() && scores.size() == labels.size(), "one score a label");
  Metrics m;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    ANE_CHECK(!std::isnan(scores[i]), "scores are numbers");
    const bool says_pass = scores[i] >= threshold;
    if (labels[i] != 0)
      (says_pass ? m.pass_as_pass : m.pass_as_fail) += 1;
    else
      (says_pass ? m.fail_as_pass : m.fail_as_fail) += 1;
  }
  m.accuracy = static_cast<double>(m.pass_as_pass + m.fail_as_fail) / static_cast<double>(m.size());
  m.fail = class_metrics(m.fail_as_fail, m.pass_as_fail, m.fail_as_pass);
  m.pass = class_metrics(m.pass_as_pass, m.fail_as_pass, m.pass_as_fail);
  m.auc = auc_of(scores, labels);
  return m;
}

std::int64_t flips(std::span<const float> reference, std::span<const float> scores,
                   float threshold) {
  ANE_CHECK(reference.size() == scores.size(), "one score a reference");
  std::int64_t n = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    n += (reference[i] >= threshold) != (scores[i] >= threshold) ? 1 : 0;
  return n;
}

RegressionMetrics evaluate_regression(std::span<const float> predicted,
                                      std::span<const float> targets) {
  ANE_CHECK(!predicted.empty() && predicted.size() == targets.size(), "one prediction a target");
  const auto n = static_cast<double>(targets.size());
  double mean = 0;
  for (const float t : targets) mean += static_cast<double>(t) / n;
  double squares = 0, spread = 0;
  RegressionMetrics m;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double target = static_cast<double>(targets[i]);
    const double error = std::abs(static_cast<double>(predicted[i]) - target);
    squares += error * error;
    spread += (target - mean) * (target - mean);
    m.mean_absolute_error += error / n;
    m.largest_error = std::max(m.largest_error, error);
  }
  if (spread > 0) m.r2 = 1.0 - squares / spread;
  return m;
}

}  // namespace ane::workloads::readqc
