// How good a classifier or a regression is. Classes: 1 passes, 0 fails; a score at or above the
// threshold says pass.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ane::workloads::readqc {

// Precision, recall and F1 of one class; absent where the quotient is 0 / 0.
struct ClassMetrics {
  std::optional<double> precision, recall, f1;
};

// What becomes of the classes when a read passes from `threshold` on.
struct RocPoint {
  float threshold = 0;     // a score
  double pass_kept = 0;    // share of passing reads at or above it: the true positive rate
  double fail_passed = 0;  // share of failing reads at or above it: the false positive rate
};

struct Metrics {
  // Rows are the rule's answer, columns the model's.
  std::int64_t pass_as_pass = 0, pass_as_fail = 0, fail_as_pass = 0, fail_as_fail = 0;
  double accuracy = 0;
  ClassMetrics fail, pass;
  // Area under the ROC curve: the chance that a passing read scores above a failing one, ties count
  // half. Absent when one class is missing.
  std::optional<double> auc;
  // From the highest score, where nothing passes, to the lowest, where all does; at most
  // most_points, evenly among the scores. Empty when one class is missing.
  static constexpr std::int64_t most_points = 200;
  std::vector<RocPoint> roc;

  std::int64_t size() const { return pass_as_pass + pass_as_fail + fail_as_pass + fail_as_fail; }
};

// Metrics of scores as they come, in memory that does not grow with them. Logits have the threshold
// 0, probabilities 0.5.
class MetricsSum {
 public:
  // More than so many distinct scores, as FP16 cannot give: neighbours among them are ties in the
  // area, in no other figure.
  static constexpr std::size_t most_distinct = std::size_t{1} << 18;

  explicit MetricsSum(float threshold = 0.0F) : threshold_(threshold) {}
  // One length; no NaN.
  void add(std::span<const float> scores, std::span<const std::uint8_t> labels);
  Metrics metrics();  // of at least one score

 private:
  struct Bin {
    std::uint32_t key = 0;  // in the order of scores, without its last `coarse_` bits
    std::int64_t fail = 0, pass = 0;
  };
  void merge();  // fresh_ into bins_
  std::optional<double> area() const;
  std::vector<RocPoint> curve() const;

  float threshold_;
  Metrics counts_;
  std::vector<Bin> bins_, fresh_;  // bins_ by key, each key once
  int coarse_ = 0;
};

Metrics evaluate(std::span<const float> scores, std::span<const std::uint8_t> labels,
                 float threshold = 0.0F);

// The point that keeps at least this share of the passing reads and lets the fewest failing ones
// pass. roc: not empty.
const RocPoint& keeping(std::span<const RocPoint> roc, double share);

// Decisions that differ between two sets of scores.
std::int64_t flips(std::span<const float> reference, std::span<const float> scores,
                   float threshold = 0.0F);

struct RegressionMetrics {
  double mean_absolute_error = 0, largest_error = 0;
  std::optional<double> r2;  // absent when the targets do not vary
};
class RegressionSum {
 public:
  void add(std::span<const float> predicted, std::span<const float> targets);
  RegressionMetrics metrics() const;  // of at least one prediction

 private:
  std::int64_t count_ = 0;
  double errors_ = 0, largest_ = 0, squares_ = 0;
  double mean_ = 0, spread_ = 0;  // of the targets
};

RegressionMetrics evaluate_regression(std::span<const float> predicted,
                                      std::span<const float> targets);

}  // namespace ane::workloads::readqc
