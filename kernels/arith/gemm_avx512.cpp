// AVX-512 with VNNI: 16 lanes. Compiled with these instruction sets (CMakeLists.txt), called only
// on hosts that have them (gemm.cpp).
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/arith/gemm_finish.h"

namespace ane::kernels::arith::gemm {
namespace {

struct Avx512 {
  typedef float F __attribute__((vector_size(64), may_alias));
  typedef std::int32_t I __attribute__((vector_size(64), may_alias));
  typedef std::uint32_t U __attribute__((vector_size(64), may_alias));
  static constexpr int lanes = 16, group8 = 4, float_rows = 12, fixed_rows = 8;
  static constexpr std::uint32_t flip8 = 0x80808080u;
  static constexpr float narrow_limit = 0x1p22F;

  static __m512i raw(I v) { return (__m512i)v; }
  static I load(const std::uint32_t* p) { return (I)_mm512_loadu_si512(p); }
  static void store(std::uint32_t* p, I v) { _mm512_storeu_si512(p, raw(v)); }
  static F splat(float v) { return (F)_mm512_set1_ps(v); }
  static I splat(std::int32_t v) { return (I)_mm512_set1_epi32(v); }
  static __mmask16 first(int count) { return static_cast<__mmask16>((1u << count) - 1); }

  static F fma(F a, F b, F c) { return (F)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
  static F fma_exact(F a, F b, F c) { return fma(a, b, c); }
  static F fma_if_not_less(F a, F b, F c, I magnitude, I threshold) {
    const __mmask16 kept = _mm512_cmpge_epi32_mask(raw(magnitude), raw(threshold));
    return (F)_mm512_mask3_fmadd_ps((__m512)a, (__m512)b, (__m512)c, kept);
  }
  static I add_if_not_less(I sum, I v, I magnitude, I threshold) {
    const __mmask16 kept = _mm512_cmpge_epi32_mask(raw(magnitude), raw(threshold));
    return (I)_mm512_mask_add_epi32(raw(sum), kept, raw(sum), raw(v));
  }
  static I dot8(I sum, I x, I w) { return (I)_mm512_dpbusd_epi32(raw(sum), raw(x), raw(w)); }
  static I truncate(F v) { return (I)_mm512_cvttps_epi32((__m512)v); }
  static F to_float(I v) { return (F)_mm512_cvtepi32_ps(raw(v)); }

  static I min_unsigned(I a, I b) { return (I)_mm512_min_epu32(raw(a), raw(b)); }
  static std::uint32_t least_unsigned(I v) { return _mm512_reduce_min_epu32(raw(v)); }
  static void raise_max(std::uint32_t* p, I v) {
    store(p, (I)_mm512_max_epi32(raw(load(p)), raw(v)));
  }

  static I load_words(const void* p, int count) {
    return (I)_mm512_maskz_loadu_epi32(first(count), p);
  }
  static I load_halves(const std::uint16_t* p, int count) {
    return (I)_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first(count), p));
  }
  static void store_halves(std::uint16_t* p, I v, int count) {
    _mm512_mask_cvtepi32_storeu_epi16(p, first(count), raw(v));
  }
  static I decode_ieee(I halves) { return (I)_mm512_cvtph_ps(_mm512_cvtepi32_epi16(raw(halves))); }
  static I half_even(I v) {
    const __m512 f = (__m512)v;
    const __m512i h = _mm512_cvtepu16_epi32(_mm512_cvtps_ph(f, _MM_FROUND_TO_NEAREST_INT));
    const __mmask16 nan = _mm512_cmp_ps_mask(f, f, _CMP_UNORD_Q);
    return (I)_mm512_mask_mov_epi32(h, nan, _mm512_set1_epi32(0x7e00));
  }

  static void pack_int8(const Pack& a);
};

// Four rows of 32 bytes become 32 words. The unpacks work inside 128-bit lanes, so pixels 0-3 and
// 16-19 come out together; the last step puts them apart again.
void pack_four(const __m256i (&row)[4], std::uint32_t* out) {
  const __m256i ab_low = _mm256_unpacklo_epi8(row[0], row[1]);
  const __m256i ab_high = _mm256_unpackhi_epi8(row[0], row[1]);
  const __m256i cd_low = _mm256_unpacklo_epi8(row[2], row[3]);
  const __m256i cd_high = _mm256_unpackhi_epi8(row[2], row[3]);
  const __m256i q[4] = {
      _mm256_unpacklo_epi16(ab_low, cd_low), _mm256_unpackhi_epi16(ab_low, cd_low),
      _mm256_unpacklo_epi16(ab_high, cd_high), _mm256_unpackhi_epi16(ab_high, cd_high)};
  auto* to = reinterpret_cast<__m256i*>(out);
  _mm256_storeu_si256(to + 0, _mm256_permute2x128_si256(q[0], q[1], 0x20));
  _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(q[2], q[3], 0x20));
  _mm256_storeu_si256(to + 2, _mm256_permute2x128_si256(q[0], q[1], 0x31));
  _mm256_storeu_si256(to + 3, _mm256_permute2x128_si256(q[2], q[3], 0x31));
}

void Avx512::pack_int8(const Pack& a) {
  const __m256i flip = _mm256_set1_epi8(-128);  // vpdpbusd takes unsigned activations
  const auto* x = static_cast<const std::int8_t*>(a.x);
  for (std::int64_t k = 0, group = 0; k < a.k; k += 4, ++group) {
    std::uint32_t* panel = a.out;
    for (std::int64_t at = 0; at < a.pixels; at += 2 * lanes, panel += a.panel_words) {
      const std::int64_t left = a.pixels - at;
      const __mmask32 here = left < 32 ? (__mmask32{1} << left) - 1 : ~__mmask32{0};
      __m256i row[4];
      for (int i = 0; i < 4; ++i)
        row[i] = k + i < a.k ? _mm256_xor_si256(
                                   flip, _mm256_maskz_loadu_epi8(here, x + (k + i) * a.stride + at))
                             : flip;
      if (left > lanes) {
        pack_four(row, panel + group * 2 * lanes);
      } else {
        std::uint32_t both[2 * lanes];
        pack_four(row, both);
        store(panel + group * lanes, load(both));
      }
    }
  }
}

}  // namespace

const Path avx512_path = make_path<Avx512>("avx512");

}  // namespace ane::kernels::arith::gemm
#endif
