// How far a machine's answers lie from the float32 model's [B3]: recorded, never asserted to be
// zero.
#pragma once
#include <array>
#include <span>

#include "results/record.h"

namespace ane::sim {

class ErrorMetrics {
 public:
  void add(std::span<const float> reference, std::span<const float> actual);
  // max_abs_error, relative_l2, cosine, and the share of values by distance in binary16 units in
  // the last place from the reference's nearest binary16: ulp_0, ulp_1, ulp_2_3, ulp_4_15,
  // ulp_16_up. All unknown where nothing was added.
  void append_to(results::Parts& parts) const;

 private:
  double largest_ = 0, difference_ = 0, reference_ = 0, actual_ = 0, product_ = 0;
  std::array<std::int64_t, 5> ulps_{};
  std::int64_t count_ = 0;
};

}  // namespace ane::sim
