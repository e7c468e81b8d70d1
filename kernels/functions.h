// The functions of isa/functions.h by their numbers, on rows of binary16: what the machine calls.
// The scalar reference calls the oracles instead (arithmetic.cpp).
#pragma once
#include <span>

#include "kernels/arith/half.h"
#include "kernels/arith/profile.h"

namespace ane::kernels {

// y may be x. alpha, beta: the function's parameters.
void apply_unary(const arith::Profile& profile, int function, arith::Half alpha, arith::Half beta,
                 std::span<const arith::Half> x, std::span<arith::Half> y);
// y may be a or b.
void apply_elementwise(const arith::Profile& profile, int operation, std::span<const arith::Half> a,
                       std::span<const arith::Half> b, std::span<arith::Half> y);
// Elements in ascending order [P2].
arith::Half apply_reduction(const arith::Profile& profile, int operation,
                            std::span<const arith::Half> x);
// y[i] = reduction over j of x[j * stride + i]: the same, one column an output.
void apply_reduction_columns(const arith::Profile& profile, int operation, const arith::Half* x,
                             std::int64_t length, std::int64_t stride, std::span<arith::Half> y);

}  // namespace ane::kernels
