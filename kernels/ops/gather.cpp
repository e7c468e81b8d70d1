// Columns of a table [1, D, 1, V] at the indices [1, 1, H, P]: [1, D, H, P]. Embedding is a gather
// from a constant table. Attribute `operation` "host" keeps it off the accelerator. Needs the
// texture unit; an index outside 0..V-1 is the caller's error. With the attribute `operation` =
// "host" the caller wants it on the CPU, whatever the chip has.
#include "kernels/lowering.h"
#include "kernels/ops/ops.h"

namespace ane::kernels {
namespace {

TensorType shape(const Call& call) {
  const TensorType &table = call.inputs[0], &index = call.inputs[1];
  require(index.format == Format::i32, call, "indices are i32");
  require(table.e.h == 1 && table.e.n == 1, call, "the table is [1, D, 1, V]");
  require(index.e.c == 1 && index.e.n == 1, call, "indices are [1, 1, H, P]");
  require(call.attributes.operation.empty() || call.attributes.operation == "host", call,
          "a gather's operation is 'host' or nothing");
  return {table.format, {.w = index.e.w, .h = index.e.h, .c = table.e.c, .n = 1}};
}

std::optional<Refusal> refuse(const Call& call, const isa::Machine& m) {
  if (const auto r = refuse_extents(call, m)) return r;
  if (call.attributes.operation == "host")
    return Refusal{"G2", "the caller asked for the host to gather"};
  if (!m.texture_unit)
    return Refusal{"G1", "this chip has no texture unit, so it cannot gather at run time"};
  return std::nullopt;
}

Work work(const Call& call) {
  const Bytes moved{call.output.bytes()};
  return {
      .kind = WorkKind::gather, .read = moved + Bytes{call.inputs[1].bytes()}, .written = moved};
}

void reference(const Call& call, const Arithmetic&, std::span<const Tensor* const> inputs,
               Tensor& output) {
  const Extents& table = call.inputs[0].e;
  const auto index = inputs[1]->as<const std::int32_t>();
  const Extents& o = call.output.e;
  const std::int64_t positions = o.h * o.w;
  for (std::int64_t p = 0; p < positions; ++p) {
    const std::int64_t v = index[static_cast<std::size_t>(p)];
    require(v >= 0 && v < table.w, call,
            "index " + std::to_string(v) + " is outside 0 to " + std::to_string(table.w - 1));
    for (std::int64_t c = 0; c < o.c; ++c)
      set_element(output, c * positions + p, element(*inputs[0], position(table, 0, c, 0, v)));
  }
}

void lower(const Call&, Lowering& lowering) {
  TaskSpec spec{.in1 = lowering.input(0), .in2 = lowering.input(1), .out = lowering.output()};
  spec.fields.ne = isa::NeOp::tex;
  spec.cut = {axis_h, axis_w, axis_c};
  spec.follow1 = axis_c;
  spec.follow2 = axis_h | axis_w;
  // A table that would fill L2 is cut by channels first.
  if (spec.in1.where == Where::memory && spec.in1.bytes() > lowering.free_l2() / 2)
    spec.cut = {axis_c, axis_h, axis_w};
  lowering.emit_tiled(spec);
}

}  // namespace

const Operator gather_operator{.name = "gather",
                               .summary = "columns of a table at run-time indices; embedding",
                               .min_inputs = 2,
                               .max_inputs = 2,
                               .shape = shape,
                               .refuse = refuse,
                               .work = work,
                               .reference = reference,
                               .lower = lower};

}  // namespace ane::kernels
