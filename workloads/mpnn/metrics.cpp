#include "workloads/mpnn/metrics.h"

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "workloads/mpnn/model.h"

namespace ane::workloads::mpnn {
namespace {

std::int32_t likeliest(std::span<const float> row) {
  return static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

std::span<const float> row_of(std::span<const float> log_probs, std::size_t place) {
  return log_probs.subspan(place * vocabulary, vocabulary);
}

}  // namespace

AnswerMetrics measure(std::span<const float> log_probs, std::span<const std::int32_t> native,
                      std::span<const float> weight) {
  ANE_CHECK(log_probs.size() == weight.size() * vocabulary && native.size() == weight.size(),
            "an answer for every place");
  AnswerMetrics m;
  std::int64_t right = 0;
  double sum = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (weight[i] == 0.0f) continue;
    const auto row = row_of(log_probs, i);
    ++m.places;
    right += likeliest(row) == native[i];
    sum -= static_cast<double>(row[static_cast<std::size_t>(native[i])]);
  }
  if (m.places == 0) return m;
  m.recovery = static_cast<double>(right) / static_cast<double>(m.places);
  m.score = sum / static_cast<double>(m.places);
  m.perplexity = std::exp(m.score);
  return m;
}

AnswerDifference compare(std::span<const float> reference, std::span<const float> other,
                         std::span<const float> weight) {
  ANE_CHECK(reference.size() == weight.size() * vocabulary && other.size() == reference.size(),
            "two answers for every place");
  AnswerDifference d;
  double same = 0, kl_sum = 0, places = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (weight[i] == 0.0f) continue;
    const auto a = row_of(reference, i), b = row_of(other, i);
    double kl = 0;
    for (std::size_t t = 0; t < vocabulary; ++t) {
      const double pa = static_cast<double>(a[t]), pb = static_cast<double>(b[t]);
      const double change = std::abs(pa - pb);
      d.max_abs = std::max(d.max_abs, std::isnan(change) ? HUGE_VAL : change);
      kl += std::exp(pa) * (pa - pb);
    }
    places += 1;
    same += likeliest(a) == likeliest(b);
    kl_sum += kl;
    d.max_kl = std::max(d.max_kl, kl);
  }
  if (places > 0) d.mean_kl = kl_sum / places, d.top1 = same / places;
  return d;
}

DecodingDifference compare_decoding(std::span<const std::int32_t> reference,
                                    std::span<const std::int32_t> other,
                                    std::span<const std::int32_t> order,
                                    std::span<const float> weight) {
  ANE_CHECK(reference.size() == other.size() && order.size() == other.size() &&
                weight.size() == other.size(),
            "two sequences of one protein");
  DecodingDifference d;
  double same = 0, places = 0;
  for (std::size_t t = 0; t < order.size(); ++t) {
    const auto i = static_cast<std::size_t>(order[t]);
    if (weight[i] == 0.0f) continue;
    places += 1;
    if (reference[i] == other[i])
      same += 1;
    else if (!d.first_difference)
      d.first_difference = static_cast<std::int64_t>(t);
  }
  if (places > 0) d.agreement = same / places;
  return d;
}

}  // namespace ane::workloads::mpnn
