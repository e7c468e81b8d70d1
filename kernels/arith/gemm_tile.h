// The inner loops, written once over a lane type L (gemm_scalar.cpp, gemm_avx2.cpp,
// gemm_avx512.cpp). Everything is in an unnamed namespace: each path has its own copy.
//
// [N2] in float32. x has at most 11 significant bits and so has w; w' = w * 2^16, so that v = x *
// w' is the product in accumulator units and has at most 22 significant bits: exact in float32.
//
// The product is dropped iff e(x) + e(w) < -16, which is |x| < t(w) with t(w) = 2^(-16 - e(w)), or
// t(w) = 0 where that is not above 2^-14 (nothing nonzero is then dropped, subnormals have e =
// -14). t depends on the weight alone and is packed beside it. As most activations are above all
// thresholds of a tile's rows, one scalar comparison per k (smallest nonzero |x| of the panel
// against the largest threshold) decides whether lanes need to be compared at all.
//
// Wide rounding, |v| < 2^31: r = truncate(v + copysign(1/2, v)). The sum is exact or harmless:
//   |v| < 1/2: v has 22 bits, so |v| <= 1/2 - 2^-23, and |v| + 1/2 <= 1 - 2^-23, a float32;
//   rounding
//     is monotone, so the sum stays below 1 and truncates to 0.
//   1/2 <= |v| < 2^22: with |v| in [2^e, 2^(e+1)), e in [-1, 21], v is a multiple of 2^(e-21) and
//   1/2
//     of 2^(e-22) or coarser; the sum is below 2^(e+2), where float32 holds all multiples of
//     2^(e-22): exact.
//   2^22 <= |v| < 2^23: v is an integer, float32 holds multiples of 1/2: exact.
//   2^23 <= |v| < 2^24: v is even (22 bits), the tie at v + 1/2 goes back to v. Above, v stays too.
// With FMA the product is never rounded on its own; without, it is exact anyway.
//
// Narrow rounding, |v| < 2^22: the weight is packed one float32 ulp larger in magnitude, w+ = w' +
// u, and bits(fma(x, w+, 1.5 * 2^23)) - bits(1.5 * 2^23) is the rounded product: the addition
// rounds x * w+ once, half to even, to an integer, and |x * u| > 0 moves every tie away from zero.
// It moves nothing else: write |x| = a * 2^i, |w'| = b * 2^j with a, b in [1, 2) multiples of 2^-10
// (as normalised); |x * u| = a * 2^(i+j-23) < 2^(i+j-22), while v is a multiple of g = 2^(i+j-20),
// so the step is below g / 4. If g <= 1/2, a tie (odd multiple of 1/2) is a multiple of g, hence g
// or more from a v that is none: not reached. If g = 1, v is an integer and the step below 1/4. If
// g > 1, v is an integer, and 2^(i+j) <= |v| < 2^22, so the step is below 2^(21-22) = 1/2.
//
// Chained rounding, every running sum below 2^22 in magnitude: nothing above asks for 1.5 * 2^23
// itself, but for an integer of its binade, where the last place is one unit. The sum so far,
// offset by 1.5 * 2^23, is one: fma(x, w+, sum) is the sum with the next rounded product in it.
#pragma once
#include "kernels/arith/gemm_path.h"

// The pragma keeps a tile's arrays in registers under GCC 12; clang unrolls these loops by itself.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wunknown-pragmas"
#endif
#define ANE_INLINE inline __attribute__((always_inline))

namespace ane::kernels::arith::gemm {
namespace {

template <class To, class From>
ANE_INLINE To bits_as(From v) {
  static_assert(sizeof(To) == sizeof(From));
  return reinterpret_cast<To>(v);  // between vector types: the same bits
}

// Modulo 2^32: narrow sums carry k times the bits of 1.5 * 2^23.
template <class L>
ANE_INLINE typename L::I wrapping_add(typename L::I a, typename L::I b) {
  return bits_as<typename L::I>(bits_as<typename L::U>(a) + bits_as<typename L::U>(b));
}

template <class L>
ANE_INLINE typename L::F splat_float(std::uint32_t word) {
  return L::splat(__builtin_bit_cast(float, word));
}
template <class L>
ANE_INLINE typename L::I splat_int(std::uint32_t word) {
  return L::splat(static_cast<std::int32_t>(word));
}

// The sums of a tile: registers inside the loops over k.
template <class Op, int R, int P>
struct Sums {
  using V = typename Op::V;
  V at[R][P];

