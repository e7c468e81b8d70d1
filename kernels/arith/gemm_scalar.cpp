// The path without instruction sets of its own: 4 lanes as the compiler's vectors, so that it runs
// on any host; each lane is plain C++. It is compiled without FMA, so fused sums call std::fma,
// which is exact everywhere.
#include <cmath>

#include "kernels/arith/gemm_finish.h"

namespace ane::kernels::arith::gemm {
namespace {

struct Scalar {
  typedef float F __attribute__((vector_size(16), may_alias));
  typedef std::int32_t I __attribute__((vector_size(16), may_alias));
  typedef std::uint32_t U __attribute__((vector_size(16), may_alias));
  static constexpr int lanes = 4, group8 = 2, float_rows = 4, fixed_rows = 4;
  static constexpr std::uint32_t flip8 = 0;
  static constexpr float narrow_limit = 0;  // it needs a fused sum

  static I load(const std::uint32_t* p) { return load_words(p, lanes); }
  static void store(std::uint32_t* p, I v) { __builtin_memcpy(p, &v, sizeof v); }
  static F splat(float v) { return F{v, v, v, v}; }
  static I splat(std::int32_t v) { return I{v, v, v, v}; }

  static F fma(F a, F b, F c) {
    F r{};
    for (int i = 0; i < lanes; ++i) r[i] = std::fma(a[i], b[i], c[i]);
    return r;
  }
  // Where a * b has at most 22 significant bits.
  static F fma_exact(F a, F b, F c) { return a * b + c; }
  static F fma_if_not_less(F a, F b, F c, I magnitude, I threshold) {
    return fma(magnitude < threshold ? splat(0.0F) : a, b, c);
  }
  static I add_if_not_less(I sum, I v, I magnitude, I threshold) {
    return wrapping_add<Scalar>(sum, v & ~(magnitude < threshold));
  }
  static I dot8(I sum, I x, I w) {
    return sum + (x >> 16) * (w >> 16) + ((x << 16) >> 16) * ((w << 16) >> 16);
  }
  static I truncate(F v) { return __builtin_convertvector(v, I); }
  static F to_float(I v) { return __builtin_convertvector(v, F); }

  static I min_unsigned(I a, I b) { return (U)a < (U)b ? a : b; }
  static std::uint32_t least_unsigned(I v) {
    auto least = static_cast<std::uint32_t>(v[0]);
    for (int i = 1; i < lanes; ++i)
      if (static_cast<std::uint32_t>(v[i]) < least) least = static_cast<std::uint32_t>(v[i]);
    return least;
  }
  static void raise_max(std::uint32_t* p, I v) {
    const I old = load(p);
    store(p, old < v ? v : old);
  }

  static I load_words(const void* p, int count) {
    I r{};
    __builtin_memcpy(&r, p, sizeof(std::uint32_t) * static_cast<std::size_t>(count));
    return r;
  }
  static I load_halves(const std::uint16_t* p, int count) {
    I r{};
    for (int i = 0; i < count; ++i) r[i] = p[i];
    return r;
  }
  static void store_halves(std::uint16_t* p, I v, int count) {
    for (int i = 0; i < count; ++i) p[i] = static_cast<std::uint16_t>(v[i]);
  }
  static I decode_ieee(I halves) {
    const I ordinary = OrdinaryHalves<Scalar>::decode(halves);
    const I infinite = (ordinary & ~0x7fffffff) | 0x7f800000;
    const I magnitude = halves & 0x7fff;
    const I not_nan = magnitude == 0x7c00 ? infinite : ordinary;
    return magnitude > 0x7c00 ? splat(0x7fc00000) : not_nan;
  }
  static I half_even(I v) { return gemm::half_even<Scalar>(v); }

  static void pack_int8(const Pack& a) {
    const auto* x = static_cast<const std::int8_t*>(a.x);
    for (std::int64_t k = 0, group = 0; k < a.k; k += 2, ++group) {
      std::uint32_t* panel = a.out;
      for (std::int64_t at = 0; at < a.pixels; at += 2 * lanes, panel += a.panel_words) {
        const std::int64_t left = a.pixels - at;
        const int width = left > lanes ? 2 * lanes : lanes;
        for (int p = 0; p < width; ++p) {
          const std::int8_t* from = x + k * a.stride + at + p;
          const int low = p < left ? from[0] : 0;
          const int high = p < left && k + 1 < a.k ? from[a.stride] : 0;
          panel[group * width + p] =
              static_cast<std::uint16_t>(low) | static_cast<std::uint32_t>(high) << 16;
        }
      }
    }
  }
};

}  // namespace

const Path scalar_path = make_path<Scalar>("scalar");

}  // namespace ane::kernels::arith::gemm
