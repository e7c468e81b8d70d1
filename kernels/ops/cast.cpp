// FP32 in memory to FP16 and back, by the tile DMA that converts while it moves. An fp32
// tensor lies in memory only: a graph's input or output, as a host keeps it.
#include "kernels/ops/copies.h"

namespace ane::kernels {
namespace {

TensorType shape(const Call& call) {
  const Format from = call.inputs[0].format;
  require(from == Format::fp16 || from == Format::fp32, call, "a cast is between fp16 and fp32");
  return {from == Format::fp16 ? Format::fp32 : Format::fp16, call.inputs[0].e};
}

Work work(const Call& call) {
  return {.kind = WorkKind::copy, .read = input_bytes(call), .written = Bytes{call.output.bytes()}};
}

void reference(const Call&, const Arithmetic& arithmetic, std::span<const Tensor* const> inputs,
               Tensor& output) {
  for (std::int64_t i = 0; i < output.size(); ++i)
    set_element(output, i, arithmetic.constant(element(*inputs[0], i)));
}

void lower(const Call&, Lowering& lowering) {
  emit_copy(lowering, lowering.input(0), lowering.output());
}

}  // namespace

const Operator cast_operator{.name = "cast",
                             .summary = "fp32 tensors of the host to fp16, and back",
                             .shape = shape,
                             .refuse = refuse_extents,
                             .work = work,
                             .reference = reference,
                             .lower = lower};

}  // namespace ane::kernels
