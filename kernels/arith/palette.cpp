#include "kernels/arith/palette.h"

#include <algorithm>

#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

using Values = std::vector<double>;

double value(Half h) {
  return static_cast<double>(to_float(h));
}

// First weight of `sorted` (ascending) that is nearer to the next centre than to centre c.
std::size_t end_of(const Values& sorted, const Values& centre, std::size_t c) {
  if (c + 1 == centre.size()) return sorted.size();
  const double border = (centre[c] + centre[c + 1]) / 2;
  return static_cast<std::size_t>(std::ranges::upper_bound(sorted, border) - sorted.begin());
}

// Means of the weights nearest to each centre, until nothing moves. sums[i]: of the first i
// weights.
void refine(const Values& sorted, const Values& sums, Values& centre) {
  bool moved = true;
  for (int round = 0; moved && round < 100; ++round) {
    moved = false;
    const Values before = centre;
    std::size_t begin = 0;
    for (std::size_t c = 0; c < centre.size(); ++c) {
      const std::size_t end = end_of(sorted, before, c);
      if (end > begin) {
        centre[c] = (sums[end] - sums[begin]) / static_cast<double>(end - begin);
        moved = moved || centre[c] != before[c];
      }
      begin = std::max(begin, end);
    }
    std::ranges::sort(centre);
  }
}

// What the squared error is above a constant: minus the squares that the centres explain.
double excess(const Values& sorted, const Values& sums, const Values& centre) {
  double total = 0;
  std::size_t begin = 0;
  for (std::size_t c = 0; c < centre.size(); ++c) {
    const std::size_t end = std::max(begin, end_of(sorted, centre, c));
    const double sum = sums[end] - sums[begin];
    total += centre[c] * (centre[c] * static_cast<double>(end - begin) - 2 * sum);
    begin = end;
  }
  return total;
}

Values even_steps(const Values& sorted, std::size_t count) {
  const double step = (sorted.back() - sorted.front()) / static_cast<double>(count - 1);
  Values centre;
  for (std::size_t c = 0; c < count; ++c)
    centre.push_back(sorted.front() + static_cast<double>(c) * step);
  return centre;
}

// Lloyd's iteration finds a near minimum only, so it starts twice: from the quantiles and from even
// steps, which makes it no worse than those.
Values k_means(const Values& sorted, std::size_t count) {
  Values sums(sorted.size() + 1);
  for (std::size_t i = 0; i < sorted.size(); ++i) sums[i + 1] = sums[i] + sorted[i];
  Values by_quantile;
  for (std::size_t c = 0; c < count; ++c)
    by_quantile.push_back(sorted[(2 * c + 1) * sorted.size() / (2 * count)]);
  Values by_step = even_steps(sorted, count);
  refine(sorted, sums, by_quantile);
  refine(sorted, sums, by_step);
  return excess(sorted, sums, by_step) < excess(sorted, sums, by_quantile) ? by_step : by_quantile;
}

}  // namespace

std::vector<Half> fit_palette(std::span<const float> weights, int bits, PaletteFit fit) {
  const std::size_t count = std::size_t{1} << bits;
  Values sorted;
  for (const float w : weights) sorted.push_back(value(to_half(static_cast<double>(w))) + 0.0);
  std::ranges::sort(sorted);
  Values different = sorted;
  different.erase(std::unique(different.begin(), different.end()), different.end());
  Values centre;
  if (sorted.empty()) {
    centre.assign(count, 0);
  } else if (fit == PaletteFit::uniform) {
    centre = even_steps(sorted, count);
  } else {
    centre = different.size() <= count ? different : k_means(sorted, count);
  }
  centre.resize(count, centre.back());
  std::vector<Half> table;
  for (const double c : centre) table.push_back(to_half(c));
  return table;
}

unsigned nearest_in_palette(std::span<const Half> ascending, float w) {
  const double target = static_cast<double>(w);
  const auto above = std::ranges::lower_bound(ascending, target, {}, value);
  if (above == ascending.begin()) return 0;
  auto best = above - 1;
  if (above != ascending.end() && value(*above) - target < target - value(*best)) best = above;
  // The first of equal entries.
  best = std::ranges::lower_bound(ascending, value(*best), {}, value);
  return static_cast<unsigned>(best - ascending.begin());
}

}  // namespace ane::kernels::arith