  ANE_INLINE void preload(const Tile& t) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const V v = Op::splat(t.preload[r]);
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p) at[r][p] = v;
    }
  }
  ANE_INLINE void store(const Tile& t) const {
    using L = typename Op::Lanes;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p)
        L::store(t.sum + (r * P + p) * L::lanes, bits_as<typename L::I>(at[r][p]));
    }
  }
};

// Sums of one fused operation a product: float32, or groups of INT8.
template <class Op, int R, int P>
void fused_tile(const Tile& t) {
  using L = typename Op::Lanes;
  using V = typename Op::V;
  Sums<Op, R, P> sum;
  sum.preload(t);
  const std::uint32_t* x = t.x;
  const std::uint32_t* w = t.w;
  for (std::int64_t k = t.k; k > 0; --k, x += P * L::lanes, w += R) {
    V xs[P];
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) xs[p] = bits_as<V>(L::load(x + p * L::lanes));
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const V ws = Op::splat(w[r]);
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p) sum.at[r][p] = Op::add_product(sum.at[r][p], xs[p], ws);
    }
  }
  sum.store(t);
}

template <class L>
struct Float32Op {
  using Lanes = L;
  using V = typename L::F;
  static ANE_INLINE V splat(std::uint32_t word) { return splat_float<L>(word); }
  static ANE_INLINE V add_product(V sum, V x, V w) { return L::fma(x, w, sum); }
};
template <class L>
struct Int8Op {
  using Lanes = L;
  using V = typename L::I;
  static ANE_INLINE V splat(std::uint32_t word) { return splat_int<L>(word); }
  static ANE_INLINE V add_product(V sum, V x, V w) { return L::dot8(sum, x, w); }
};

template <class L>
struct UnitsOp {
  using Lanes = L;
  using V = typename L::I;
  static ANE_INLINE V splat(std::uint32_t word) { return splat_int<L>(word); }
};

// One k of a fixed-point tile. Some: some product may have to be dropped.
template <class L, int R, int P, bool Some>
ANE_INLINE void narrow_step(Sums<UnitsOp<L>, R, P>& sum, const std::uint32_t* x,
                            const std::uint32_t* w) {
  using F = typename L::F;
  using I = typename L::I;
  const F magic = splat_float<L>(narrow_offset);
  F xs[P];
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) xs[p] = bits_as<F>(L::load(x + p * L::lanes));
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const F ws = splat_float<L>(w[r]);
    [[maybe_unused]] const I threshold = splat_int<L>(w[R + r]);
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) {
      F rounded;
      if constexpr (Some)
        rounded = L::fma_if_not_less(xs[p], ws, magic, bits_as<I>(xs[p]) & 0x7fffffff, threshold);
      else
        rounded = L::fma(xs[p], ws, magic);
      sum.at[r][p] = wrapping_add<L>(sum.at[r][p], bits_as<I>(rounded));
    }
  }
}

template <class L, int R, int P, bool Some>
ANE_INLINE void wide_step(Sums<UnitsOp<L>, R, P>& sum, const std::uint32_t* x,
                          const std::uint32_t* w) {
  using F = typename L::F;
  using I = typename L::I;
  I xs[P], half[P];
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) {
    xs[p] = L::load(x + p * L::lanes);
    half[p] = (xs[p] & ~0x7fffffff) | 0x3f000000;  // copysign(1/2, x)
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const std::uint32_t plain = w[r] & ~1u;  // without the ulp that narrow rounding wants
    const F ws = splat_float<L>(plain);
    const I sign = splat_int<L>(plain & 0x80000000u);
    [[maybe_unused]] const I threshold = splat_int<L>(w[R + r]);
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) {
      const I rounded =
          L::truncate(L::fma_exact(bits_as<F>(xs[p]), ws, bits_as<F>(half[p] ^ sign)));
      if constexpr (Some)
        sum.at[r][p] = L::add_if_not_less(sum.at[r][p], rounded, xs[p] & 0x7fffffff, threshold);
      else
        sum.at[r][p] = wrapping_add<L>(sum.at[r][p], rounded);
    }
  }
}

// Takes what narrow_step added of products that are to be dropped back out of the sums.
template <class L, int R, int P>
ANE_INLINE void take_back(Sums<UnitsOp<L>, R, P>& sum, const std::uint32_t* x,
                          const std::uint32_t* w) {
  using F = typename L::F;
  using I = typename L::I;
  const F magic = splat_float<L>(narrow_offset);
  const I none = splat_int<L>(narrow_offset);
  I xs[P];
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) xs[p] = L::load(x + p * L::lanes);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const F ws = splat_float<L>(w[r]);
    const I threshold = splat_int<L>(w[R + r]);
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) {
      const I added = bits_as<I>(L::fma(bits_as<F>(xs[p]), ws, magic)) - none;
      sum.at[r][p] = sum.at[r][p] - (added & (threshold > (xs[p] & 0x7fffffff)));
    }
  }
}

