// How far one answer of the network is from another, and from the native sequence.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

namespace ane::workloads::mpnn {

// All over places with weight (mask, or mask times designed); log_probs are [length, 21].
struct AnswerMetrics {
  std::int64_t places = 0;
  double recovery = 0;    // share of places whose likeliest type is the native one
  double score = 0;       // mean -log p(native), natural logarithm
  double perplexity = 0;  // exp(score)
};
AnswerMetrics measure(std::span<const float> log_probs, std::span<const std::int32_t> native,
                      std::span<const float> weight);

struct AnswerDifference {
  double max_abs = 0;  // largest |log-probability change|; infinite where one is not finite
  double mean_kl = 0;  // mean over places of KL(reference || other), nats
  double max_kl = 0;
  double top1 = 0;  // share of places with the same likeliest type
};
AnswerDifference compare(std::span<const float> reference, std::span<const float> other,
                         std::span<const float> weight);

// Two sequences decoded in the same order.
struct DecodingDifference {
  double agreement = 0;                          // share of places with the same type
  std::optional<std::int64_t> first_difference;  // step of the order, 0 for the first place
};
DecodingDifference compare_decoding(std::span<const std::int32_t> reference,
                                    std::span<const std::int32_t> other,
                                    std::span<const std::int32_t> order,
                                    std::span<const float> weight);

}  // namespace ane::workloads::mpnn
