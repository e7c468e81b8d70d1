// The numbers an operator's scalar reference computes with: binary16 of a profile (bit for bit what
// the machine gives), plain float32 (the model's own answer) or float32 inside an operator and a
// shorter format between them (a framework's). A value is carried as a double that the format
// represents exactly; infinities stand for the format's own.
#pragma once
#include <span>

#include "kernels/arith/activation.h"
#include "kernels/arith/profile.h"
#include "kernels/arith/storage.h"
#include "kernels/tensor.h"
#include "kernels/types.h"

namespace ane::kernels {

class Arithmetic {
 public:
  virtual ~Arithmetic() = default;
  virtual Format format() const = 0;  // of activations: fp16 or fp32
  // bias + sum x*w in order, then * scale where it is not null. `bias` may be null.
  virtual double dot(std::span<const double> x, std::span<const double> w, const double* bias,
                     const double* scale) const = 0;
  virtual double dot8(std::span<const std::int8_t> x, std::span<const std::int8_t> w, int zero_in,
                      std::int32_t bias, arith::Half scale) const = 0;
  virtual double unary(const arith::Activation& function, double x) const = 0;
  virtual double elementwise(int operation, double a, double b) const = 0;  // isa::elementwise_...
  virtual double reduce(int operation, std::span<const double> x) const = 0;  // isa::reduction_...
  virtual std::int8_t quantise(double x, double scale, int zero) const = 0;   // [Q3]
  virtual double dequantise(std::int8_t q, double scale, int zero) const = 0;
  // A host constant as this arithmetic's nearest value.
  virtual double constant(double value) const = 0;
  // The weights of a layer as the multipliers see them: [cout][kh][kw][cin] of the dilated kernel,
  // decoded from the stream format under a profile, as they are in float32.
  virtual std::vector<double> weights(const Parameters& parameters, int dilation_w,
                                      int dilation_h) const = 0;
  // What an operator's result becomes before the next one reads it.
  virtual void keep(Tensor&) const {}
};

const Arithmetic& bit_arithmetic(const arith::Profile& profile);
const Arithmetic& float_arithmetic();
// A framework's on a CPU or GPU, which keeps numbers so between operators.
const Arithmetic& framework_arithmetic(arith::Storage storage);

// Element access of dense [n, c, h, w] tensors as doubles, for references.
double element(const Tensor& tensor, std::int64_t index);
void set_element(Tensor& tensor, std::int64_t index, double value);
Tensor make_tensor(const TensorType& type);

}  // namespace ane::kernels
