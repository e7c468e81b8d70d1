// The dense arithmetic of the FP32 reference: products, GELU, layer norm, log-softmax on rows.
// Every element of a product is one chain of fused multiply-adds in ascending k, so that a row's
// bits depend neither on the other rows nor on the host.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "workloads/mpnn/model.h"

namespace ane::workloads::mpnn {

// Columns [first, first + in) of a weight matrix, transposed and padded for the product.
class Product {
 public:
  Product() = default;
  Product(const Linear& linear, std::int64_t first, std::int64_t in, bool with_bias);
  explicit Product(const Linear& linear) : Product(linear, 0, linear.in, true) {}

  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }
  // y[r, :] = W x[r, :] + b for `rows` rows of in() and out() values, dense.
  void operator()(const float* x, std::int64_t rows, float* y) const;

 private:
  std::int64_t in_ = 0, out_ = 0;
  std::vector<float> weight_;  // blocks of 32 outputs: [blocks, in, 32]
  std::vector<float> bias_;    // padded to whole blocks
};

// x / 2 (1 + erf(x / sqrt 2)), computed in float64 and rounded once; within 1e-7 of exact.
void gelu(std::span<float> x);

// Rows of norm.weight.size() values: (x - mean) / sqrt(variance + 1e-5) * weight + bias, moments
// in float64, biased variance.
void layer_norm(std::span<float> rows, const Norm& norm);

// Rows of `width` logits to log-probabilities, in place.
void log_softmax(std::span<float> rows, std::int64_t width);

}  // namespace ane::workloads::mpnn
