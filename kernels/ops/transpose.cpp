// Axes in another order (attribute `permutation` over n, c, h, w). The tile DMA does it by strides,
// so at least one side of the copy lies in memory.
#include "kernels/ops/copies.h"

namespace ane::kernels {
namespace {

std::int64_t at(const Extents& e, int axis) {
  return std::array{e.n, e.c, e.h, e.w}[static_cast<std::size_t>(axis)];
}

TensorType shape(const Call& call) {
  const auto& p = call.attributes.permutation;
  std::array<int, 4> sorted = p;
  std::ranges::sort(sorted);
  require(sorted == std::array{0, 1, 2, 3}, call, "not a permutation of the four axes");
  const Extents& x = call.inputs[0].e;
  return {call.inputs[0].format,
          {.w = at(x, p[3]), .h = at(x, p[2]), .c = at(x, p[1]), .n = at(x, p[0])}};
}

void reference(const Call& call, const Arithmetic&, std::span<const Tensor* const> inputs,
               Tensor& output) {
  const auto& p = call.attributes.permutation;
  const Extents &x = call.inputs[0].e, &o = call.output.e;
  std::int64_t to = 0;
  for (std::int64_t n = 0; n < o.n; ++n)
    for (std::int64_t c = 0; c < o.c; ++c)
      for (std::int64_t h = 0; h < o.h; ++h)
        for (std::int64_t w = 0; w < o.w; ++w, ++to) {
          const std::array<std::int64_t, 4> out{n, c, h, w};
          std::array<std::int64_t, 4> in{};
          for (std::size_t i = 0; i < 4; ++i) in[static_cast<std::size_t>(p[i])] = out[i];
          set_element(output, to, element(*inputs[0], position(x, in[0], in[1], in[2], in[3])));
        }
}

void lower(const Call& call, Lowering& lowering) {
  const auto& p = call.attributes.permutation;
  const View &x = lowering.input(0), &y = lowering.output();
  if (x.where == Where::memory) {
    emit_copy(lowering, x.permuted(p), y);
    return;
  }
  std::array<int, 4> inverse{};
  for (int i = 0; i < 4; ++i) inverse[static_cast<std::size_t>(p[static_cast<std::size_t>(i)])] = i;
  const View target = y.where == Where::memory ? y : lowering.memory_temporary({y.format, y.e});
  emit_copy(lowering, x, target.permuted(inverse));
  if (y.where != Where::memory) emit_copy(lowering, target, y);
}

}  // namespace

const Operator transpose_operator{.name = "transpose",
                                  .summary = "axes in another order",
                                  .shape = shape,
                                  .refuse = refuse_extents,
                                  .work = copy_work,
                                  .reference = reference,
                                  .lower = lower,
                                  .temporaries = true};

}  // namespace ane::kernels
