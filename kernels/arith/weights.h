// Weight formats [Q4]: how a kernel stream holds a layer's weights, and the binary16 values that
// the multipliers see. A format saves bytes, never cycles: what comes out is FP16 and goes through
// [N1]-[N5].
//
// A stream holds `channels` rows of `row_length` weights and is read from its first byte without
// anything else but its format. Little-endian, bit fields fill a byte from its lowest bit, tables
// come first, nothing is padded but the last byte. Bytes, for n = channels * row_length:
//   fp16    2n                     the weights
//   int8    2 + n                  one FP16 scale, signed codes
//   int8c   2 channels + n         an FP16 scale a channel, signed codes
//   palB    2 * 2^B + ceil(nB/8)   table of FP16 values, indices of B bits
//   int4b   2 blocks + ceil(n/2)   an FP16 scale a block of `block` weights of a row (the last of a
//                                  row may be shorter), signed codes of 4 bits
//   sparse  ceil(n/8) + 2 nonzero  one bit a weight, then the FP16 weights whose bit is set
//   i8      n                      codes alone, for the INT8 multipliers [Q1]
//   i8pB    2^B + ceil(nB/8)       table of codes, indices of B bits; for the same
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "isa/task.h"
#include "kernels/arith/half.h"
#include "kernels/arith/profile.h"

namespace ane::kernels::arith {

using isa::KernelFormat;

// How a palette's values are chosen: by k-means (Lloyd's iteration from the quantiles and from even
// steps, each to its fixed point or 100 rounds, the better of both), or evenly from the least to
// the greatest weight. Both are deterministic. Weights of no more different binary16 values than
// the table holds are kept exactly by k-means.
enum class PaletteFit { k_means, uniform };

// What all streams of one layer share: the tensor's scale (int8) or its palette.
struct WeightCoding {
  KernelFormat format = KernelFormat::fp16;
  std::int64_t block = 32;  // int4b
  std::vector<Half> table;
};
// From all weights of the layer (finite, checked: InputError).
WeightCoding fit_weights(KernelFormat format, std::span<const float> weights,
                         std::int64_t block = 32, PaletteFit fit = PaletteFit::k_means);

// Rows of `row_length` weights as a stream. Scales are largest magnitude / 127 (int4b: / 7) as
// binary16, codes the nearest ones, ties away from zero, -127 to 127 (-7 to 7).
std::vector<std::uint8_t> encode_weights(const WeightCoding& coding, std::span<const float> rows,
                                         std::int64_t row_length);

// The stream's exact size without its values. nonzero: weights that are not zero (sparse only).
std::int64_t encoded_bytes(KernelFormat format, std::int64_t block, std::int64_t channels,
                           std::int64_t row_length, std::int64_t nonzero);

// The codes of an integer stream. InputError for a stream that is too short.
std::vector<std::int8_t> decode_codes(KernelFormat format, std::span<const std::uint8_t> stream,
                                      std::int64_t channels, std::int64_t row_length);

// The weights of any other stream as binary16; code * scale is rounded by the profile. InputError
// for a stream that is too short. Bytes behind the last weight are not looked at.
std::vector<Half> decode_weights(KernelFormat format, std::int64_t block,
                                 std::span<const std::uint8_t> stream, std::int64_t channels,
                                 std::int64_t row_length, const Profile& profile);

// Sets the smallest magnitudes to zero, `fraction` of all, ties by position: pruning before sparse.
void prune(std::span<float> weights, double fraction);

}  // namespace ane::kernels::arith
