// The slow way for the few tiles where a running sum might overflow and 32 bits do not do: 64-bit
// sums, ascending k, and an overflow that stays [N4], [Q1].
#pragma once
#include <cstdint>

#include "kernels/arith/gemm_path.h"
#include "kernels/arith/half.h"

namespace ane::kernels::arith::gemm {

// They fill t.sum and t.overflow. t.preload is not used: bias has one value per row and may itself
// be out of range.
void checked_fixed_tile(const Tile& t, int width, const std::int64_t* bias);
void checked_int8_tile(const Path& path, const Tile& t, int width, const std::int64_t* bias);

// Infinity by sign where a sum overflowed.
void put_infinities(const std::uint32_t* overflow, int count, Half* y);

}  // namespace ane::kernels::arith::gemm
