// Inside the fast path: what a SIMD path gives to the drivers (gemm.cpp, gemm_fp32.cpp,
// gemm_int8.cpp). A driver cuts the product into tiles of `rows` outputs by `width` pixels; vector
// lanes run over pixels. A path's file is compiled with its own instruction set, so it includes
// nothing whose code the rest of the program might be linked to.
//
// Packed activations of one panel: [k][width] words of 32 bits. Packed weights of one row panel:
// [k][rows] words. Fixed point has two blocks per k: the weights and their drop thresholds.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ane::kernels::arith::gemm {

struct Tile {
  int rows = 0;
  int vectors = 0;  // 1 or 2; width = vectors * lanes
  std::int64_t k = 0;
  const std::uint32_t* x = nullptr;
  const std::uint32_t* w = nullptr;
  const std::uint32_t* x_small =
      nullptr;  // fixed point: per k the smallest nonzero |x|, or a NaN if all are 0
  const std::uint32_t* w_large = nullptr;  // fixed point: per k the largest threshold of the panel
  const std::uint32_t* preload = nullptr;  // one word per row
  std::uint32_t* sum = nullptr;            // [rows][width]
  std::uint32_t* dropping = nullptr;       // room for k + 8 indices
  // Sticky tiles only, [rows][width]: 0, or 1 or -1 (all ones) for infinity; the sum is then 0.
  std::uint32_t* overflow = nullptr;
};

// Activations of `count` pixels, cut into panels of 2 vectors (the last may have 1).
struct Pack {
  const void* x = nullptr;    // element (k, p) at x[k * stride + p]
  std::ptrdiff_t stride = 0;  // in elements
  std::int64_t k = 0;
  std::int64_t pixels = 0;
  std::uint32_t* out = nullptr;  // panel i at out + i * panel_words
  std::ptrdiff_t panel_words = 0;
  // Fixed point only, as bits of |x|:
  std::uint32_t* small = nullptr;    // [panel][k], the smallest nonzero one; 0x7fffffff if none is
  std::uint32_t* largest = nullptr;  // [panel][lanes], the largest ones; given as zeros
};

// From the sums of a tile to binary16. `width` sums a row are there; `count` results are written.
struct Finish {
  int rows = 1;
  const std::uint32_t* sum = nullptr;  // [rows][width]
  int vectors = 0;
  int count = 0;
  const double* scale = nullptr;  // one a row, or null for none
  std::uint16_t* y = nullptr;     // row r at y + r * y_stride
  std::ptrdiff_t y_stride = 0;
};

struct Path {
  const char* name;
  int lanes;
  int group8;                  // INT8 operands in one word: 4 bytes or 2 16-bit halves
  std::uint32_t flip8;         // xor of packed INT8 activations: 0x80808080 where they are unsigned
  int float_rows, fixed_rows;  // tallest tile; smaller ones are the powers of two below
  float narrow_limit;          // |x * w| in units below which `fixed_narrow` is exact; 0: none
  void (*float_tile)(const Tile&);
  void (*int8_tile)(const Tile&);
  // Where every running sum stays below it: preload must be the bias plus narrow_offset.
  void (*fixed_chained_tile)(const Tile&);
  void (*fixed_narrow_tile)(const Tile&);  // preload must be lessened by k * narrow_offset
  void (*fixed_wide_tile)(const Tile&);
  void (*sticky_tile)(const Tile&);
  // Of a packed panel the largest sum of squares of a pixel, each sum rounded k times.
  float (*largest_square)(const std::uint32_t* x, std::int64_t k, int vectors);
  void (*pack_half)(const Pack&);      // IEEE 754 binary16 to binary32
  void (*pack_ordinary)(const Pack&);  // the same with exponent field 31 as an ordinary binade
  void (*pack_float)(const Pack&);
  void (*pack_int8)(const Pack&);
  void (*finish_ieee)(const Finish&);        // float32 sums
  void (*finish_ane16)(const Finish&);       // units of 2^-16
  void (*finish_ieee_int8)(const Finish&);   // int32 sums
  void (*finish_ane16_int8)(const Finish&);  // int32 sums, to 11 bits before the scale [Q2]
};

// The bits of 1.5 * 2^23: a float of this binade holds an integer in its low bits.
inline constexpr std::uint32_t narrow_offset = 0x4b400000;

extern const Path scalar_path, avx2_path, avx512_path;

}  // namespace ane::kernels::arith::gemm
