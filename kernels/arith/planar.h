// The planar engine: elementwise operations and reductions on binary16, bit-identical on every host
// and SIMD path (use_simd in gemm.h).
//
// ane16 [P1]: true binary16 range with subnormals, every result exact and then rounded half away;
// NaN enters as +infinity; inf - inf and 0 * inf are +0; -0 becomes +0. ieee: IEEE 754, half to
// even, every NaN result is half_nan. Our choices: docs/numerics.md, "Planar engine".
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/arith/half.h"
#include "kernels/arith/profile.h"

namespace ane::kernels::arith {

enum class PlanarOp : std::uint8_t {
  add,  // a + b
  sub,  // a - b
  mul,  // a * b
  div,  // ieee: a / b, one rounding. ane16 has no divider: a * reciprocal(b), the table
        // of [N9], two roundings
  max,  // ieee: maximum and minimum of IEEE 754-2019: NaN wins, +0 above -0
  min,
  equal,  // comparisons give 1 or 0; of NaN by IEEE 754, or as +infinity in ane16
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  muladd,  // a * b + c, one rounding
  select,  // a != 0 ? b : c
};
inline constexpr int planar_ops = 14;
std::string_view name(PlanarOp op);
constexpr bool is_ternary(PlanarOp op) {
  return op >= PlanarOp::muladd;
}

// One element, from exact integers.
Half planar_oracle(PlanarOp op, const Profile& profile, Half a, Half b, Half c = {});

// y[i] = op(a[i], b[i]). All spans have the same length; y may be a, b or c, not overlap them
// otherwise.
void planar(PlanarOp op, const Profile& profile, std::span<const Half> a, std::span<const Half> b,
            std::span<Half> y);
void planar(PlanarOp op, const Profile& profile, std::span<const Half> a, Half b,
            std::span<Half> y);
void planar(PlanarOp op, const Profile& profile, Half a, std::span<const Half> b,
            std::span<Half> y);
// The operations of three operands.
void planar(PlanarOp op, const Profile& profile, std::span<const Half> a, std::span<const Half> b,
            std::span<const Half> c, std::span<Half> y);

// Spans of host data as to_half() and to_float() have them, one length.
void to_halves(std::span<const float> x, std::span<Half> y);
void to_floats(std::span<const Half> x, std::span<float> y);

// [P2] sums and means accumulate in float32 in ascending order, half to even inside; a mean divides
// that sum by the count in float32; then one rounding to binary16 by the profile.
enum class Reduction : std::uint8_t { sum, mean, max, min, sum_squares, mean_squares };
inline constexpr int reductions = 6;
std::string_view name(Reduction r);

// Of the elements x[0], x[stride], ...; at least one.
Half reduce_oracle(Reduction r, const Profile& profile, const Half* x, std::int64_t count,
                   std::int64_t stride);
// Index of the first greatest element. NaN is the greatest of all (ieee), or +infinity (ane16).
std::int64_t argmax(const Profile& profile, const Half* x, std::int64_t count, std::int64_t stride);

// Reduces the middle axis: element (o, k, i) of x at (o * count + k) * stride + i, result (o, i) of
// y at o * inner + i.
struct ReduceShape {
  std::int64_t outer = 1, count = 1, inner = 1;
  std::int64_t stride = 0;  // 0: inner
};
void reduce(Reduction r, const Profile& profile, const Half* x, const ReduceShape& shape, Half* y);

}  // namespace ane::kernels::arith
