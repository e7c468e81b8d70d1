// FP16 to INT8 codes and back [Q3]: attributes `scale` (greater than zero, rounded to binary16) and
// `zero`.
#include "kernels/ops/copies.h"

namespace ane::kernels {
namespace {

TensorType quantised(const Call& call) {
  require(call.inputs[0].format != Format::i8, call, "the input is quantised already");
  require(call.attributes.scale > 0, call, "a scale must be greater than zero");
  require(call.attributes.zero >= -128 && call.attributes.zero <= 127, call,
          "a zero point is -128 to 127");
  return {Format::i8, call.inputs[0].e};
}

TensorType dequantised(const Call& call) {
  require(call.inputs[0].format == Format::i8, call, "the input is not quantised");
  require(call.attributes.scale > 0, call, "a scale must be greater than zero");
  return {Format::fp16, call.inputs[0].e};
}

Work work(const Call& call) {
  return {.kind = WorkKind::elementwise,
          .other_flops = call.output.e.count(),
          .read = input_bytes(call),
          .written = {call.output.bytes()}};
}

void quantise(const Call& call, const Arithmetic& arithmetic, std::span<const Tensor* const> inputs,
              Tensor& output) {
  const Attributes& a = call.attributes;
  const auto to = output.as<std::int8_t>();
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] = arithmetic.quantise(element(*inputs[0], static_cast<std::int64_t>(i)),
                                arithmetic.constant(a.scale), a.zero);
}

void dequantise(const Call& call, const Arithmetic& arithmetic,
                std::span<const Tensor* const> inputs, Tensor& output) {
  const Attributes& a = call.attributes;
  const auto from = inputs[0]->as<const std::int8_t>();
  for (std::size_t i = 0; i < from.size(); ++i)
    set_element(output, static_cast<std::int64_t>(i),
                arithmetic.dequantise(from[i], arithmetic.constant(a.scale), a.zero));
}

void lower(const Call& call, Lowering& lowering) {
  TaskSpec spec{.in1 = lowering.input(0), .out = lowering.output()};
  spec.fields.ne = isa::NeOp::copy;
  spec.fields.pe_scale = lowering.half(call.attributes.scale);
  spec.fields.pe_zero = call.attributes.zero;
  spec.cut = {axis_n, axis_c, axis_h, axis_w};
  spec.follow1 = axis_n | axis_c | axis_h | axis_w;
  lowering.emit_tiled(spec);
}

}  // namespace

const Operator quantise_operator{.name = "quantise",
                                 .summary = "FP16 to INT8: x / scale + zero, rounded and clamped",
                                 .shape = quantised,
                                 .refuse = refuse_extents,
                                 .work = work,
                                 .reference = quantise,
                                 .lower = lower};
const Operator dequantise_operator{.name = "dequantise",
                                   .summary = "INT8 to FP16: (q - zero) * scale",
                                   .shape = dequantised,
                                   .refuse = refuse_extents,
                                   .work = work,
                                   .reference = dequantise,
                                   .lower = lower};

}  // namespace ane::kernels
