// Concatenation of any number of inputs along one axis (attribute `axis`): one copy an input, none
// for an input that was made in its place (workloads/compile/storage.h).
#include "kernels/ops/copies.h"

namespace ane::kernels {
namespace {

TensorType shape(const Call& call) {
  const auto axis = static_cast<Axis>(call.attributes.axis);
  require(axis == axis_w || axis == axis_h || axis == axis_c || axis == axis_n, call,
          "concat needs one axis");
  TensorType t = call.inputs[0];
  std::int64_t total = 0;
  for (const TensorType& i : call.inputs) {
    for (const Axis other : {axis_n, axis_c, axis_h, axis_w})
      require(other == axis || extent(i.e, other) == extent(t.e, other), call,
              "inputs " + to_string(t) + " and " + to_string(i) + " differ beside the axis");
    require(i.format == t.format, call, "inputs of different formats");
    total += extent(i.e, axis);
  }
  (axis == axis_w ? t.e.w : axis == axis_h ? t.e.h : axis == axis_c ? t.e.c : t.e.n) = total;
  return t;
}

void reference(const Call& call, const Arithmetic&, std::span<const Tensor* const> inputs,
               Tensor& output) {
  const auto axis = static_cast<Axis>(call.attributes.axis);
  const Extents& o = call.output.e;
  Extents at{0, 0, 0, 0};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Extents& x = call.inputs[i].e;
    for (std::int64_t n = 0; n < x.n; ++n)
      for (std::int64_t c = 0; c < x.c; ++c)
        for (std::int64_t h = 0; h < x.h; ++h)
          for (std::int64_t w = 0; w < x.w; ++w)
            set_element(output, position(o, at.n + n, at.c + c, at.h + h, at.w + w),
                        element(*inputs[i], position(x, n, c, h, w)));
    (axis == axis_w   ? at.w
     : axis == axis_h ? at.h
     : axis == axis_c ? at.c
                      : at.n) += extent(x, axis);
  }
}

void lower(const Call& call, Lowering& lowering) {
  const auto axis = static_cast<Axis>(call.attributes.axis);
  std::int64_t at = 0;
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    const std::int64_t count = extent(call.inputs[i].e, axis);
    const View place = lowering.output().slice(axis, at, count);
    if (!(lowering.input(i) == place)) emit_copy(lowering, lowering.input(i), place);
    at += count;
  }
}

}  // namespace

const Operator concat_operator{.name = "concat",
                               .summary = "inputs one after the other along an axis",
                               .min_inputs = 1,
                               .max_inputs = 64,
                               .shape = shape,
                               .refuse = refuse_extents,
                               .work = copy_work,
                               .reference = reference,
                               .lower = lower};

}  // namespace ane::kernels
