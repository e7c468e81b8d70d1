// Operators that are a fixed row of simpler tasks (softmax, layer norm): each step is described
// once as a small call of another operator, and both the scalar reference and the lowering walk the
// steps. So the two cannot disagree about the order of roundings.
#pragma once
#include "kernels/lowering.h"
#include "kernels/ops/ops.h"

namespace ane::kernels {

struct Step {
  const Operator* op;
  Attributes attributes;
  std::vector<int> sources;  // >= 0: input of the call; < 0: result of step -1 - source
};

void reference_steps(const Call& call, std::span<const Step> steps, const Arithmetic& arithmetic,
                     std::span<const Tensor* const> inputs, Tensor& output);
void lower_steps(const Call& call, std::span<const Step> steps, Lowering& lowering);
Work steps_work(const Call& call, std::span<const Step> steps, WorkKind kind);

}  // namespace ane::kernels
