// FP16 to INT8 codes and back [Q1]-[Q3].
//
// Both profiles clamp to [-128, 127] and read NaN as +infinity. ane16 rounds x / scale half away
// from zero [Q3]; ieee rounds it half to even, as ONNX QuantizeLinear does (our choice). x / scale
// is rounded once, from the exact quotient, and the zero point is added after that.
#pragma once
#include <cstdint>
#include <span>

#include "kernels/arith/half.h"
#include "kernels/arith/profile.h"

namespace ane::kernels::arith {

// scale: finite and greater than zero (checked). zero: any int8.
std::int8_t quantise(Half x, Half scale, int zero, const Profile& profile);
// (q - zero) * scale, exactly, rounded once to binary16.
Half dequantise(std::int8_t q, Half scale, int zero, const Profile& profile);
// [Q2] An INT8 product's sum to binary16, without overflow (|sum| < 2^31).
Half requantise(std::int64_t sum, Half scale, const Profile& profile);

// The same over spans of one length, by float32 arithmetic that equals the exact integers above.
void quantise(std::span<const Half> x, Half scale, int zero, const Profile& profile,
              std::span<std::int8_t> q);
void dequantise(std::span<const std::int8_t> q, Half scale, int zero, const Profile& profile,
                std::span<Half> y);

// The scale that maps magnitudes up to `largest` onto codes up to `largest_code`: their quotient as
// binary16, at least the least subnormal.
Half symmetric_scale(double largest, int largest_code = 127);

}  // namespace ane::kernels::arith
