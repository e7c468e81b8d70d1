// Buckets: fixed lengths that a protein is padded to, so that a static program serves every length.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ane::workloads::mpnn {

inline constexpr std::int64_t default_buckets[]{64, 128, 256, 512};

// Sorted, without repetition; InputError for an empty list or a bucket of less than 1.
std::vector<std::int64_t> checked_buckets(std::vector<std::int64_t> buckets);

// The smallest bucket that holds `length`; nothing when none does. `buckets` as checked.
std::optional<std::int64_t> bucket_for(std::int64_t length, std::span<const std::int64_t> buckets);

struct BucketUse {
  std::int64_t bucket = 0;  // 0: longer than every bucket
  std::int64_t proteins = 0, residues = 0;
  // Padded places over the residues they come with: 106 in 128 is 0.21. 0 without residues.
  double waste() const;
};
// How a set of lengths falls into the buckets, one row a bucket, and one with bucket 0 when there
// are longer ones.
std::vector<BucketUse> route(std::span<const std::int64_t> lengths,
                             std::span<const std::int64_t> buckets);

// At most `count` buckets that hold every length with the fewest padded places in all, each a
// multiple of `multiple`. Exact, by dynamic programming over the distinct rounded lengths; of
// equally good choices the one with fewer buckets. InputError for no lengths or one of less than 1.
std::vector<std::int64_t> best_buckets(std::span<const std::int64_t> lengths, int count,
                                       std::int64_t multiple = 1);

}  // namespace ane::workloads::mpnn
