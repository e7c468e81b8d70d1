// A unary function (attribute `activation`, with `alpha`) of every element, in the post-processing
// of the neural engines.
#include "kernels/lowering.h"
#include "kernels/ops/ops.h"

namespace ane::kernels {
namespace {

TensorType shape(const Call& call) {
  activation_of(call);
  return call.inputs[0];
}

Work work(const Call& call) {
  return {.kind = WorkKind::elementwise,
          .other_flops = call.output.e.count(),
          .read = input_bytes(call),
          .written = {call.output.bytes()}};
}

void reference(const Call& call, const Arithmetic& arithmetic,
               std::span<const Tensor* const> inputs, Tensor& output) {
  const arith::Activation f = activation_of(call);
  for (std::int64_t i = 0; i < output.size(); ++i)
    set_element(output, i, arithmetic.unary(f, element(*inputs[0], i)));
}

void lower(const Call& call, Lowering& lowering) {
  TaskSpec spec{.in1 = lowering.input(0), .out = lowering.output()};
  spec.fields.ne = isa::NeOp::copy;
  lowering.set_activation(spec.fields, spec.fields.activation, call);
  spec.cut = {axis_n, axis_c, axis_h, axis_w};
  spec.follow1 = axis_n | axis_c | axis_h | axis_w;
  lowering.emit_tiled(spec);
}

}  // namespace

const Operator unary_operator{.name = "unary",
                              .summary = "a unary function of every element",
                              .shape = shape,
                              .refuse = refuse_extents,
                              .work = work,
                              .reference = reference,
                              .lower = lower};

}  // namespace ane::kernels
