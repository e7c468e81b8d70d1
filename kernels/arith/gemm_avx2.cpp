// AVX2 with FMA and F16C: 8 lanes. Compiled with these instruction sets (CMakeLists.txt), called
// only on hosts that have them (gemm.cpp).
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/arith/gemm_finish.h"

namespace ane::kernels::arith::gemm {
namespace {

// Of each 8 bits the places of those that are set, ascending, a byte each.
struct PlacesOfBits {
  std::uint64_t at[256];
  constexpr PlacesOfBits() : at{} {
    for (unsigned bits = 0; bits < 256; ++bits)
      for (unsigned place = 0, count = 0; place < 8; ++place)
        if ((bits >> place & 1) != 0) at[bits] |= std::uint64_t{place} << (8 * count++);
  }
};
constexpr PlacesOfBits places_of_bits;

struct Avx2 {
  typedef float F __attribute__((vector_size(32), may_alias));
  typedef std::int32_t I __attribute__((vector_size(32), may_alias));
  typedef std::uint32_t U __attribute__((vector_size(32), may_alias));
  static constexpr int lanes = 8, group8 = 2, float_rows = 6, fixed_rows = 4;
  static constexpr std::uint32_t flip8 = 0;
  static constexpr float narrow_limit = 0x1p22F;

  static __m256i raw(I v) { return (__m256i)v; }
  static I load(const std::uint32_t* p) {
    return (I)_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static void store(std::uint32_t* p, I v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), raw(v));
  }
  static F splat(float v) { return (F)_mm256_set1_ps(v); }
  static I splat(std::int32_t v) { return (I)_mm256_set1_epi32(v); }

  static F fma(F a, F b, F c) { return (F)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
  static F fma_exact(F a, F b, F c) { return fma(a, b, c); }
  static F fma_if_not_less(F a, F b, F c, I magnitude, I threshold) {
    const __m256i dropped = _mm256_cmpgt_epi32(raw(threshold), raw(magnitude));
    return fma((F)_mm256_andnot_ps((__m256)dropped, (__m256)a), b, c);
  }
  static I add_if_not_less(I sum, I v, I magnitude, I threshold) {
    const __m256i dropped = _mm256_cmpgt_epi32(raw(threshold), raw(magnitude));
    return (I)_mm256_add_epi32(raw(sum), _mm256_andnot_si256(dropped, raw(v)));
  }
  // Words hold two int16 here.
  static I dot8(I sum, I x, I w) {
    return (I)_mm256_add_epi32(raw(sum), _mm256_madd_epi16(raw(x), raw(w)));
  }
  static I truncate(F v) { return (I)_mm256_cvttps_epi32((__m256)v); }
  static F to_float(I v) { return (F)_mm256_cvtepi32_ps(raw(v)); }

  // first + i into `to` for each of 8 places i where small < large, both less than 2^31; how many.
  // What stands behind them is overwritten.
  static int list_less(const std::uint32_t* small, const std::uint32_t* large, std::int32_t first,
                       std::uint32_t* to) {
    const auto mask = static_cast<unsigned>(
        _mm256_movemask_ps((__m256)_mm256_cmpgt_epi32(raw(load(large)), raw(load(small)))));
    const __m256i places = _mm256_cvtepu8_epi32(
        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(places_of_bits.at + mask)));
    store(to, (I)_mm256_add_epi32(places, _mm256_set1_epi32(first)));
    return __builtin_popcount(mask);
  }

  static I min_unsigned(I a, I b) { return (I)_mm256_min_epu32(raw(a), raw(b)); }
  static std::uint32_t least_unsigned(I v) {
    __m128i m = _mm_min_epu32(_mm256_castsi256_si128(raw(v)), _mm256_extracti128_si256(raw(v), 1));
    m = _mm_min_epu32(m, _mm_shuffle_epi32(m, 0x4e));
    m = _mm_min_epu32(m, _mm_shuffle_epi32(m, 0xb1));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(m));
  }
  static void raise_max(std::uint32_t* p, I v) {
    store(p, (I)_mm256_max_epi32(raw(load(p)), raw(v)));
  }

  static I load_words(const void* p, int count) {
    if (count == lanes) return load(static_cast<const std::uint32_t*>(p));
    std::uint32_t part[lanes] = {};
    __builtin_memcpy(part, p, sizeof(std::uint32_t) * static_cast<std::size_t>(count));
    return load(part);
  }
  static I load_halves(const std::uint16_t* p, int count) {
    std::uint16_t part[lanes] = {};
    if (count < lanes) {
      for (int i = 0; i < count; ++i) part[i] = p[i];
      p = part;
    }
    return (I)_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static __m128i narrow(__m256i words) {  // to 16 bits; words are below 2^16
    return _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  }
  static void store_halves(std::uint16_t* p, I v, int count) {
    std::uint16_t part[lanes];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(count < lanes ? part : p), narrow(raw(v)));
    if (count < lanes)
      for (int i = 0; i < count; ++i) p[i] = part[i];
  }
  static I decode_ieee(I halves) { return (I)_mm256_cvtph_ps(narrow(raw(halves))); }
  static I half_even(I v) {
    const __m256 f = (__m256)v;
    const __m256i h = _mm256_cvtepu16_epi32(_mm256_cvtps_ph(f, _MM_FROUND_TO_NEAREST_INT));
    return (I)_mm256_blendv_ps((__m256)h, (__m256)_mm256_set1_epi32(0x7e00),
                               _mm256_cmp_ps(f, f, _CMP_UNORD_Q));
  }

  static void pack_int8(const Pack& a);
};

// Two rows of 16 bytes become 16 words of two int16; see pack_four of AVX-512 for the order.
void Avx2::pack_int8(const Pack& a) {
  const auto* x = static_cast<const std::int8_t*>(a.x);
  for (std::int64_t k = 0, group = 0; k < a.k; k += 2, ++group) {
    std::uint32_t* panel = a.out;
    for (std::int64_t at = 0; at < a.pixels; at += 2 * lanes, panel += a.panel_words) {
      const std::int64_t left = a.pixels - at;
      __m256i row[2];
      for (int i = 0; i < 2; ++i) {
        std::int8_t part[2 * lanes] = {};
        const std::int8_t* from = part;
        if (k + i < a.k) {
          from = x + (k + i) * a.stride + at;
          if (left < 2 * lanes) {
            for (std::int64_t p = 0; p < left; ++p) part[p] = from[p];
            from = part;
          }
        }
        row[i] = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
      }
      const __m256i low = _mm256_unpacklo_epi16(row[0], row[1]);
      const __m256i high = _mm256_unpackhi_epi16(row[0], row[1]);
      const int vectors = left > lanes ? 2 : 1;
      std::uint32_t* out = panel + group * vectors * lanes;
      store(out, (I)_mm256_permute2x128_si256(low, high, 0x20));
      if (vectors == 2) store(out + lanes, (I)_mm256_permute2x128_si256(low, high, 0x31));
    }
  }
}

}  // namespace

const Path avx2_path = make_path<Avx2>("avx2");

}  // namespace ane::kernels::arith::gemm
#endif
