// The kernel stream: a layer's weights as the kernel DMA reads them, one self-contained stream an
// engine. Writing (lowering) and reading (the machine, the scalar reference) stand together here.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/arith/weights.h"
#include "kernels/types.h"

namespace ane::kernels {

class WeightRows {
 public:
  WeightRows(const Parameters& parameters, int dilation_w, int dilation_h);
  std::int64_t row_length() const { return kh_ * kw_ * p_.cin; }  // weights of an output channel
  // The stream of these output channels, in order. Each row runs kh, kw, cin [N4].
  std::vector<std::uint8_t> encode(std::span<const std::int64_t> channels) const;
  // Its size, also without values: zeros counted by Parameters::zero_share.
  std::int64_t encoded_bytes(std::int64_t channels) const;
  isa::KernelFormat format() const { return coding_.format; }  // of the streams
  double zero_share() const { return zero_share_; }

 private:
  std::vector<float> rows(std::span<const std::int64_t> channels) const;
  const Parameters& p_;
  int dilation_w_, dilation_h_;
  std::int64_t kw_, kh_;
  double zero_share_ = 0;
  arith::WeightCoding coding_;  // fitted once for the layer: all its streams share it
};

// All rows [cout][row_length], decoded from the streams that the layer would have.
std::vector<arith::Half> decoded_weights(const Parameters& parameters,
                                         const arith::Profile& profile, int dilation_w = 1,
                                         int dilation_h = 1);

}  // namespace ane::kernels
