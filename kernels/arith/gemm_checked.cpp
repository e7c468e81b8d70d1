#include "kernels/arith/gemm_checked.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace ane::kernels::arith::gemm {
namespace {

struct Sticky {
  std::int64_t sum = 0;
  bool over = false;
  explicit Sticky(std::int64_t preload) : sum(preload), over(beyond(preload)) {}
  void add(std::int64_t v) {
    if (over) return;
    sum += v;
    over = beyond(sum);
  }
  static bool beyond(std::int64_t v) { return std::abs(v) >= (std::int64_t{1} << 31); }
  void store(std::uint32_t* to, std::uint32_t* overflow) const {
    *to = over ? 0 : static_cast<std::uint32_t>(sum);
    *overflow = !over ? 0u : sum < 0 ? ~0u : 1u;
  }
};

// Operand i of a packed word.
std::int32_t operand(std::uint32_t word, int i, int group) {
  return group == 4 ? std::int32_t{static_cast<std::int8_t>(word >> (8 * i))}
                    : std::int32_t{static_cast<std::int16_t>(word >> (16 * i))};
}

}  // namespace

void checked_fixed_tile(const Tile& t, int width, const std::int64_t* bias) {
  std::vector<Sticky> sums;
  for (int r = 0; r < t.rows; ++r) {
    sums.assign(static_cast<std::size_t>(width), Sticky(bias[r]));
    for (std::int64_t k = 0; k < t.k; ++k) {
      const std::uint32_t* w = t.w + k * 2 * t.rows + r;
      // without the ulp of narrow rounding
      const auto weight = static_cast<double>(std::bit_cast<float>(*w & ~1u));
      const std::uint32_t threshold = w[t.rows];
      for (int p = 0; p < width; ++p) {
        const std::uint32_t x = t.x[k * width + p];
        if ((x & 0x7fffffff) < threshold) continue;  // [N2]
        const double v =
            weight * static_cast<double>(std::bit_cast<float>(x));  // below 2^51, exact
        sums[static_cast<std::size_t>(p)].add(static_cast<std::int64_t>(v + std::copysign(0.5, v)));
      }
    }
    for (int p = 0; p < width; ++p)
      sums[static_cast<std::size_t>(p)].store(t.sum + r * width + p, t.overflow + r * width + p);
  }
}

void checked_int8_tile(const Path& path, const Tile& t, int width, const std::int64_t* bias) {
  for (int r = 0; r < t.rows; ++r) {
    for (int p = 0; p < width; ++p) {
      Sticky sum(bias[r]);
      for (std::int64_t k = 0; k < t.k; ++k) {
        const std::uint32_t x = t.x[k * width + p] ^ path.flip8, w = t.w[k * t.rows + r];
        for (int i = 0; i < path.group8; ++i)
          sum.add(std::int64_t{operand(x, i, path.group8)} * operand(w, i, path.group8));
      }
      sum.store(t.sum + r * width + p, t.overflow + r * width + p);
    }
  }
}

void put_infinities(const std::uint32_t* overflow, int count, Half* y) {
  for (int p = 0; p < count; ++p)
    if (overflow[p] != 0)
      y[p] = {static_cast<std::uint16_t>(half_infinity.bits | (overflow[p] != 1 ? 0x8000 : 0))};
}

}  // namespace ane::kernels::arith::gemm
