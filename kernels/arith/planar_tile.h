// The planar operations over vectors, for any lane type L: the second implementation of [P1], by
// float32 and float64 arithmetic instead of integers. Included by one file per instruction set.
//
// Why float32 is enough: a product of two binary16 values has 22 bits, so it is exact. A sum that
// float32 cannot hold exactly has one operand below 2^-13 of the other, too small to bring the sum
// near a rounding boundary of binary16, which the larger operand itself is far from. A quotient
// that is not exact differs from every boundary by more than a float32 rounding error. a * b + c
// needs more: float64 holds it in the same sense, and goes to float32 with a sticky last bit.
#pragma once
#include <cstdint>

#include "kernels/arith/planar_path.h"

#define ANE_PLANAR_INLINE inline __attribute__((always_inline))

namespace ane::kernels::arith::planar_paths {
namespace {

enum class Op { add, sub, mul, div, max, min, eq, ne, lt, le, gt, ge, muladd, select };

template <class To, class From>
ANE_PLANAR_INLINE To bits_as(From v) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &v, sizeof to);
  return to;
}

// Widened operand: ane16 sees NaN as +infinity.
template <class L, bool Ane16>
ANE_PLANAR_INLINE typename L::F widened(const std::uint16_t* p) {
  const typename L::F v = L::load(p);
  if constexpr (!Ane16) return v;
  return v == v ? v : L::splat(__builtin_inff());
}

template <class L, bool Ane16>
ANE_PLANAR_INLINE void narrowed(typename L::F v, std::uint16_t* p) {
  using I = typename L::I;
  using F = typename L::F;
  if constexpr (!Ane16) {
    const I nan = L::splat_bits(0x7fc00000);
    L::store_even(v == v ? v : bits_as<F>(nan), p);
  } else {
    const F zero{};
    const I f = bits_as<I>(v == v ? v : zero);
    const I a = f & 0x7fffffff;
    const I limited = a < 0x47800000 ? a : L::splat_bits(0x47800000);  // 65536 is infinity
    const I normal = ((limited + 0x1000) >> 13) - (112 << 10);
    // Subnormal results: cut to units of 2^-25, then half away to units of 2^-24.
    const F small = bits_as<F>(a < 0x38800000 ? a : L::splat_bits(0)) * 0x1p25F;
    const I magnitude = a < 0x38800000 ? (L::truncated(small) + 1) >> 1 : normal;
    const I sign = (f >> 16) & 0x8000;
    L::store(magnitude | (magnitude == 0 ? L::splat_bits(0) : sign), p);
  }
}

// max and min of IEEE 754-2019: NaN wins; equal operands differ only as zeros of two signs.
template <class L, Op O>
ANE_PLANAR_INLINE typename L::F extreme(typename L::F a, typename L::F b) {
  using I = typename L::I;
  using F = typename L::F;
  const I both = O == Op::max ? bits_as<I>(a) & bits_as<I>(b) : bits_as<I>(a) | bits_as<I>(b);
  const F chosen = O == Op::max ? (a > b ? a : b) : (a < b ? a : b);
  const F ordered = a == b ? bits_as<F>(both) : chosen;
  return a == a ? (b == b ? ordered : b) : a;
}

template <class L, Op O>
ANE_PLANAR_INLINE typename L::F compared(typename L::F a, typename L::F b) {
  const typename L::F one = L::splat(1), zero{};
  if constexpr (O == Op::eq) return a == b ? one : zero;
  if constexpr (O == Op::ne) return a != b ? one : zero;
  if constexpr (O == Op::lt) return a < b ? one : zero;
  if constexpr (O == Op::le) return a <= b ? one : zero;
  if constexpr (O == Op::gt) return a > b ? one : zero;
  return a >= b ? one : zero;
}

template <class L, bool Ane16, Op O>
ANE_PLANAR_INLINE typename L::F computed(typename L::F a, typename L::F b, typename L::F c) {
  using F = typename L::F;
  const F zero{};
  if constexpr (O == Op::add) return a + b;
  if constexpr (O == Op::sub) return a - b;
  if constexpr (O == Op::mul) return a * b;
  if constexpr (O == Op::div) return a / b;
  if constexpr (O == Op::max || O == Op::min) return extreme<L, O>(a, b);
  if constexpr (O == Op::select) return a == zero ? c : b;
  if constexpr (O == Op::muladd) {
    const F p = a * b;
    if constexpr (Ane16) return L::sum_to_odd(p == p ? p : zero, c);  // 0 * inf is +0
    return L::sum_to_odd(p, c);
  }
  return compared<L, O>(a, b);
}

