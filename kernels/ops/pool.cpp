// Max and average pool (attribute `operation`: max, avg) of a window (kernel, stride, pad). An
// average counts padded elements only with `count_pad`; a maximum never sees them.
#include "kernels/lowering.h"
#include "kernels/ops/ops.h"

namespace ane::kernels {
namespace {

TensorType shape(const Call& call) {
  const Attributes& a = call.attributes;
  function_index(isa::pool_operations, a.operation, call.name);
  const Extents& x = call.inputs[0].e;
  const std::int64_t w = (x.w + a.pad_left + a.pad_right - a.kernel_w) / a.stride_w + 1;
  const std::int64_t h = (x.h + a.pad_top + a.pad_bottom - a.kernel_h) / a.stride_h + 1;
  require(w >= 1 && h >= 1 && a.kernel_w <= x.w + a.pad_left + a.pad_right &&
              a.kernel_h <= x.h + a.pad_top + a.pad_bottom,
          call, "the window is larger than the padded input");
  require(a.pad_left < a.kernel_w && a.pad_top < a.kernel_h &&
              (w - 1) * a.stride_w - a.pad_left < x.w && (h - 1) * a.stride_h - a.pad_top < x.h,
          call, "padding as large as the window: one of them sees nothing else");
  return {call.inputs[0].format, {.w = w, .h = h, .c = x.c, .n = x.n}};
}

std::optional<Refusal> refuse(const Call& call, const isa::Machine& m) {
  if (const auto r = refuse_extents(call, m)) return r;
  if (call.attributes.kernel_w > m.max_pool || call.attributes.kernel_h > m.max_pool)
    return Refusal{"P1", "the window exceeds " + std::to_string(m.max_pool) + " on a side"};
  return std::nullopt;
}

Work work(const Call& call) {
  const Attributes& a = call.attributes;
  return {.kind = WorkKind::pool,
          .other_flops = call.output.e.count() * a.kernel_w * a.kernel_h,
          .read = input_bytes(call),
          .written = {call.output.bytes()}};
}

void reference(const Call& call, const Arithmetic& arithmetic,
               std::span<const Tensor* const> inputs, Tensor& output) {
  const Attributes& a = call.attributes;
  const Extents &x = call.inputs[0].e, &o = call.output.e;
  const bool maximum = a.operation == "max";
  const int op = function_index(isa::reduction_operations, maximum ? "max" : "mean", call.name);
  std::vector<double> window;
  std::int64_t at = 0;
  for (std::int64_t n = 0; n < o.n; ++n)
    for (std::int64_t c = 0; c < o.c; ++c)
      for (std::int64_t oy = 0; oy < o.h; ++oy)
        for (std::int64_t ox = 0; ox < o.w; ++ox, ++at) {
          window.clear();
          for (int ky = 0; ky < a.kernel_h; ++ky)
            for (int kx = 0; kx < a.kernel_w; ++kx) {
              const std::int64_t iy = oy * a.stride_h + ky - a.pad_top;
              const std::int64_t ix = ox * a.stride_w + kx - a.pad_left;
              if (iy >= 0 && iy < x.h && ix >= 0 && ix < x.w)
                window.push_back(element(*inputs[0], position(x, n, c, iy, ix)));
              else if (!maximum && a.count_pad)
                window.push_back(0);
            }
          set_element(output, at, arithmetic.reduce(op, window));
        }
}

void lower(const Call& call, Lowering& lowering) {
  const Attributes& a = call.attributes;
  const View x = lowering.input(0), y = lowering.output();
  TaskSpec whole{.in1 = x, .out = y};
  isa::Task& f = whole.fields;
  f.pe = isa::PeMode::pool;
  f.pool = function_index(isa::pool_operations, a.operation, call.name);
  f.count_pad = a.count_pad;
  f.kw = a.kernel_w;
  f.kh = a.kernel_h;
  f.sx = a.stride_w;
  f.sy = a.stride_h;
  f.pad_left = a.pad_left;
  whole.cut = {axis_n, axis_c};
  whole.follow1 = axis_n | axis_c;
  // Rows of the result in pieces such that one channel's window fits; channels and batch are cut by
  // emit_tiled.
  std::int64_t rows = y.e.h;
  const auto need = [&](std::int64_t r) {
    return 2 * (x.e.w * std::min(x.e.h, (r - 1) * a.stride_h + a.kernel_h) + y.e.w * r);
  };
  while (rows > 1 && need(rows) > lowering.free_l2() - 256) rows = (rows + 1) / 2;
  for (std::int64_t h = 0; h < y.e.h; h += rows) {
    TaskSpec piece = whole;
    const std::int64_t count = std::min(rows, y.e.h - h);
    const std::int64_t top = h * a.stride_h - a.pad_top, y0 = std::max<std::int64_t>(0, top);
    const std::int64_t y1 = std::min(x.e.h, top + (count - 1) * a.stride_h + a.kernel_h);
    piece.in1 = x.slice(axis_h, y0, y1 - y0);
    piece.out = y.slice(axis_h, h, count);
    piece.fields.pad_top = static_cast<int>(y0 - top);
    lowering.emit_tiled(piece);
  }
}

}  // namespace

const Operator pool_operator{.name = "pool",
                             .summary = "maximum or average over a sliding window",
                             .shape = shape,
                             .refuse = refuse,
                             .work = work,
                             .reference = reference,
                             .lower = lower};

}  // namespace ane::kernels
