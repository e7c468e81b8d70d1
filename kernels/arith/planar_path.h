// Inside the fast planar engine: what a SIMD path gives to planar.cpp. A path's file is compiled
// with its own instruction set, so it includes nothing whose code the rest might be linked to.
#pragma once
#include <cstdint>

namespace ane::kernels::arith::planar_paths {

// `count` elements; c is null for operations of two operands.
struct Elements {
  const std::uint16_t *a = nullptr, *b = nullptr, *c = nullptr;
  std::uint16_t* y = nullptr;
  std::int64_t count = 0;
};
using Kernel = void (*)(const Elements&);

struct Path {
  // In the order of PlanarOp, without division; ane16 and ieee.
  Kernel ane16[14], ieee[14];
  void (*divide_ieee)(const Elements&);
  // binary16 to float32: as IEEE 754 says, or with NaN as +infinity [P1].
  void (*widen_ane16)(const std::uint16_t* x, float* y, std::int64_t count);
  void (*widen_ieee)(const std::uint16_t* x, float* y, std::int64_t count);
  // float32 to binary16: half away, NaN and -0 to +0 [P1]; or half to even, NaN to half_nan.
  void (*narrow_ane16)(const float* x, std::uint16_t* y, std::int64_t count);
  void (*narrow_ieee)(const float* x, std::uint16_t* y, std::int64_t count);
};

const Path& avx2_path();
const Path& avx512_path();

}  // namespace ane::kernels::arith::planar_paths
