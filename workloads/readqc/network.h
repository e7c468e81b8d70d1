// The models in float32 on the host: forward, and backward for training. Eigen stays in
// network.cpp.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "workloads/readqc/model.h"

namespace ane::workloads::readqc {

// A model's parameters as one vector, in the order of its layers, weight before bias; convolution
// weights as [out, kernel, in], which makes a window of positions one row of a product.
std::vector<float> flatten(const Model& model);
void unflatten(std::span<const float> flat, Model& model);

// The intermediate values of one thread. Not shared between threads; reuse keeps its memory.
class Network {
 public:
  explicit Network(const Model& model);  // takes the layers, not the parameters
  ~Network();
  Network(Network&&) noexcept;

  // [n, heads], valid until the next call. input: as `encode` gives it.
  std::span<const float> forward(std::span<const float> parameters, const kernels::Tensor& input);
  // After forward of the same input: adds the gradient of each parameter to `gradient`.
  // output_gradient: [n, heads].
  void backward(std::span<const float> parameters, std::span<const float> output_gradient,
                std::span<float> gradient);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

void accumulate(std::span<const float> from, std::span<float> into);

// Adam (Kingma and Ba, arXiv 1412.6980, its default constants) with the decoupled weight decay of
// Loshchilov and Hutter, arXiv 1711.05101.
class Adam {
 public:
  // decays: 1 where a parameter decays, else 0.
  explicit Adam(std::vector<float> decays);
  void step(float rate, float decay, std::span<const float> gradient, std::span<float> parameters);

 private:
  std::vector<float> decays_, first_moment_, second_moment_;
  float power1_ = 1, power2_ = 1;  // beta1 and beta2 to the number of steps
};

}  // namespace ane::workloads::readqc