// The indices k whose step may have products to drop.
template <class L>
ANE_INLINE std::int64_t list_dropping(const Tile& t) {
  const std::uint32_t *small = t.x_small, *large = t.w_large;
  std::uint32_t* const list = t.dropping;
  const std::int64_t all = t.k;
  std::int64_t count = 0, k = 0;
  for (; k + L::lanes <= all; k += L::lanes)
    count += L::list_less(small + k, large + k, static_cast<std::int32_t>(k), list + count);
  for (; k < all; ++k) {
    list[count] = static_cast<std::uint32_t>(k);
    count += small[k] < large[k];
  }
  return count;
}

// One k of a tile whose sums are chained.
template <class L, int R, int P, bool Some>
ANE_INLINE void chained_step(Sums<Float32Op<L>, R, P>& sum, const std::uint32_t* x,
                             const std::uint32_t* w) {
  using F = typename L::F;
  using I = typename L::I;
  F xs[P];
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) xs[p] = bits_as<F>(L::load(x + p * L::lanes));
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const F ws = splat_float<L>(w[r]);
    [[maybe_unused]] const I threshold = splat_int<L>(w[R + r]);
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) {
      F& at = sum.at[r][p];
      if constexpr (Some)
        at = L::fma_if_not_less(xs[p], ws, at, bits_as<I>(xs[p]) & 0x7fffffff, threshold);
      else
        at = L::fma(xs[p], ws, at);
    }
  }
}

// A sum's words stand for its offset by 1.5 * 2^23, in t.preload too.
template <class L, int R, int P>
void chained_tile(const Tile& t) {
  using I = typename L::I;
  Sums<Float32Op<L>, R, P> chain;
  chain.preload(t);
  const std::uint32_t* x = t.x;
  const std::uint32_t* w = t.w;
  constexpr bool lists = requires {
    L::list_less(nullptr, nullptr, 0, nullptr);
  };
  std::int64_t count = 0;
  if constexpr (lists) {
    count = list_dropping<L>(t);
    if (4 * count > t.k) {
      count = 0;
      for (std::int64_t k = t.k; k > 0; --k, x += P * L::lanes, w += 2 * R)
        chained_step<L, R, P, true>(chain, x, w);
    } else {
      for (std::int64_t k = t.k; k > 0; --k, x += P * L::lanes, w += 2 * R)
        chained_step<L, R, P, false>(chain, x, w);
    }
  } else {
    for (std::int64_t k = 0; k < t.k; ++k, x += P * L::lanes, w += 2 * R)
      t.x_small[k] < t.w_large[k] ? chained_step<L, R, P, true>(chain, x, w)
                                  : chained_step<L, R, P, false>(chain, x, w);
  }
  Sums<UnitsOp<L>, R, P> sum;
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p)
      sum.at[r][p] = bits_as<I>(chain.at[r][p]) - splat_int<L>(narrow_offset);
  }
  if constexpr (lists)
    for (std::int64_t i = 0; i < count; ++i)
      take_back<L, R, P>(sum, t.x + t.dropping[i] * static_cast<std::size_t>(P * L::lanes),
                         t.w + t.dropping[i] * static_cast<std::size_t>(2 * R));
  sum.store(t);
}

// Without a branch a step, which no host foresees: all products first, then those that drop out, or
// where these are many, every step with its comparisons. A sum modulo 2^32 does not ask for the
// order.
template <class L, int R, int P>
void narrow_tile(const Tile& t) {
  Sums<UnitsOp<L>, R, P> sum;
  sum.preload(t);
  const std::uint32_t* x = t.x;
  const std::uint32_t* w = t.w;
  const std::int64_t count = list_dropping<L>(t);
  if (4 * count > t.k) {
    for (std::int64_t k = t.k; k > 0; --k, x += P * L::lanes, w += 2 * R)
      narrow_step<L, R, P, true>(sum, x, w);
  } else {
    for (std::int64_t k = t.k; k > 0; --k, x += P * L::lanes, w += 2 * R)
      narrow_step<L, R, P, false>(sum, x, w);
    const std::uint32_t* const list = t.dropping;
    x = t.x;
    w = t.w;
    for (std::int64_t i = 0; i < count; ++i)
      take_back<L, R, P>(sum, x + list[i] * static_cast<std::size_t>(P * L::lanes),
                         w + list[i] * static_cast<std::size_t>(2 * R));
  }
  sum.store(t);
}

