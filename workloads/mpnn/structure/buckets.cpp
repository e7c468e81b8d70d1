#include "workloads/mpnn/structure/buckets.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "isa/error.h"

namespace ane::workloads::mpnn {

std::vector<std::int64_t> checked_buckets(std::vector<std::int64_t> buckets) {
  if (buckets.empty()) throw InputError("", "no buckets", "for example 64,128,256,512");
  for (const std::int64_t b : buckets)
    if (b < 1) throw InputError("", fmt::format("a bucket of {} residues", b));
  std::sort(buckets.begin(), buckets.end());
  buckets.erase(std::unique(buckets.begin(), buckets.end()), buckets.end());
  return buckets;
}

std::optional<std::int64_t> bucket_for(std::int64_t length, std::span<const std::int64_t> buckets) {
  const auto found = std::lower_bound(buckets.begin(), buckets.end(), length);
  if (found == buckets.end()) return std::nullopt;
  return *found;
}

double BucketUse::waste() const {
  if (residues == 0 || bucket == 0) return 0;
  return static_cast<double>(bucket * proteins - residues) / static_cast<double>(residues);
}

std::vector<BucketUse> route(std::span<const std::int64_t> lengths,
                             std::span<const std::int64_t> buckets) {
  std::vector<BucketUse> out;
  for (const std::int64_t b : buckets) out.push_back({b, 0, 0});
  BucketUse longer;
  for (const std::int64_t length : lengths) {
    const auto found = std::lower_bound(buckets.begin(), buckets.end(), length);
    BucketUse& use =
        found == buckets.end() ? longer : out[static_cast<std::size_t>(found - buckets.begin())];
    ++use.proteins;
    use.residues += length;
  }
  if (longer.proteins) out.push_back(longer);
  return out;
}

std::vector<std::int64_t> best_buckets(std::span<const std::int64_t> lengths, int count,
                                       std::int64_t multiple) {
  if (lengths.empty()) throw InputError("", "no lengths to choose buckets for");
  if (count < 1 || multiple < 1)
    throw InputError("", fmt::format("{} buckets in multiples of {}", count, multiple));
  std::map<std::int64_t, std::int64_t> proteins;  // by the smallest bucket that could hold them
  for (const std::int64_t length : lengths) {
    if (length < 1) throw InputError("", fmt::format("a protein of {} residues", length));
    ++proteins[(length + multiple - 1) / multiple * multiple];
  }
  std::vector<std::int64_t> sizes, up_to{0};  // up_to[i]: proteins in the first i sizes
  for (const auto& [size, n] : proteins) {
    sizes.push_back(size);
    up_to.push_back(up_to.back() + n);
  }
  // best[b][i]: places that the first i sizes take in b buckets, the last of them sizes[i - 1].
  const std::size_t n = sizes.size(),
                    most = std::min<std::size_t>(static_cast<std::size_t>(count), n);
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  std::vector best(most + 1, std::vector<std::int64_t>(n + 1, none));
  std::vector from(most + 1, std::vector<std::size_t>(n + 1, 0));
  best[0][0] = 0;
  for (std::size_t b = 1; b <= most; ++b)
    for (std::size_t i = b; i <= n; ++i)
      for (std::size_t j = b - 1; j < i; ++j) {
        if (best[b - 1][j] == none) continue;
        const std::int64_t places = best[b - 1][j] + sizes[i - 1] * (up_to[i] - up_to[j]);
        if (places < best[b][i]) best[b][i] = places, from[b][i] = j;
      }
  std::size_t used = 1;
  for (std::size_t b = 2; b <= most; ++b)
    if (best[b][n] < best[used][n]) used = b;
  std::vector<std::int64_t> out;
  for (std::size_t b = used, i = n; b > 0; i = from[b][i], --b) out.push_back(sizes[i - 1]);
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace ane::workloads::mpnn
