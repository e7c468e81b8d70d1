// What the operators that only move data share: the work, and one copy task.
#pragma once
#include "kernels/lowering.h"
#include "kernels/ops/ops.h"

namespace ane::kernels {

inline Work copy_work(const Call& call) {
  const Bytes moved{call.output.bytes()};
  return {.kind = WorkKind::copy, .read = moved, .written = moved};
}

// Copies `from` to `to` (equal extents, any strides), cut as L2 asks.
inline void emit_copy(Lowering& lowering, const View& from, const View& to) {
  TaskSpec spec{.in1 = from, .out = to};
  spec.fields.ne = isa::NeOp::copy;
  spec.cut = {axis_n, axis_c, axis_h, axis_w};
  spec.follow1 = axis_n | axis_c | axis_h | axis_w;
  lowering.emit_tiled(spec);
}

}  // namespace ane::kernels