// No running sum may reach 2^31 in magnitude: the driver has proven it.
template <class L, int R, int P, bool Wide>
void fixed_tile(const Tile& t) {
  if constexpr (!Wide && requires { L::list_less(nullptr, nullptr, 0, nullptr); })
    return narrow_tile<L, R, P>(t);
  Sums<UnitsOp<L>, R, P> sum;
  sum.preload(t);
  const std::uint32_t* x = t.x;
  const std::uint32_t* w = t.w;
  for (std::int64_t k = 0; k < t.k; ++k, x += P * L::lanes, w += 2 * R) {
    const bool some = t.x_small[k] < t.w_large[k];
    if constexpr (Wide)
      some ? wide_step<L, R, P, true>(sum, x, w) : wide_step<L, R, P, false>(sum, x, w);
    else
      some ? narrow_step<L, R, P, true>(sum, x, w) : narrow_step<L, R, P, false>(sum, x, w);
  }
  sum.store(t);
}

// The same where a running sum may overflow, but no single product reaches 2^31: k ascending, and
// the first overflow of a lane stays [N4]. One row at a time: it is rare.
template <class L, int P>
void sticky_rows(const Tile& t) {
  using F = typename L::F;
  using I = typename L::I;
  const I lowest = splat_int<L>(0x80000000u);
  for (int r = 0; r < t.rows; ++r) {
    I sum[P], over[P];
    for (int p = 0; p < P; ++p) {
      sum[p] = splat_int<L>(t.preload[r]);
      over[p] = splat_int<L>(0);
    }
    const std::uint32_t* x = t.x;
    const std::uint32_t* w = t.w + r;
    for (std::int64_t k = 0; k < t.k; ++k, x += P * L::lanes, w += 2 * t.rows) {
      const std::uint32_t plain = *w & ~1u;
      const F ws = splat_float<L>(plain);
      const I sign = splat_int<L>(plain & 0x80000000u);
      const I threshold = splat_int<L>(w[t.rows]);
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p) {
        const I xs = L::load(x + p * L::lanes);
        const I half = ((xs & ~0x7fffffff) | 0x3f000000) ^ sign;
        const I rounded = L::truncate(L::fma_exact(bits_as<F>(xs), ws, bits_as<F>(half)));
        const I next = L::add_if_not_less(sum[p], rounded, xs & 0x7fffffff, threshold);
        // Beyond int32 when both terms have the sign that the sum lacks; a dropped product leaves
        // next == sum. The old sum then has the sign of the infinity, and so it has at -2^31.
        const I beyond = (((sum[p] ^ next) & (rounded ^ next)) >> 31) | (next == lowest);
        over[p] |= beyond & ((sum[p] >> 31) | 1) & (over[p] == 0);
        sum[p] = next;
      }
    }
    for (int p = 0; p < P; ++p) {
      const int at = (r * P + p) * L::lanes;
      L::store(t.sum + at, sum[p] & (over[p] == 0));
      L::store(t.overflow + at, over[p]);
    }
  }
}
template <class L>
void sticky_tile(const Tile& t) {
  t.vectors == 2 ? sticky_rows<L, 2>(t) : sticky_rows<L, 1>(t);
}

template <class L>
struct FloatTiles {
  static constexpr int tallest = L::float_rows;
  template <int R, int P>
  static void run(const Tile& t) {
    fused_tile<Float32Op<L>, R, P>(t);
  }
};
template <class L>
struct Int8Tiles {
  static constexpr int tallest = L::float_rows;
  template <int R, int P>
  static void run(const Tile& t) {
    fused_tile<Int8Op<L>, R, P>(t);
  }
};
template <class L, bool Wide>
struct FixedTiles {
  static constexpr int tallest = L::fixed_rows;
  template <int R, int P>
  static void run(const Tile& t) {
    fixed_tile<L, R, P, Wide>(t);
  }
};

template <class L>
struct ChainedTiles {
  static constexpr int tallest = L::fixed_rows;
  template <int R, int P>
  static void run(const Tile& t) {
    if constexpr (L::narrow_limit != 0) chained_tile<L, R, P>(t);
  }
};

// Tile heights: the tallest, then the powers of two below it.
constexpr int next_height(int rows) {
  int below = 1;
  while (below * 2 < rows) below *= 2;
  return below;
}

template <class Tiles, int R = Tiles::tallest>
void run_tile(const Tile& t) {
  if (t.rows == R) {
    t.vectors == 2 ? Tiles::template run<R, 2>(t) : Tiles::template run<R, 1>(t);
  } else if constexpr (R > 1) {
    run_tile<Tiles, next_height(R)>(t);
  }
}

}  // namespace
}  // namespace ane::kernels::arith::gemm
