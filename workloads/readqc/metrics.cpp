#include "workloads/readqc/metrics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>

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

// Unsigned numbers in the order of the scores; -0 is 0.
std::uint32_t key_of(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);
  return bits ^ ((bits >> 31) != 0 ? 0xffffffffU : 0x80000000U);
}

float score_of(std::uint32_t key) {
  return std::bit_cast<float>(key ^ ((key >> 31) != 0 ? 0x80000000U : 0xffffffffU));
}

constexpr std::size_t most_fresh = std::size_t{1} << 16;

}  // namespace

void MetricsSum::add(std::span<const float> scores, std::span<const std::uint8_t> labels) {
  ANE_CHECK(scores.size() == labels.size(), "one score a label");
  Metrics& m = counts_;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    ANE_CHECK(!std::isnan(scores[i]), "scores are numbers");
    const bool passes = labels[i] != 0, says_pass = scores[i] >= threshold_;
    if (passes)
      (says_pass ? m.pass_as_pass : m.pass_as_fail) += 1;
    else
      (says_pass ? m.fail_as_pass : m.fail_as_fail) += 1;
    fresh_.push_back({key_of(scores[i]), passes ? 0 : 1, passes ? 1 : 0});
    if (fresh_.size() == most_fresh) merge();
  }
}

void MetricsSum::merge() {
  // One bin a key of a list that is in order.
  const auto collapse = [](std::vector<Bin>& bins, int bits) {
    std::size_t kept = 0;
    for (Bin b : bins) {
      b.key >>= bits;
      if (kept > 0 && bins[kept - 1].key == b.key) {
        bins[kept - 1].fail += b.fail;
        bins[kept - 1].pass += b.pass;
      } else {
        bins[kept++] = b;
      }
    }
    bins.resize(kept);
  };
  const auto in_order = [](const Bin& a, const Bin& b) { return a.key < b.key; };
  std::ranges::sort(fresh_, in_order);
  collapse(fresh_, coarse_);
  std::vector<Bin> all;
  all.reserve(bins_.size() + fresh_.size());
  std::ranges::merge(bins_, fresh_, std::back_inserter(all), in_order);
  fresh_.clear();
  collapse(all, 0);
  for (; all.size() > most_distinct; ++coarse_) collapse(all, 1);
  bins_ = std::move(all);
}

// Mann-Whitney: passing reads against failing ones in order of score, in integers (twice the count
// of pairs won, a tie is one), so that the sum has no rounding.
std::optional<double> MetricsSum::area() const {
  std::int64_t failing = 0, passing = 0, won_twice = 0;
  for (const Bin& b : bins_) {
    won_twice += b.pass * (2 * failing + b.fail);
    failing += b.fail;
    passing += b.pass;
  }
  if (failing == 0 || passing == 0) return std::nullopt;
  return static_cast<double>(won_twice) /
         (2.0 * static_cast<double>(failing) * static_cast<double>(passing));
}

std::vector<RocPoint> MetricsSum::curve() const {
  std::int64_t failing = 0, passing = 0;
  for (const Bin& b : bins_) failing += b.fail, passing += b.pass;
  if (failing == 0 || passing == 0) return {};
  // Both ends are always there: from the one bin to the next, a point each so many reads.
  const std::int64_t all = failing + passing, each = all / (Metrics::most_points - 2) + 1;
  std::vector<RocPoint> points;
  std::int64_t fail = 0, pass = 0, shown = 0;
  for (auto b = bins_.rbegin(); b != bins_.rend(); ++b) {
    if (b == bins_.rbegin())
      points.push_back({std::nextafter(score_of(b->key << coarse_), HUGE_VALF), 0, 0});
    fail += b->fail;
    pass += b->pass;
    if (fail + pass < shown + each && fail + pass < all) continue;
    shown = fail + pass;
    points.push_back({score_of(b->key << coarse_),
                      static_cast<double>(pass) / static_cast<double>(passing),
                      static_cast<double>(fail) / static_cast<double>(failing)});
  }
  return points;
}

const RocPoint& keeping(std::span<const RocPoint> roc, double share) {
  ANE_CHECK(!roc.empty(), "a curve");
  const auto at =
      std::ranges::find_if(roc, [&](const RocPoint& p) { return p.pass_kept >= share; });
  return at == roc.end() ? roc.back() : *at;
}

Metrics MetricsSum::metrics() {
  merge();
  Metrics m = counts_;
  ANE_CHECK(m.size() > 0, "there are scores");
  m.accuracy = static_cast<double>(m.pass_as_pass + m.fail_as_fail) / static_cast<double>(m.size());
  m.fail = class_metrics(m.fail_as_fail, m.pass_as_fail, m.fail_as_pass);
  m.pass = class_metrics(m.pass_as_pass, m.fail_as_pass, m.pass_as_fail);
  m.auc = area();
  m.roc = curve();
  return m;
}

Metrics evaluate(std::span<const float> scores, std::span<const std::uint8_t> labels,
                 float threshold) {
  MetricsSum sum(threshold);
  sum.add(scores, labels);
  return sum.metrics();
}

std::int64_t flips(std::span<const float> reference, std::span<const float> scores,
                   float threshold) {
  ANE_CHECK(reference.size() == scores.size(), "one score a reference");
  std::int64_t n = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    n += (reference[i] >= threshold) != (scores[i] >= threshold) ? 1 : 0;
  return n;
}

void RegressionSum::add(std::span<const float> predicted, std::span<const float> targets) {
  ANE_CHECK(predicted.size() == targets.size(), "one prediction a target");
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double target = static_cast<double>(targets[i]);
    const double error = std::abs(static_cast<double>(predicted[i]) - target);
    errors_ += error;
    squares_ += error * error;
    largest_ = std::max(largest_, error);
    const double from_mean = target - mean_;
    mean_ += from_mean / static_cast<double>(++count_);
    spread_ += from_mean * (target - mean_);
  }
}

RegressionMetrics RegressionSum::metrics() const {
  ANE_CHECK(count_ > 0, "there are predictions");
  RegressionMetrics m{.mean_absolute_error = errors_ / static_cast<double>(count_),
                      .largest_error = largest_,
                      .r2 = std::nullopt};
  if (spread_ > 0) m.r2 = 1.0 - squares_ / spread_;
  return m;
}

RegressionMetrics evaluate_regression(std::span<const float> predicted,
                                      std::span<const float> targets) {
  RegressionSum sum;
  sum.add(predicted, targets);
  return sum.metrics();
}

}  // namespace ane::workloads::readqc
