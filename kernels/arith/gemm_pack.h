// Packing of activations into panels of float32 words, over lanes. INT8 is packed by each path.
#pragma once
#include "kernels/arith/gemm_tile.h"

namespace ane::kernels::arith::gemm {
namespace {

// Packing: each row of x is read once, left to right, and spread over the panels.
template <class L, class Source>
ANE_INLINE void pack_rows(const Pack& a) {
  constexpr int width = 2 * L::lanes;
  for (std::int64_t k = 0; k < a.k; ++k) {
    const auto* row = static_cast<const typename Source::Element*>(a.x) + k * a.stride;
    std::uint32_t* panel = a.out;
    for (std::int64_t at = 0, i = 0; at < a.pixels; at += width, ++i, panel += a.panel_words) {
      const std::int64_t left = a.pixels - at;
      const int vectors = left > L::lanes ? 2 : 1;
      typename L::I least = L::splat(-1);
      for (int p = 0; p < vectors; ++p) {
        const std::int64_t rest = left - p * L::lanes;
        const int count = rest < L::lanes ? static_cast<int>(rest) : L::lanes;
        const typename L::I v = Source::load(row + at + p * L::lanes, count);
        L::store(panel + (k * vectors + p) * L::lanes, v);
        if constexpr (Source::extremes) {
          const typename L::I magnitude = v & 0x7fffffff;
          // Less one: zero wraps around to the largest unsigned word.
          least = L::min_unsigned(least, magnitude - 1);
          L::raise_max(a.largest + i * L::lanes, magnitude);
        }
      }
      if constexpr (Source::extremes) {
        const std::uint32_t low = L::least_unsigned(least);
        a.small[i * a.k + k] = low == 0xffffffffu ? 0x7fffffff : low + 1;
      }
    }
  }
}

template <class L>
float largest_square(const std::uint32_t* x, std::int64_t k, int vectors) {
  using F = typename L::F;
  F squares[2] = {L::splat(0.0F), L::splat(0.0F)};
  for (; k > 0; --k)
    for (int p = 0; p < vectors; ++p, x += L::lanes) {
      const F v = bits_as<F>(L::load(x));
      squares[p] = squares[p] + v * v;
    }
  float largest = 0;
  for (const F& of : squares)
    for (int i = 0; i < L::lanes; ++i) largest = of[i] > largest ? of[i] : largest;
  return largest;
}

template <class L>
struct IeeeHalves {
  using Element = std::uint16_t;
  static constexpr bool extremes = false;
  static ANE_INLINE typename L::I load(const Element* p, int count) {
    return L::decode_ieee(L::load_halves(p, count));
  }
};
template <class L>
struct OrdinaryHalves {
  using Element = std::uint16_t;
  static constexpr bool extremes = true;
  // The magnitude bits, moved into place, are a float32 with an exponent too small by 112, whether
  // normal, subnormal or of field 31; the product with 2^112 is exact.
  static ANE_INLINE typename L::I load(const Element* p, int count) {
    return decode(L::load_halves(p, count));
  }
  static ANE_INLINE typename L::I decode(typename L::I h) {
    const auto magnitude = bits_as<typename L::F>((h & 0x7fff) << 13);
    return bits_as<typename L::I>(magnitude * 0x1p112F) | ((h & 0x8000) << 16);
  }
};
template <class L>
struct Floats {
  using Element = float;
  static constexpr bool extremes = false;
  static ANE_INLINE typename L::I load(const Element* p, int count) {
    return L::load_words(p, count);
  }
};

}  // namespace
}  // namespace ane::kernels::arith::gemm
