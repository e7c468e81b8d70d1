// Layer normalisation over axes with epsilon; inputs: x, then optionally scale and shift (extents
// that broadcast to x). Mean, subtraction, mean of squares + epsilon with rsqrt, product: four
// tasks, and one each for scale and shift.
#include "kernels/ops/composite.h"

namespace ane::kernels {
namespace {

TensorType shape(const Call& call) {
  require(call.attributes.axes != 0, call, "layer norm needs an axis");
  return call.inputs[0];
}

std::vector<Step> steps(const Call& call) {
  Attributes mean, centre, variance, product, shift;
  mean.operation = "mean";
  mean.axes = variance.axes = call.attributes.axes;
  centre.operation = "sub";
  variance.operation = "mean_squares";
  variance.add = call.attributes.epsilon;
  variance.activation = "rsqrt";
  product.operation = "mul";
  shift.operation = "add";
  std::vector<Step> row{{&reduce_operator, mean, {0}},
                        {&elementwise_operator, centre, {0, -1}},
                        {&reduce_operator, variance, {-2}},
                        {&elementwise_operator, product, {-2, -3}}};
  if (call.inputs.size() > 1) row.push_back({&elementwise_operator, product, {-4, 1}});
  if (call.inputs.size() > 2) row.push_back({&elementwise_operator, shift, {-5, 2}});
  return row;
}

}  // namespace

const Operator layer_norm_operator{
    .name = "layer_norm",
    .summary = "(x - mean) / sqrt(variance + epsilon), scaled and shifted",
    .min_inputs = 1,
    .max_inputs = 3,
    .shape = shape,
    .refuse = refuse_extents,
    .work = [](const Call& c) { return steps_work(c, steps(c), WorkKind::normalisation); },
    .reference = [](const Call& c, const Arithmetic& a, std::span<const Tensor* const> in,
                    Tensor& out) { reference_steps(c, steps(c), a, in, out); },
    .lower = [](const Call& c, Lowering& l) { lower_steps(c, steps(c), l); },
    .temporaries = true};

}  // namespace ane::kernels
