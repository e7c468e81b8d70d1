// How good a classifier or a regression is. Classes: 1 passes, 0 fails; a score at or above the
// threshold says pass.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

namespace ane::workloads::readqc {

// Precision, recall and F1 of one class; absent where the quotient is 0 / 0.
struct ClassMetrics {
  std::optional<double> precision, recall, f1;
};

struct Metrics {
  // Rows are the rule's answer, columns the model's.
  std::int64_t pass_as_pass = 0, pass_as_fail = 0, fail_as_pass = 0, fail_as_fail = 0;
  double accuracy = 0;
  ClassMetrics fail, pass;
  // Area under the ROC curve: the chance that a passing read scores above a failing one, ties count
  // half. Absent when one class is missing.
  std::optional<double> auc;

  std::int64_t size() const { return pass_as_pass + pass_as_fail + fail_as_pass + fail_as_fail; }
};

// scores and labels have one length, at least 1; no NaN. Logits have the threshold 0,
// probabilities 0.5.
Metrics evaluate(std::span<const float> scores, std::span<const std::uint8_t> labels,
                 float threshold = 0.0F);

// Decisions that differ between two sets of scores.
std::int64_t flips(std::span<const float> reference, std::span<const float> scores,
                   float threshold = 0.0F);

struct RegressionMetrics {
  double mean_absolute_error = 0, largest_error = 0;
  std::optional<double> r2;  // absent when the targets do not vary
};
RegressionMetrics evaluate_regression(std::span<const float> predicted,
                                      std::span<const float> targets);

}  // namespace ane::workloads::readqc
