// Elementwise with two sources (add, sub, mul, max, min, comparisons: attribute `operation`),
// extents of 1 repeated, then optionally times `mul`, plus `add`, and a unary function
// (`activation`). With attribute `scale` (and `zero`) the result is INT8 codes [Q3].
#include "kernels/lowering.h"
#include "kernels/ops/ops.h"

namespace ane::kernels {
namespace {

std::int64_t joined(std::int64_t a, std::int64_t b, const Call& call) {
  require(a == b || a == 1 || b == 1, call,
          "extents " + std::to_string(a) + " and " + std::to_string(b) + " do not broadcast");
  return std::max(a, b);
}

TensorType shape(const Call& call) {
  const Extents &a = call.inputs[0].e, &b = call.inputs[1].e;
  function_index(isa::elementwise_operations, call.attributes.operation, call.name);
  return {call.attributes.scale > 0 ? quantised_format(call) : call.inputs[0].format,
          {.w = joined(a.w, b.w, call),
           .h = joined(a.h, b.h, call),
           .c = joined(a.c, b.c, call),
           .n = joined(a.n, b.n, call)}};
}

Work work(const Call& call) {
  return {.kind = WorkKind::elementwise,
          .other_flops = call.output.e.count(),
          .read = input_bytes(call),
          .written = {call.output.bytes()}};
}

void reference(const Call& call, const Arithmetic& arithmetic,
               std::span<const Tensor* const> inputs, Tensor& output) {
  const Attributes& t = call.attributes;
  const Extents &a = call.inputs[0].e, &b = call.inputs[1].e, &o = call.output.e;
  const int op = function_index(isa::elementwise_operations, t.operation, call.name);
  const arith::Activation post = activation_of(call);
  const int mul = function_index(isa::elementwise_operations, "mul", call.name);
  const int add = function_index(isa::elementwise_operations, "add", call.name);
  std::int64_t at = 0;
  const auto pick = [](const Extents& e, std::int64_t n, std::int64_t c, std::int64_t h,
                       std::int64_t w) {
    return position(e, e.n == 1 ? 0 : n, e.c == 1 ? 0 : c, e.h == 1 ? 0 : h, e.w == 1 ? 0 : w);
  };
  for (std::int64_t n = 0; n < o.n; ++n)
    for (std::int64_t c = 0; c < o.c; ++c)
      for (std::int64_t h = 0; h < o.h; ++h)
        for (std::int64_t w = 0; w < o.w; ++w, ++at) {
          double y = arithmetic.elementwise(op, element(*inputs[0], pick(a, n, c, h, w)),
                                            element(*inputs[1], pick(b, n, c, h, w)));
          if (t.mul != 0) y = arithmetic.elementwise(mul, y, arithmetic.constant(t.mul));
          if (t.add != 0) y = arithmetic.elementwise(add, y, arithmetic.constant(t.add));
          set_result(call, arithmetic, output, at, arithmetic.unary(post, y));
        }
}

void lower(const Call& call, Lowering& lowering) {
  const Attributes& t = call.attributes;
  TaskSpec spec{.in1 = lowering.input(0), .in2 = lowering.input(1), .out = lowering.output()};
  spec.fields.pe = isa::PeMode::ew;
  spec.fields.ew = function_index(isa::elementwise_operations, t.operation, call.name);
  lowering.set_activation(spec.fields, spec.fields.pe_post, call);
  lowering.set_quantised(spec.fields, call);
  spec.fields.pe_mul = lowering.half(t.mul);
  spec.fields.pe_add = lowering.half(t.add);
  spec.cut = {axis_n, axis_c, axis_h, axis_w};
  for (const Axis axis : spec.cut) {
    if (extent(spec.in1.e, axis) > 1) spec.follow1 |= axis;
    if (extent(spec.in2->e, axis) > 1) spec.follow2 |= axis;
  }
  lowering.emit_tiled(spec);
}

}  // namespace

const Operator elementwise_operator{.name = "elementwise",
                                    .summary = "two sources, one planar operation, broadcasting",
                                    .min_inputs = 2,
                                    .max_inputs = 2,
                                    .shape = shape,
                                    .refuse = refuse_extents,
                                    .work = work,
                                    .reference = reference,
                                    .lower = lower};

}  // namespace ane::kernels
