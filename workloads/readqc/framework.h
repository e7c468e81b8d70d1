// A read-QC model as a framework on a CPU or GPU runs it [H1], in the numbers asked for: the fast
// path. Its scalar reference is the model's graph under kernels::framework_arithmetic, bit for bit.
#pragma once
#include <map>
#include <vector>

#include "kernels/arith/gemm.h"
#include "kernels/arith/storage.h"
#include "workloads/readqc/graph.h"

namespace ane::workloads::readqc {

struct FrameworkNumbers {
  kernels::arith::Storage storage = kernels::arith::Storage::fp16;
  isa::KernelFormat weights = isa::KernelFormat::fp16;  // as stored; decoded to binary16
  std::vector<float> ranges;  // of each layer's input, for INT8 products [H4]; else empty
};

class FrameworkModel {
 public:
  FrameworkModel(const Model& model, const FrameworkNumbers& numbers);

  // The outputs [n, heads] of inputs as `encode` gives them. From any number of threads.
  kernels::Tensor forward(const kernels::Tensor& encoded) const;

 private:
  // One layer with weights: packed, with its bias and, of INT8 products, its scales.
  struct Product {
    kernels::arith::PackedWeightsF32 weights;
    std::vector<double> bias;   // of INT8 products in units of one
    std::vector<double> scale;  // of one product, a channel; empty: no INT8
    double input_scale = 0;
  };
  // Values [channels][n * positions], as the products take them.
  using Matrix = std::vector<float>;
  Matrix load(const kernels::Tensor& encoded) const;
  Matrix gather(const Layer& layer, const Matrix& x, std::int64_t n) const;
  Matrix product(const Layer& layer, const Product& p, Matrix x, std::int64_t pixels) const;
  Matrix mean(const Layer& layer, const Matrix& x, std::int64_t n) const;

  std::vector<Layer> layers_;
  kernels::arith::Storage storage_;
  std::map<std::string, Product> products_;
  std::vector<float> table_;  // of an embedding, as stored
};

}  // namespace ane::workloads::readqc
