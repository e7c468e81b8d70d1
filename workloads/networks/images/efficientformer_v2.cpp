// EfficientFormer v2 (Li et al. 2023, table of its appendix; timm): inverted residuals, and in the
// last blocks of the two late stages attention of all places, whose heads are mixed before and
// behind the softmax.
#include <array>
#include <string>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

constexpr std::int64_t heads = 8;

struct Shape {
  std::array<std::int64_t, 4> widths;
  std::array<int, 4> depths;
  int attending;  // blocks of a late stage, its last
  // Blocks [from, to) of each late stage that expand by 3, the others by 4.
  std::array<std::array<int, 2>, 2> narrow;
};

ValueId depthwise(Layers& l, ValueId x, int stride, const std::string& activation = "none",
                  bool codes = false) {
  const std::int64_t c = l.extents(x).c;
  return l.conv(x, c, {.kh = 3, .kw = 3, .stride = stride, .groups = c, .activation = activation},
                codes);
}

// `queries` of their places to keys and values of x, a key of `size` and values four times as wide;
// a depthwise convolution of the values is added.
ValueId attended(Layers& l, ValueId queries, ValueId x, std::int64_t size, int stride, bool mixes) {
  const std::int64_t wide = 4 * size;
  const Extents qe = l.extents(queries), e = l.extents(x);
  const auto apart = [&](ValueId v, std::int64_t each) {
    const Extents image = l.extents(v);
    return l.reshape(v, {.w = image.w * image.h, .h = 1, .c = each, .n = image.n * heads});
  };
  const ValueId keys = apart(l.projection(x, heads * size), size);
  const ValueId v = l.projection(x, heads * wide);
  const ValueId local = depthwise(l, v, stride);
  ValueId scores = l.product(apart(queries, size), keys);  // [n heads, keys, 1, queries]
  const Extents flat = l.extents(scores);
  scores = l.reshape(scores, {.w = flat.w, .h = flat.c, .c = heads, .n = e.n});
  const ValueId bias = l.seeded("bias of " + std::to_string(scores),
                                {.w = flat.w, .h = flat.c, .c = heads, .n = 1}, 0, 1);
  scores = l.add(scores, bias);
  if (mixes) scores = l.projection(scores, heads);
  scores = l.softmax(scores, kernels::axis_h);
  if (mixes) scores = l.projection(scores, heads);
  const ValueId y = l.product(l.reshape(scores, flat), l.permute(apart(v, wide), {0, 3, 2, 1}));
  return l.add(l.reshape(y, {.w = qe.w, .h = qe.h, .c = heads * wide, .n = e.n}), local);
}

// With a stride: among places of half as many rows and columns, then spread by the texture unit.
ValueId attention(Layers& l, ValueId x, int stride) {
  constexpr std::int64_t size = 32;
  const std::int64_t c = l.extents(x).c;
  if (stride > 1) x = depthwise(l, x, stride);
  const ValueId q = l.projection(x, heads * size, attention_gain(size));
  ValueId y = attended(l, q, x, size, 1, true);
  if (stride > 1) y = l.upsample(y);
  return l.projection(l.unary(y, "gelu"), c);
}

// Beside the convolution that shrinks the image.
ValueId attention_downsample(Layers& l, ValueId x, std::int64_t out) {
  constexpr std::int64_t size = 16;
  const ValueId sampled = l.add(depthwise(l, x, 2), l.average_pool(x, 1, 2, 0));
  const ValueId q = l.projection(sampled, heads * size, attention_gain(size));
  return l.projection(l.unary(attended(l, q, x, size, 2, false), "gelu"), out);
}

Outputs efficientformer_v2(Layers& l, ValueId x, const Shape& s) {
  x = l.conv(x, s.widths[0] / 2, {.kh = 3, .kw = 3, .stride = 2, .activation = "gelu"});
  x = l.conv(x, s.widths[0], {.kh = 3, .kw = 3, .stride = 2, .activation = "gelu"});
  for (std::size_t stage = 0; stage < s.widths.size(); ++stage) {
    const std::int64_t c = s.widths[stage];
    const bool late = stage >= 2, last = stage == 3;
    if (stage > 0) {
      const ValueId y = l.conv(x, c, {.kh = 3, .kw = 3, .stride = 2}, false);
      x = last ? l.add(attention_downsample(l, x, c), y) : y;
    }
    for (int i = 0; i < s.depths[stage]; ++i) {
      // The scale behind a branch is its product's.
      if (late && i >= s.depths[stage] - s.attending) x = l.add(attention(l, x, last ? 1 : 2), x);
      const auto& narrow = s.narrow[last ? 1 : 0];
      const std::int64_t hidden = c * (late && i >= narrow[0] && i < narrow[1] ? 3 : 4);
      const ValueId y = depthwise(l, l.linear(x, hidden, "gelu"), 1, "gelu", true);
      x = l.add(l.projection(y, c), x);
    }
  }
  x = l.global_average(x);
  // The distilled form has two heads, of which the mean answers.
  return {l.linear(x, 1000, "none", false), l.linear(x, 1000, "none", false)};
}

}  // namespace

Outputs efficientformer_v2_s0(Layers& l, ValueId x) {
  return efficientformer_v2(l, x, {{32, 48, 96, 176}, {2, 2, 6, 4}, 2, {{{1, 4}, {1, 3}}}});
}
Outputs efficientformer_v2_s1(Layers& l, ValueId x) {
  return efficientformer_v2(l, x, {{32, 48, 120, 224}, {3, 3, 9, 6}, 2, {{{2, 6}, {2, 4}}}});
}
Outputs efficientformer_v2_s2(Layers& l, ValueId x) {
  return efficientformer_v2(l, x, {{32, 64, 144, 288}, {4, 4, 12, 8}, 4, {{{2, 8}, {2, 6}}}});
}
Outputs efficientformer_v2_l(Layers& l, ValueId x) {
  return efficientformer_v2(l, x, {{40, 80, 192, 384}, {5, 5, 15, 10}, 6, {{{4, 11}, {3, 7}}}});
}

}  // namespace ane::workloads::families
