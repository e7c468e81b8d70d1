// From sums to binary16 [N5], [Q2], [I1], over lanes. The rules are those of round.h; this is their
// second implementation.
#pragma once
#include "kernels/arith/gemm_pack.h"

namespace ane::kernels::arith::gemm {
namespace {

template <class L>
using FloatOf = typename L::F;
template <class L>
using IntOf = typename L::I;

// Bits of float32 to bits of binary16, half away from zero, magnitudes only. For half away only the
// bit behind the last place counts, so f may have been truncated to float32.
template <class L>
ANE_INLINE IntOf<L> half_away(IntOf<L> f) {
  using I = IntOf<L>;
  const I limited = f < 0x47800000 ? f : L::splat(0x47800000);  // 65536 becomes infinity
  const I normal = ((limited + 0x1000) >> 13) - (112 << 10);
  // Subnormal: units of 2^-25, truncated, then half away to units of 2^-24.
  const I small = f < 0x38800000 ? f : L::splat(0);
  const I units = (L::truncate(bits_as<FloatOf<L>>(small) * 0x1p25F) + 1) >> 1;
  return f < 0x38800000 ? units : normal;
}

// -0 becomes +0 [N5].
template <class L>
ANE_INLINE IntOf<L> with_sign(IntOf<L> half, IntOf<L> sign_source) {
  const IntOf<L> sign = (sign_source >> 16) & 0x8000;
  return half | (half == 0 ? L::splat(0) : sign);
}

// |v| of int32, truncated to 24 significant bits, as float32 bits. |v| < 2^31.
template <class L>
ANE_INLINE IntOf<L> magnitude_as_float(IntOf<L> v) {
  using I = IntOf<L>;
  const I a = v < 0 ? -v : v;
  const I truncated = a < (1 << 24) ? a : a & ~127;
  return bits_as<I>(L::to_float(truncated));
}

// float32 to binary16, half to even, NaN to 0x7e00.
template <class L>
ANE_INLINE IntOf<L> half_even(IntOf<L> f) {
  using I = IntOf<L>;
  const I a = f & 0x7fffffff;
  const I limited = a < 0x47800000 ? a : L::splat(0x47800000);  // 65536 becomes infinity
  const I normal = ((limited + 0xfff + ((limited >> 13) & 1)) >> 13) - (112 << 10);
  // Subnormal: float32 values in [1/2, 1) are 2^-24 apart, so the addition of 1/2 does the
  // rounding.
  const I small = a < 0x38800000 ? a : L::splat(0);
  const I units = bits_as<I>(bits_as<FloatOf<L>>(small) + 0.5F) - 0x3f000000;
  const I finite = (a < 0x38800000 ? units : normal) | ((f >> 16) & 0x8000);
  return a > 0x7f800000 ? L::splat(0x7e00) : finite;
}

// Exact double products to float32 such that one rounding to binary16 remains. Half away: cut off.
// Half to even: cut off, and the last bit set where anything was (round to odd). Both keep 13 bits
// more than binary16, and no product that does not vanish in binary16 is subnormal in float32.
template <bool Odd, int N, class Sum>
ANE_INLINE void scale_row(const Sum* sum, double scale, float* out) {
  for (int i = 0; i < N; ++i) {
    const auto bits = __builtin_bit_cast(std::uint64_t, static_cast<double>(sum[i]) * scale);
    constexpr std::uint64_t low = (std::uint64_t{1} << 29) - 1;
    std::uint64_t cut = bits & ~low;
    if constexpr (Odd) cut |= (bits & low) != 0 ? low + 1 : 0;
    out[i] = static_cast<float>(__builtin_bit_cast(double, cut));
  }
}

template <class L, class Convert>
ANE_INLINE void finish_row(const Finish& f, const void* words, Convert convert) {
  const auto* from = static_cast<const std::uint32_t*>(words);
  for (int p = 0; p < f.vectors; ++p) {
    const int rest = f.count - p * L::lanes;
    if (rest <= 0) return;
    L::store_halves(f.y + p * L::lanes, convert(L::load(from + p * L::lanes)),
                    rest < L::lanes ? rest : L::lanes);
  }
}

template <class L, bool Odd, class Sum, class Convert>
ANE_INLINE void finish_scaled(const Finish& f, double scale, Convert convert) {
  alignas(64) float scaled[2 * L::lanes];
  const auto* sum = reinterpret_cast<const Sum*>(f.sum);
  f.vectors == 2 ? scale_row<Odd, 2 * L::lanes>(sum, scale, scaled)
                 : scale_row<Odd, L::lanes>(sum, scale, scaled);
  finish_row<L>(f, scaled, convert);
}

template <class L>
ANE_INLINE void row_ieee(const Finish& f) {
  const auto even = [](IntOf<L> v) { return L::half_even(v); };
  f.scale ? finish_scaled<L, true, float>(f, *f.scale, even) : finish_row<L>(f, f.sum, even);
}

template <class L>
ANE_INLINE void row_ieee_int8(const Finish& f) {
  finish_scaled<L, true, std::int32_t>(f, f.scale ? *f.scale : 1.0,
                                       [](IntOf<L> v) { return L::half_even(v); });
}

template <class L>
ANE_INLINE void row_ane16(const Finish& f) {
  using I = IntOf<L>;
  if (f.scale) {
    finish_scaled<L, false, std::int32_t>(
        f, *f.scale * 0x1p-16, [](I v) { return with_sign<L>(half_away<L>(v & 0x7fffffff), v); });
    return;
  }
  // Units of 2^-16: below 4 of them a binary16 is subnormal and holds them exactly; above, the
  // exponent is that of the integer less 16. Never infinite, never a negative zero.
  finish_row<L>(f, f.sum, [](I v) {
    const I normal = ((magnitude_as_float<L>(v) + 0x1000) >> 13) - (128 << 10);
    const I a = v < 0 ? -v : v;
    return (a < 4 ? a << 8 : normal) | ((v >> 16) & 0x8000);
  });
}

template <class L>
ANE_INLINE void row_ane16_int8(const Finish& f) {
  using I = IntOf<L>;
  const auto scale = static_cast<float>(f.scale ? *f.scale : 1.0);
  finish_row<L>(f, f.sum, [scale](I v) {
    // [Q2] 11 significant bits, times 11: exact in float32.
    const I eleven = (magnitude_as_float<L>(v) + 0x1000) & ~0x1fff;
    const I product = bits_as<I>(bits_as<FloatOf<L>>(eleven) * scale);
    return with_sign<L>(half_away<L>(product & 0x7fffffff), product ^ v);
  });
}

template <auto Row, class L>
void finish_rows(const Finish& f) {
  Finish row = f;
  for (int r = 0; r < f.rows; ++r) {
    Row(row);
    row.sum += f.vectors * L::lanes;
    row.y += f.y_stride;
    if (f.scale) ++row.scale;
  }
}

template <class L>
constexpr Path make_path(const char* name) {
  return {.name = name,
          .lanes = L::lanes,
          .group8 = L::group8,
          .flip8 = L::flip8,
          .float_rows = L::float_rows,
          .fixed_rows = L::fixed_rows,
          .narrow_limit = L::narrow_limit,
          .float_tile = run_tile<FloatTiles<L>>,
          .int8_tile = run_tile<Int8Tiles<L>>,
          .fixed_chained_tile = run_tile<ChainedTiles<L>>,
          .fixed_narrow_tile = run_tile<FixedTiles<L, L::narrow_limit == 0>>,
          .fixed_wide_tile = run_tile<FixedTiles<L, true>>,
          .sticky_tile = sticky_tile<L>,
          .largest_square = largest_square<L>,
          .pack_half = pack_rows<L, IeeeHalves<L>>,
          .pack_ordinary = pack_rows<L, OrdinaryHalves<L>>,
          .pack_float = pack_rows<L, Floats<L>>,
          .pack_int8 = L::pack_int8,
          .finish_ieee = finish_rows<row_ieee<L>, L>,
          .finish_ane16 = finish_rows<row_ane16<L>, L>,
          .finish_ieee_int8 = finish_rows<row_ieee_int8<L>, L>,
          .finish_ane16_int8 = finish_rows<row_ane16_int8<L>, L>};
}

}  // namespace
}  // namespace ane::kernels::arith::gemm
