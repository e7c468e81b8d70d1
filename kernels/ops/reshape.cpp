// The same elements in row-major order under other extents (attribute `extents`). Two copies
// through a dense tensor in memory; one where a side is dense already.
#include "kernels/ops/copies.h"

namespace ane::kernels {
namespace {

TensorType shape(const Call& call) {
  require(call.inputs[0].e.count() == call.attributes.extents.count(), call,
          "a reshape of " + std::to_string(call.inputs[0].e.count()) + " elements to " +
              std::to_string(call.attributes.extents.count()));
  return {call.inputs[0].format, call.attributes.extents};
}

void reference(const Call&, const Arithmetic&, std::span<const Tensor* const> inputs,
               Tensor& output) {
  for (std::int64_t i = 0; i < output.size(); ++i) set_element(output, i, element(*inputs[0], i));
}

View reinterpreted(View dense, const Extents& e) {
  const std::int64_t size = isa::byte_size(dense.format);
  dense.e = e;
  dense.sw = size;
  dense.sh = e.w * size;
  dense.sc = e.h * e.w * size;
  dense.sn = e.c * e.h * e.w * size;
  return dense;
}

void lower(const Call&, Lowering& lowering) {
  const View &x = lowering.input(0), &y = lowering.output();
  if (x.where == Where::memory && x.dense()) {
    emit_copy(lowering, reinterpreted(x, y.e), y);
  } else if (y.where == Where::memory && y.dense()) {
    emit_copy(lowering, x, reinterpreted(y, x.e));
  } else {
    const View between = lowering.dense_memory_temporary({x.format, x.e});
    emit_copy(lowering, x, between);
    emit_copy(lowering, reinterpreted(between, y.e), y);
  }
}

}  // namespace

const Operator reshape_operator{.name = "reshape",
                                .summary = "the same elements in order under other extents",
                                .shape = shape,
                                .refuse = refuse_extents,
                                .work = copy_work,
                                .reference = reference,
                                .lower = lower,
                                .temporaries = true};

}  // namespace ane::kernels
