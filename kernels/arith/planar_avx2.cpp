// AVX2 with F16C: 8 lanes. Compiled with these instruction sets (CMakeLists.txt), called only on
// hosts that have them (planar.cpp).
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/arith/planar_tile.h"

namespace ane::kernels::arith::planar_paths {
namespace {

struct Avx2 {
  typedef float F __attribute__((vector_size(32), may_alias));
  typedef std::int32_t I __attribute__((vector_size(32), may_alias));
  static constexpr int lanes = 8;

  static F splat(float v) { return (F)_mm256_set1_ps(v); }
  static I splat_bits(std::int32_t v) { return (I)_mm256_set1_epi32(v); }
  static F load(const std::uint16_t* p) {
    return (F)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static void store_even(F v, std::uint16_t* p) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT));
  }
  static void store(I v, std::uint16_t* p) {
    const __m256i w = (__m256i)v;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm_packus_epi32(_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1)));
  }
  static I truncated(F v) { return (I)_mm256_cvttps_epi32((__m256)v); }
  // p + c, cut to float32 with a last bit that says whether anything was cut.
  static F sum_to_odd(F p, F c) {
    const __m128 low = odd(_mm256_castps256_ps128((__m256)p), _mm256_castps256_ps128((__m256)c));
    const __m128 high =
        odd(_mm256_extractf128_ps((__m256)p, 1), _mm256_extractf128_ps((__m256)c, 1));
    return (F)_mm256_set_m128(high, low);
  }

 private:
  static __m128 odd(__m128 p, __m128 c) {
    const __m256d sum = _mm256_add_pd(_mm256_cvtps_pd(p), _mm256_cvtps_pd(c));
    const __m128 nearest = _mm256_cvtpd_ps(sum);
    const __m256d back = _mm256_cvtps_pd(nearest);
    const __m256d sign = _mm256_set1_pd(-0.0);
    const __m256d inexact = _mm256_cmp_pd(back, sum, _CMP_NEQ_OQ);
    const __m256d above =
        _mm256_cmp_pd(_mm256_andnot_pd(sign, back), _mm256_andnot_pd(sign, sum), _CMP_GT_OQ);
    const __m128i bits = _mm_castps_si128(nearest);
    // Masks are -1: step one towards zero where rounding went up, then set the last bit.
    const __m128i cut = _mm_add_epi32(bits, narrow_mask(above));
    return _mm_castsi128_ps(_mm_or_si128(cut, _mm_srli_epi32(narrow_mask(inexact), 31)));
  }
  static __m128i narrow_mask(__m256d mask) {
    const __m256i m = _mm256_castpd_si256(mask);
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(_mm256_castsi256_si128(m)),
                                           _mm_castsi128_ps(_mm256_extracti128_si256(m, 1)),
                                           _MM_SHUFFLE(2, 0, 2, 0)));
  }
};

}  // namespace

const Path& avx2_path() {
  static constexpr Path path = path_of<Avx2>();
  return path;
}

}  // namespace ane::kernels::arith::planar_paths
#endif
