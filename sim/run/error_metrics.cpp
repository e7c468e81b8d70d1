#include "sim/run/error_metrics.h"

#include <algorithm>
#include <cmath>

#include "kernels/arith/round.h"

namespace ane::sim {
namespace {

// Binary16 values in order, so that neighbours differ by one.
std::int64_t rank(float x) {
  const std::uint16_t bits = kernels::arith::to_half(static_cast<double>(x)).bits;
  return (bits & 0x8000) != 0 ? -static_cast<std::int64_t>(bits & 0x7fff) : bits;
}

}  // namespace

void ErrorMetrics::add(std::span<const float> reference, std::span<const float> actual) {
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const auto r = static_cast<double>(reference[i]), a = static_cast<double>(actual[i]);
    largest_ = std::max(largest_, std::abs(a - r));
    difference_ += (a - r) * (a - r);
    reference_ += r * r;
    actual_ += a * a;
    product_ += a * r;
    const std::int64_t d = std::abs(rank(reference[i]) - rank(actual[i]));
    ++ulps_[d == 0 ? 0 : d == 1 ? 1 : d < 4 ? 2 : d < 16 ? 3 : 4];
    ++count_;
  }
}

void ErrorMetrics::append_to(results::Parts& parts) const {
  const auto share = [&](std::size_t i) {
    return count_ == 0 ? results::unknown
                       : static_cast<double>(ulps_[i]) / static_cast<double>(count_);
  };
  parts.push_back({"max_abs_error", count_ == 0 ? results::unknown : largest_});
  parts.push_back(
      {"relative_l2", reference_ > 0 ? std::sqrt(difference_ / reference_) : results::unknown});
  parts.push_back({"cosine", reference_ > 0 && actual_ > 0
                                 ? product_ / std::sqrt(reference_ * actual_)
                                 : results::unknown});
  parts.push_back({"ulp_0", share(0)});
  parts.push_back({"ulp_1", share(1)});
  parts.push_back({"ulp_2_3", share(2)});
  parts.push_back({"ulp_4_15", share(3)});
  parts.push_back({"ulp_16_up", share(4)});
}

}  // namespace ane::sim
