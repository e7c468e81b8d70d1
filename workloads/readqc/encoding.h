// Reads as the models' inputs.
#pragma once
#include <cstdint>
#include <string_view>

#include "kernels/tensor.h"
#include "workloads/readqc/reads.h"

namespace ane::workloads::readqc {

enum class EncodingKind : std::uint8_t {
  ordinal,  // fp32 [n, 300]: 150 bases as A 0, C 0.25, G 0.5, T 0.75, unknown 1, then 150 qualities
            // as Q / 93 (float32 division): biometal's encoding, and that of the golden MLP
  one_hot,  // fp32 [n, 6, 150]: channels A, C, G, T, unknown (0 or 1), then quality as Q / 40
  kmers,    // i32 [n, T]: token of each k-mer, first base most significant; see kmer_vocabulary
};

struct Encoding {
  EncodingKind kind = EncodingKind::ordinal;
  std::int64_t k = 3;       // k-mers only: 3 to 6
  bool overlapping = true;  // k-mers only: every position, or every k-th
  friend bool operator==(const Encoding&, const Encoding&) = default;
};

inline constexpr std::int64_t ordinal_features = 2 * window;
inline constexpr std::int64_t one_hot_channels = 6;

// Tokens: 4^k k-mers, then one for k-mers with an unknown base, then one for those that reach
// behind the read's end.
constexpr std::int64_t kmer_vocabulary(std::int64_t k) {
  return (std::int64_t{1} << (2 * k)) + 2;
}
constexpr std::int64_t kmer_tokens(std::int64_t k, bool overlapping) {
  return overlapping ? window - k + 1 : window / k;
}

// Shape of one read's input, without the batch extent.
kernels::Shape input_shape(const Encoding& encoding);
// Reads [first, first + count) of the batch. Behind a read's end every feature is 0.
kernels::Tensor encode(const ReadBatch& reads, const Encoding& encoding, std::int64_t first,
                       std::int64_t count);
inline kernels::Tensor encode(const ReadBatch& reads, const Encoding& encoding) {
  return encode(reads, encoding, 0, reads.size());
}

}  // namespace ane::workloads::readqc
