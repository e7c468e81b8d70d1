// The dense arithmetic of the reference: products, GELU, layer norm, log-softmax on rows. Every
// element of a product is one chain of fused multiply-adds in ascending k, so that a row's bits
// depend neither on the other rows nor on the host. What leaves an operator is stored in the
// reference's format [H1].
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "isa/task.h"
#include "kernels/arith/storage.h"
#include "workloads/mpnn/model.h"

namespace ane::workloads::mpnn {

using kernels::arith::Storage;

// How the numbers of the reference are held: float32, or as a framework on a CPU or GPU holds them.
struct FrameworkNumbers {
  Storage storage = Storage::fp32;
  isa::KernelFormat weights = isa::KernelFormat::fp16;  // of matrices as stored; fp16: as they are
  // The largest magnitude that enters each layer, by its name, for INT8 products [H4]; else empty.
  std::map<std::string, float> ranges = {};
};

// Columns [first, first + in) of a weight matrix, transposed and padded for the product.
class Product {
 public:
  Product() = default;
  // name: the layer's, of FrameworkNumbers::ranges.
  Product(const Linear& linear, std::int64_t first, std::int64_t in, bool with_bias,
          const FrameworkNumbers& numbers = {}, const std::string& name = {});
  explicit Product(const Linear& linear, const FrameworkNumbers& numbers = {},
                   const std::string& name = {})
      : Product(linear, 0, linear.in, true, numbers, name) {}

  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }
  // y[r, :] = W x[r, :] + b for `rows` rows of in() and out() values, dense.
  void operator()(const float* x, std::int64_t rows, float* y) const;

 private:
  std::int64_t in_ = 0, out_ = 0;
  std::vector<float> weight_;  // blocks of 32 outputs: [blocks, in, 32]
  std::vector<float> bias_;    // padded to whole blocks
  Storage storage_ = Storage::fp32;
  // Of INT8 products: the input's scale, and by output the scale of one product and the bias in
  // such units; else empty.
  double input_scale_ = 0;
  std::vector<double> scale_, bias8_;
};

// x / 2 (1 + erf(x / sqrt 2)), computed in float64 and rounded once; in float32 within 1e-7 of
// exact.
void gelu(std::span<float> x, Storage storage = Storage::fp32);

// Rows of norm.weight.size() values: (x - mean) / sqrt(variance + 1e-5) * weight + bias, moments
// in float64, biased variance.
void layer_norm(std::span<float> rows, const Norm& norm, Storage storage = Storage::fp32);

// Rows of `width` logits to log-probabilities, in place; in float32 always, as frameworks have it
// beside shorter formats (PyTorch's autocast), so that they sum to one.
void log_softmax(std::span<float> rows, std::int64_t width);

}  // namespace ane::workloads::mpnn
