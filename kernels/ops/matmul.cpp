// Product of two activations: a [n, K, 1, P] and b [g, K, 1, O], g a divisor of n, give
// [n, O, 1, P]; n / g neighbouring items of a share one of b (grouped queries). b takes the place
// of the weights (the ANE's "alignment" mode). Reads activation.
#include "kernels/lowering.h"
#include "kernels/ops/ops.h"

namespace ane::kernels {
namespace {

TensorType shape(const Call& call) {
  const Extents &a = call.inputs[0].e, &b = call.inputs[1].e;
  require(a.c == b.c, call,
          "inner extents differ: " + std::to_string(a.c) + " and " + std::to_string(b.c));
  require(a.h == 1 && b.h == 1, call, "matrix operands have one row (h = 1)");
  require(a.n % b.n == 0, call,
          "batch extents " + std::to_string(a.n) + " and " + std::to_string(b.n) +
              ": the second does not divide the first");
  return {call.inputs[0].format, {.w = a.w, .h = 1, .c = b.w, .n = a.n}};
}

std::optional<Refusal> refuse(const Call& call, const isa::Machine& m) {
  if (const auto r = refuse_extents(call, m)) return r;
  if (call.inputs[0].e.c * 2 > m.kernel_memory.count)
    return Refusal{"M1", "the inner extent exceeds a kernel memory"};
  return std::nullopt;
}

Work work(const Call& call) {
  const Extents &a = call.inputs[0].e, &o = call.output.e;
  return {.kind = WorkKind::gemm,
          .macs = {o.count() * a.c},
          .read = input_bytes(call),
          .written = {call.output.bytes()},
          .m = o.w,
          .n = o.c,
          .k = a.c,
          .batch = o.n};
}

void reference(const Call& call, const Arithmetic& arithmetic,
               std::span<const Tensor* const> inputs, Tensor& output) {
  const Extents &a = call.inputs[0].e, &b = call.inputs[1].e, &o = call.output.e;
  const arith::Activation act = activation_of(call);
  std::vector<double> x(static_cast<std::size_t>(a.c)), w(x.size());
  for (std::int64_t n = 0; n < o.n; ++n)
    for (std::int64_t c = 0; c < o.c; ++c) {
      for (std::int64_t k = 0; k < a.c; ++k)
        w[static_cast<std::size_t>(k)] = element(*inputs[1], position(b, n / (a.n / b.n), k, 0, c));
      for (std::int64_t p = 0; p < o.w; ++p) {
        for (std::int64_t k = 0; k < a.c; ++k)
          x[static_cast<std::size_t>(k)] = element(*inputs[0], position(a, n, k, 0, p));
        const double y = arithmetic.dot(x, w, nullptr, nullptr);
        set_element(output, position(o, n, c, 0, p), arithmetic.unary(act, y));
      }
    }
}

void lower(const Call& call, Lowering& lowering) {
  TaskSpec spec{.in1 = lowering.input(0), .in2 = lowering.input(1), .out = lowering.output()};
  spec.fields.ne = isa::NeOp::mm;
  lowering.set_activation(spec.fields, spec.fields.activation, call);
  spec.cut = {axis_n, axis_w};
  spec.follow1 = axis_n | axis_w;
  const std::int64_t items = call.inputs[0].e.n, matrices = call.inputs[1].e.n;
  spec.follow2 = matrices == 1 ? 0U : unsigned{axis_n};
  // Columns of the right operand are output channels: cut them here, since no axis of the source
  // follows the result's channels.
  const std::int64_t per_channel =
      2 * ((spec.in2->where == Where::l2 ? 0 : spec.in2->e.c) +
           (spec.out.where == Where::l2 ? 0 : std::min<std::int64_t>(spec.out.e.w, 128)));
  const std::int64_t room = lowering.free_l2() / 2;
  std::int64_t step = spec.out.e.c;
  while (step > 16 && step * per_channel > room) step = (step / 2 + 15) / 16 * 16;
  const auto emit_columns = [&](const TaskSpec& whole) {
    for (std::int64_t c = 0; c < whole.out.e.c; c += step) {
      TaskSpec piece = whole;
      const std::int64_t count = std::min(step, whole.out.e.c - c);
      piece.in2 = whole.in2->slice(axis_w, c, count);
      piece.out = whole.out.slice(axis_c, c, count);
      lowering.emit_tiled(piece);
    }
  };
  if (matrices == 1 || matrices == items) return emit_columns(spec);
  const std::int64_t share = items / matrices;
  for (std::int64_t g = 0; g < matrices; ++g) {
    TaskSpec group = spec;
    group.follow2 = 0;
    group.in1 = spec.in1.slice(axis_n, g * share, share);
    group.in2 = spec.in2->slice(axis_n, g, 1);
    group.out = spec.out.slice(axis_n, g * share, share);
    emit_columns(group);
  }
}

}  // namespace

const Operator matmul_operator{.name = "matmul",
                               .summary = "product of two activations, batched",
                               .min_inputs = 2,
                               .max_inputs = 2,
                               .shape = shape,
                               .refuse = refuse,
                               .work = work,
                               .reference = reference,
                               .lower = lower};

}  // namespace ane::kernels
