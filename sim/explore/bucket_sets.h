// Which lengths programs should be made for: every item runs in the shortest program that holds it,
// and a program more saves padding.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace ane::sim {

struct BucketSet {
  std::vector<std::int64_t> buckets;  // ascending
  double cost = 0;                    // of all items
};

// For each number of buckets up to `most` the set with the least cost of all items, by dynamic
// programming over the candidates: cost_of(length) is one item's in a program of that length. The
// longest item's candidate is in every set; sets that a candidate more does not make cheaper are
// left out. lengths: at least one, above 0; candidates: lengths rounded up to `multiple`.
std::vector<BucketSet> best_bucket_sets(std::span<const std::int64_t> lengths,
                                        std::int64_t multiple, int most,
                                        const std::function<double(std::int64_t)>& cost_of);

}  // namespace ane::sim
