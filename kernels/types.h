// Tensors, attributes and parameters as operators see them. All tensors have the accelerator's four
// extents: n (batch), c (channels), h (rows), w (columns). A matrix product of M rows and K
// features is a tensor [1, K, 1, M]: channels first, rows as columns (docs/architecture.md,
// "Layout").
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "isa/format.h"
#include "isa/task.h"
#include "kernels/arith/half.h"

namespace ane::kernels {

using isa::Extents;
using isa::Format;

struct TensorType {
  Format format = Format::fp16;
  Extents e;
  friend constexpr bool operator==(const TensorType&, const TensorType&) = default;
  constexpr std::int64_t bytes() const { return e.count() * isa::byte_size(format); }
};
std::string to_string(const TensorType& t);  // "fp16 [1, 128, 1, 106]" (n, c, h, w)

// Axes as bits, in the order of the ISA's reduction field.
enum Axis : unsigned { axis_w = 1, axis_h = 2, axis_c = 4, axis_n = 8 };

// What parametrises an operator. Each operator's file says which members it reads.
struct Attributes {
  int stride_w = 1, stride_h = 1, dilation_w = 1, dilation_h = 1;
  int kernel_w = 1, kernel_h = 1;  // pools; a convolution's kernel is its parameters' shape
  int pad_left = 0, pad_right = 0, pad_top = 0, pad_bottom = 0;
  std::int64_t groups = 1;
  std::string activation = "none";  // fused unary function, a name of isa/functions.h
  double alpha = 0, beta = 0;       // its parameters; both 0: its defaults
  std::string operation;            // elementwise, reduce, pool: a name of isa/functions.h
  unsigned axes = 0;                // reduce, softmax, norms: Axis bits
  int axis = 0;                     // concat: one Axis bit
  double epsilon = 0;
  double mul = 0, add = 0;  // constant factor and term after the operation; 0: none
  double scale = 0;         // quantise, dequantise
  int zero = 0;
  bool count_pad = false;
  std::array<int, 4> permutation{0, 1, 2, 3};  // transpose: output axis (n, c, h, w) <- input axis
  Extents begin{0, 0, 0, 0};                   // slice
  Extents extents;                             // reshape, slice, broadcast: output extents
};

// Constant operand of a convolution or linear layer. Values may be absent (`weights` empty) in a
// graph that is only timed; the shape, format and share of zeros still count.
struct Parameters {
  std::int64_t cout = 0, cin = 0;  // cin per group
  int kh = 1, kw = 1;
  isa::KernelFormat format = isa::KernelFormat::fp16;
  std::vector<float> weights;  // [cout, cin, kh, kw]
  std::vector<float> bias;     // cout, or empty
  double zero_share = 0;       // exact zeros among the weights, where values are absent
  // W8A8 (format i8): codes, the scale of one product (input scale x weight scale, one or cout),
  // the bias in products and the zero points.
  std::vector<std::int8_t> codes;
  std::vector<arith::Half> scale;
  std::vector<std::int32_t> bias8;
  int zero_in = 0;
  bool has_bias = false;  // where values are absent

  std::int64_t count() const { return cout * cin * kh * kw; }
};

}  // namespace ane::kernels