template <class L, bool Ane16, Op O>
ANE_PLANAR_INLINE void one_vector(const std::uint16_t* a, const std::uint16_t* b,
                                  const std::uint16_t* c, std::uint16_t* y) {
  typename L::F third{};
  if constexpr (O == Op::muladd || O == Op::select) third = widened<L, Ane16>(c);
  narrowed<L, Ane16>(computed<L, Ane16, O>(widened<L, Ane16>(a), widened<L, Ane16>(b), third), y);
}

template <class L, bool Ane16, Op O>
void kernel(const Elements& e) {
  constexpr bool ternary = O == Op::muladd || O == Op::select;
  constexpr int lanes = L::lanes;
  std::int64_t i = 0;
  for (; i + lanes <= e.count; i += lanes)
    one_vector<L, Ane16, O>(e.a + i, e.b + i, ternary ? e.c + i : nullptr, e.y + i);
  if (i == e.count) return;
  std::uint16_t a[lanes] = {}, b[lanes] = {}, c[lanes] = {}, y[lanes];
  const auto bytes = static_cast<std::size_t>(e.count - i) * 2;
  __builtin_memcpy(a, e.a + i, bytes);
  __builtin_memcpy(b, e.b + i, bytes);
  if (ternary) __builtin_memcpy(c, e.c + i, bytes);
  one_vector<L, Ane16, O>(a, b, c, y);
  __builtin_memcpy(e.y + i, y, bytes);
}

template <class L, bool Ane16>
void widen(const std::uint16_t* x, float* y, std::int64_t count) {
  std::int64_t i = 0;
  for (; i + L::lanes <= count; i += L::lanes) {
    const auto v = widened<L, Ane16>(x + i);
    __builtin_memcpy(y + i, &v, sizeof v);
  }
  if (i == count) return;
  std::uint16_t rest[L::lanes] = {};
  __builtin_memcpy(rest, x + i, static_cast<std::size_t>(count - i) * 2);
  const auto v = widened<L, Ane16>(rest);
  __builtin_memcpy(y + i, &v, static_cast<std::size_t>(count - i) * 4);
}

template <class L, bool Ane16>
void narrow(const float* x, std::uint16_t* y, std::int64_t count) {
  std::int64_t i = 0;
  typename L::F v{};
  for (; i + L::lanes <= count; i += L::lanes) {
    __builtin_memcpy(&v, x + i, sizeof v);
    narrowed<L, Ane16>(v, y + i);
  }
  if (i == count) return;
  std::uint16_t rest[L::lanes];
  v = typename L::F{};
  __builtin_memcpy(&v, x + i, static_cast<std::size_t>(count - i) * 4);
  narrowed<L, Ane16>(v, rest);
  __builtin_memcpy(y + i, rest, static_cast<std::size_t>(count - i) * 2);
}

#define ANE_PLANAR_KERNELS(A)                                                                     \
  {                                                                                               \
    kernel<L, A, Op::add>, kernel<L, A, Op::sub>, kernel<L, A, Op::mul>, nullptr,                 \
        kernel<L, A, Op::max>, kernel<L, A, Op::min>, kernel<L, A, Op::eq>, kernel<L, A, Op::ne>, \
        kernel<L, A, Op::lt>, kernel<L, A, Op::le>, kernel<L, A, Op::gt>, kernel<L, A, Op::ge>,   \
        kernel<L, A, Op::muladd>, kernel<L, A, Op::select>                                        \
  }

template <class L>
constexpr Path path_of() {
  return {ANE_PLANAR_KERNELS(true), ANE_PLANAR_KERNELS(false), kernel<L, false, Op::div>,
          widen<L, true>,           widen<L, false>,           narrow<L, true>,
          narrow<L, false>};
}

}  // namespace
}  // namespace ane::kernels::arith::planar_paths
