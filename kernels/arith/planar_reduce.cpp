// Fast reductions [P2]: each result keeps its ascending order; many results advance together.
#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "isa/error.h"
#include "kernels/arith/planar.h"
#include "kernels/arith/planar_select.h"

namespace ane::kernels::arith {
namespace {

// Of IEEE 754-2019: NaN wins, +0 above -0. (ane16 has no NaN here, and no -0 after narrowing.)
template <bool Largest>
float extreme(float a, float b) {
  if (a == b) {
    const auto x = std::bit_cast<std::uint32_t>(a), y = std::bit_cast<std::uint32_t>(b);
    return std::bit_cast<float>(Largest ? x & y : x | y);
  }
  if (a != a) return a;
  return (Largest ? a > b : a < b) ? a : b;
}

template <Reduction R>
float combined(float total, float v) {
  if constexpr (R == Reduction::max) return extreme<true>(total, v);
  if constexpr (R == Reduction::min) return extreme<false>(total, v);
  if constexpr (R == Reduction::sum_squares || R == Reduction::mean_squares) return total + v * v;
  return total + v;
}

template <Reduction R>
constexpr float start() {
  if constexpr (R == Reduction::max) return -std::numeric_limits<float>::infinity();
  if constexpr (R == Reduction::min) return std::numeric_limits<float>::infinity();
  return 0;
}

void finish(Reduction r, const Profile& profile, float* total, std::int64_t count, Half* y,
            std::int64_t n) {
  if (r == Reduction::mean || r == Reduction::mean_squares)
    for (std::int64_t i = 0; i < n; ++i) total[i] /= static_cast<float>(count);
  planar_paths::narrow(profile, total, y, n);
}

// Rows of `count` elements, one result each: 8 rows side by side hide the latency of the additions.
template <Reduction R>
void rows(const Profile& profile, const Half* x, std::int64_t outer, std::int64_t count, Half* y) {
  constexpr std::int64_t side = 8, piece = 256;
  std::array<std::array<float, piece>, side> wide{};
  for (std::int64_t o = 0; o < outer; o += side) {
    const std::int64_t n = std::min(side, outer - o);
    std::array<float, side> total;
    total.fill(start<R>());
    for (std::int64_t k = 0; k < count; k += piece) {
      const std::int64_t m = std::min(piece, count - k);
      for (std::int64_t s = 0; s < n; ++s)
        planar_paths::widen(profile, x + (o + s) * count + k,
                            wide[static_cast<std::size_t>(s)].data(), m);
      for (std::int64_t i = 0; i < m; ++i)
        for (std::size_t s = 0; s < side; ++s)
          total[s] = combined<R>(total[s], wide[s][static_cast<std::size_t>(i)]);
    }
    finish(R, profile, total.data(), count, y + o, n);
  }
}

// Results of neighbouring `inner` indices advance together.
template <Reduction R>
void columns(const Profile& profile, const Half* x, const ReduceShape& shape, Half* y) {
  constexpr std::int64_t side = 512;
  const std::int64_t stride = shape.stride != 0 ? shape.stride : shape.inner;
  std::array<float, side> total, wide;
  for (std::int64_t o = 0; o < shape.outer; ++o)
    for (std::int64_t i = 0; i < shape.inner; i += side) {
      const std::int64_t n = std::min(side, shape.inner - i);
      total.fill(start<R>());
      for (std::int64_t k = 0; k < shape.count; ++k) {
        planar_paths::widen(profile, x + (o * shape.count + k) * stride + i, wide.data(), n);
        for (std::int64_t j = 0; j < n; ++j) {
          const auto at = static_cast<std::size_t>(j);
          total[at] = combined<R>(total[at], wide[at]);
        }
      }
      finish(R, profile, total.data(), shape.count, y + o * shape.inner + i, n);
    }
}

template <Reduction R>
void reduce_all(const Profile& profile, const Half* x, const ReduceShape& shape, Half* y) {
  if (shape.inner == 1 && shape.stride <= 1)
    rows<R>(profile, x, shape.outer, shape.count, y);
  else
    columns<R>(profile, x, shape, y);
}

}  // namespace

void reduce(Reduction r, const Profile& profile, const Half* x, const ReduceShape& shape, Half* y) {
  ANE_CHECK(shape.count > 0, "a reduction of nothing");
  switch (r) {
    case Reduction::sum:
      return reduce_all<Reduction::sum>(profile, x, shape, y);
    case Reduction::mean:
      return reduce_all<Reduction::mean>(profile, x, shape, y);
    case Reduction::max:
      return reduce_all<Reduction::max>(profile, x, shape, y);
    case Reduction::min:
      return reduce_all<Reduction::min>(profile, x, shape, y);
    case Reduction::sum_squares:
      return reduce_all<Reduction::sum_squares>(profile, x, shape, y);
    case Reduction::mean_squares:
      return reduce_all<Reduction::mean_squares>(profile, x, shape, y);
  }
  ANE_CHECK(false, "reduction");
}

}  // namespace ane::kernels::arith
