// A box of the input: attributes `begin` and `extents`.
#include "kernels/ops/copies.h"

namespace ane::kernels {
namespace {

TensorType shape(const Call& call) {
  const Extents &x = call.inputs[0].e, &b = call.attributes.begin, &e = call.attributes.extents;
  for (const Axis axis : {axis_n, axis_c, axis_h, axis_w})
    require(extent(b, axis) >= 0 && extent(e, axis) >= 1 &&
                extent(b, axis) + extent(e, axis) <= extent(x, axis),
            call, "the slice leaves the input " + to_string(call.inputs[0]));
  return {call.inputs[0].format, e};
}

void reference(const Call& call, const Arithmetic&, std::span<const Tensor* const> inputs,
               Tensor& output) {
  const Extents &x = call.inputs[0].e, &b = call.attributes.begin, &o = call.output.e;
  std::int64_t at = 0;
  for (std::int64_t n = 0; n < o.n; ++n)
    for (std::int64_t c = 0; c < o.c; ++c)
      for (std::int64_t h = 0; h < o.h; ++h)
        for (std::int64_t w = 0; w < o.w; ++w, ++at)
          set_element(output, at,
                      element(*inputs[0], position(x, b.n + n, b.c + c, b.h + h, b.w + w)));
}

void lower(const Call& call, Lowering& lowering) {
  View v = lowering.input(0);
  for (const Axis axis : {axis_n, axis_c, axis_h, axis_w})
    v = v.slice(axis, extent(call.attributes.begin, axis), extent(call.attributes.extents, axis));
  emit_copy(lowering, v, lowering.output());
}

}  // namespace

const Operator slice_operator{.name = "slice",
                              .summary = "a box of the input",
                              .shape = shape,
                              .refuse = refuse_extents,
                              .work = copy_work,
                              .reference = reference,
                              .lower = lower};

}  // namespace ane::kernels
