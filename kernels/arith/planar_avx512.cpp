// AVX-512 (F, BW, DQ, VL): 16 lanes. Compiled with these instruction sets (CMakeLists.txt), called
// only on hosts that have them (planar.cpp).
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/arith/planar_tile.h"

namespace ane::kernels::arith::planar_paths {
namespace {

struct Avx512 {
  typedef float F __attribute__((vector_size(64), may_alias));
  typedef std::int32_t I __attribute__((vector_size(64), may_alias));
  static constexpr int lanes = 16;

  static F splat(float v) { return (F)_mm512_set1_ps(v); }
  static I splat_bits(std::int32_t v) { return (I)_mm512_set1_epi32(v); }
  static F load(const std::uint16_t* p) {
    return (F)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static void store_even(F v, std::uint16_t* p) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT));
  }
  static void store(I v, std::uint16_t* p) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16((__m512i)v));
  }
  static I truncated(F v) { return (I)_mm512_cvttps_epi32((__m512)v); }
  // p + c, cut to float32 with a last bit that says whether anything was cut.
  static F sum_to_odd(F p, F c) {
    const __m256 low = odd(_mm512_castps512_ps256((__m512)p), _mm512_castps512_ps256((__m512)c));
    const __m256 high =
        odd(_mm512_extractf32x8_ps((__m512)p, 1), _mm512_extractf32x8_ps((__m512)c, 1));
    return (F)_mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
  }

 private:
  static __m256 odd(__m256 p, __m256 c) {
    const __m512d sum = _mm512_add_pd(_mm512_cvtps_pd(p), _mm512_cvtps_pd(c));
    const __m256 cut = _mm512_cvt_roundpd_ps(sum, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    const __mmask8 inexact = _mm512_cmp_pd_mask(_mm512_cvtps_pd(cut), sum, _CMP_NEQ_OQ);
    const __m256i bits = _mm256_castps_si256(cut);
    return _mm256_castsi256_ps(_mm256_mask_or_epi32(bits, inexact, bits, _mm256_set1_epi32(1)));
  }
};

}  // namespace

const Path& avx512_path() {
  static constexpr Path path = path_of<Avx512>();
  return path;
}

}  // namespace ane::kernels::arith::planar_paths
#endif
