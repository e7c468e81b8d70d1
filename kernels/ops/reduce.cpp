// Reduction over axes (attributes `axes`, `operation`), then times `mul`, plus `add`, and a unary
// function (`activation`). Reduced extents become 1. Elements are taken in ascending order of
// n, c, h, w [P2].
#include "kernels/lowering.h"
#include "kernels/ops/ops.h"

namespace ane::kernels {
namespace {

TensorType shape(const Call& call) {
  function_index(isa::reduction_operations, call.attributes.operation, call.name);
  const unsigned axes = call.attributes.axes;
  require(axes != 0, call, "a reduction needs at least one axis");
  TensorType t = call.inputs[0];
  if (axes & axis_w) t.e.w = 1;
  if (axes & axis_h) t.e.h = 1;
  if (axes & axis_c) t.e.c = 1;
  if (axes & axis_n) t.e.n = 1;
  return t;
}

Work work(const Call& call) {
  return {.kind = WorkKind::reduction,
          .other_flops = call.inputs[0].e.count(),
          .read = input_bytes(call),
          .written = {call.output.bytes()}};
}

void reference(const Call& call, const Arithmetic& arithmetic,
               std::span<const Tensor* const> inputs, Tensor& output) {
  const Attributes& t = call.attributes;
  const Extents &x = call.inputs[0].e, &o = call.output.e;
  const int op = function_index(isa::reduction_operations, t.operation, call.name);
  const arith::Activation post = activation_of(call);
  const int mul = function_index(isa::elementwise_operations, "mul", call.name);
  const int add = function_index(isa::elementwise_operations, "add", call.name);
  std::vector<double> line;
  std::int64_t at = 0;
  for (std::int64_t n = 0; n < o.n; ++n)
    for (std::int64_t c = 0; c < o.c; ++c)
      for (std::int64_t h = 0; h < o.h; ++h)
        for (std::int64_t w = 0; w < o.w; ++w, ++at) {
          line.clear();
          for (std::int64_t rn = n; rn < (o.n == x.n ? n + 1 : x.n); ++rn)
            for (std::int64_t rc = c; rc < (o.c == x.c ? c + 1 : x.c); ++rc)
              for (std::int64_t rh = h; rh < (o.h == x.h ? h + 1 : x.h); ++rh)
                for (std::int64_t rw = w; rw < (o.w == x.w ? w + 1 : x.w); ++rw)
                  line.push_back(element(*inputs[0], position(x, rn, rc, rh, rw)));
          double y = arithmetic.reduce(op, line);
          if (t.mul != 0) y = arithmetic.elementwise(mul, y, arithmetic.constant(t.mul));
          if (t.add != 0) y = arithmetic.elementwise(add, y, arithmetic.constant(t.add));
          set_element(output, at, arithmetic.unary(post, y));
        }
}

void lower(const Call& call, Lowering& lowering) {
  const Attributes& t = call.attributes;
  TaskSpec spec{.in1 = lowering.input(0), .out = lowering.output()};
  spec.fields.pe = isa::PeMode::red;
  spec.fields.red = function_index(isa::reduction_operations, t.operation, call.name);
  spec.fields.axes = static_cast<int>(t.axes);
  lowering.set_activation(spec.fields, spec.fields.pe_post, call);
  spec.fields.pe_mul = lowering.half(t.mul);
  spec.fields.pe_add = lowering.half(t.add);
  for (const Axis axis : {axis_n, axis_c, axis_h, axis_w})
    if ((t.axes & axis) == 0) {
      spec.cut.push_back(axis);
      spec.follow1 |= axis;
    }
  lowering.emit_tiled(spec);
}

}  // namespace

const Operator reduce_operator{.name = "reduce",
                               .summary = "sum, mean, max, min, sum or mean of squares, argmax",
                               .shape = shape,
                               .refuse = refuse_extents,
                               .work = work,
                               .reference = reference,
                               .lower = lower};

}  // namespace ane::kernels
