#include "sim/explore/bucket_sets.h"

#include <algorithm>
#include <limits>

#include "isa/error.h"

namespace ane::sim {

std::vector<BucketSet> best_bucket_sets(std::span<const std::int64_t> lengths,
                                        std::int64_t multiple, int most,
                                        const std::function<double(std::int64_t)>& cost_of) {
  ANE_CHECK(!lengths.empty() && multiple >= 1 && most >= 1, "items, and buckets for them");
  std::vector<std::int64_t> candidates;
  for (const std::int64_t n : lengths)
    candidates.push_back((n + multiple - 1) / multiple * multiple);
  std::ranges::sort(candidates);
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  const std::size_t n = candidates.size();
  std::vector<double> price, items(n, 0);
  for (const std::int64_t c : candidates) price.push_back(cost_of(c));
  for (const std::int64_t length : lengths) {
    const auto at = std::ranges::lower_bound(candidates, length) - candidates.begin();
    ++items[static_cast<std::size_t>(at)];
  }
  for (std::size_t j = 1; j < n; ++j) items[j] += items[j - 1];  // up to there

  // least[j]: of all items up to candidate j in k buckets, the last of them j.
  constexpr double none = std::numeric_limits<double>::infinity();
  std::vector<double> least(n);
  std::vector<std::vector<std::size_t>> before;  // by k: the bucket in front of j; n: none
  std::vector<BucketSet> sets;
  for (int k = 1; k <= most && static_cast<std::size_t>(k) <= n; ++k) {
    std::vector<double> next(n, none);
    std::vector<std::size_t> from(n, n);
    for (std::size_t j = 0; j < n; ++j) {
      if (k == 1) {
        next[j] = items[j] * price[j];
        continue;
      }
      for (std::size_t i = 0; i < j; ++i) {
        const double cost = least[i] + (items[j] - items[i]) * price[j];
        if (cost < next[j]) next[j] = cost, from[j] = i;
      }
    }
    least = std::move(next);
    before.push_back(std::move(from));
    if (!sets.empty() && !(least[n - 1] < sets.back().cost)) break;
    BucketSet set{.buckets = {}, .cost = least[n - 1]};
    std::size_t at = n - 1;
    for (int b = k; b >= 1; --b) {
      set.buckets.push_back(candidates[at]);
      at = before[static_cast<std::size_t>(b) - 1][at];
    }
    std::ranges::reverse(set.buckets);
    sets.push_back(std::move(set));
  }
  return sets;
}

}  // namespace ane::sim
