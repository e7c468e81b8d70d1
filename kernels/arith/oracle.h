// The scalar reference of the multiply-accumulate arrays, written from docs/numerics.md with exact
// integers: slow, and what every faster path must equal bit for bit [B1]. It gives what devices
// returned [B2]. It shares only the number
// formats (half.h, round.h) with them.
//
// What the page leaves open and is decided here (docs/numerics.md, "Our choices"):
// - The preload is part of the running sum [N4]: a bias of 32768 overflows before the first
// product.
// - An overflow is final: the post-scale does not touch its infinity, nor its sign [N4].
// - Every NaN result of `ieee` is half_nan (0x7E00), whatever its operands' sign and payload.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "kernels/arith/half.h"
#include "kernels/arith/profile.h"

namespace ane::kernels::arith {

struct MacResult {
  Half value;
  // The running sum after the last product, or at the moment of overflow. ane16: units of 2^-16 for
  // FP16; both profiles: units of one product for INT8. Zero for ieee FP16.
  std::int64_t accumulator = 0;
  float accumulator32 = 0;       // the same for ieee FP16
  std::int64_t dropped = 0;      // nonzero products below the alignment window, dropped whole [N2]
  std::int64_t underflowed = 0;  // nonzero products that rounded to zero units [N2]
  bool overflowed = false;       // [N4], [Q1]; later products were not added
};

// ane16: [N1]-[N5]. ieee: [I1], post-scale taken exactly before the one rounding.
// x and w have the same length, in the order of accumulation (kh, kw, cin ascending).
MacResult mac_oracle(const Profile& profile, std::span<const Half> x, std::span<const Half> w,
                     std::optional<Half> bias = {}, std::optional<Half> scale = {});

// [Q1], [Q2]: sum of (x - x_zero) * (w - w_zero), with x_zero folded into the bias as the machine
// does it: the preload is bias - x_zero * sum(w - w_zero), and overflow is watched from there on.
// ane16 rounds the sum to 11 bits before the scale [Q2]; ieee scales the exact sum and rounds once.
// scale is read as each profile reads binary16, and is greater than zero [Q3].
MacResult mac8_oracle(std::span<const std::int8_t> x, std::span<const std::int8_t> w,
                      std::int32_t x_zero, std::int32_t w_zero, std::int32_t bias, Half scale,
                      const Profile& profile);

}  // namespace ane::kernels::arith
