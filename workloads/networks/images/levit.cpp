// LeViT (Graham et al. 2021, tables 1 and 2; the authors' repository): convolutions to a sixteenth
// of the sides, then attention with a bias of each pair of places and values wider than keys, norms
// folded. Written with features last.
#include <array>
#include <string>

#include "workloads/networks/families.h"
#include "workloads/networks/features_last.h"

namespace ane::workloads::families {
namespace {

struct Shape {
  std::array<std::int64_t, 3> widths, heads;
  std::array<int, 3> depths;
  std::int64_t size;  // of a key
};

// [n, 1, places, heads size] as a matrix [n heads, size, 1, places] of each head.
ValueId matrices(Layers& l, ValueId x, std::int64_t heads) {
  const Extents e = l.extents(x);
  x = l.reshape(x, {.w = e.w / heads, .h = heads, .c = e.h, .n = e.n});
  return l.reshape(l.permute(x, {0, 2, 3, 1}),
                   {.w = e.h, .h = 1, .c = e.w / heads, .n = e.n * heads});
}

// The mixed values of the queries' places: their heads side by side.
ValueId attended(Layers& l, ValueId queries, ValueId keys, ValueId values, std::int64_t heads) {
  ValueId scores = l.product(queries, keys);  // [n heads, keys, 1, queries]
  const Extents e = l.extents(scores);
  const Extents apart{.w = e.w, .h = e.c, .c = heads, .n = e.n / heads};
  const ValueId bias =
      l.seeded("bias of " + std::to_string(scores), {.w = e.w, .h = e.c, .c = heads, .n = 1}, 0, 1);
  scores = l.reshape(l.add(l.reshape(scores, apart), bias), e);
  const ValueId y = l.product(l.softmax(scores, kernels::axis_c), l.permute(values, {0, 3, 2, 1}));
  const std::int64_t size = l.extents(y).c;
  const ValueId joined =
      l.permute(l.reshape(y, {.w = e.w, .h = size, .c = heads, .n = apart.n}), {0, 3, 1, 2});
  return l.reshape(joined, {.w = heads * size, .h = e.w, .c = 1, .n = apart.n});
}

Outputs levit(Layers& l, ValueId x, const Shape& s) {
  constexpr int stem = 4;
  for (int i = 0; i < stem; ++i)
    x = l.conv(x, s.widths[0] >> (stem - 1 - i),
               {.kh = 3, .kw = 3, .stride = 2, .activation = i + 1 < stem ? "hard_swish" : "none"},
               i + 1 < stem);
  FeaturesLast written(l, 1);
  const auto rows = [&](ValueId v) {
    const Extents e = l.extents(v);
    return written.from_channels(l.reshape(v, {.w = e.w * e.h, .h = 1, .c = e.c, .n = e.n}));
  };
  const auto feed_forward = [&](ValueId v) {
    const ValueId channels = written.to_channels(v);
    const std::int64_t c = l.extents(channels).c;
    return l.add(written.from_channels(l.projection(l.linear(channels, 2 * c, "hard_swish"), c)),
                 v);
  };
  // The product behind it follows a hard swish.
  const auto out = [&](ValueId v, std::int64_t c) {
    return written.projection(l.unary(v, "hard_swish"), c);
  };
  Extents image = l.extents(x);
  x = rows(x);
  for (std::size_t stage = 0; stage < s.widths.size(); ++stage) {
    const std::int64_t c = s.widths[stage], size = s.size;
    if (stage > 0) {
      // Queries of every second row and column; values are four times as wide as keys.
      const std::int64_t before = s.widths[stage - 1], heads = before / size;
      const ValueId all = matrices(l, written.projection(x, heads * 5 * size), heads);
      const ValueId sampled = l.average_pool(l.reshape(written.to_channels(x), image), 1, 2, 0);
      image = l.extents(sampled);
      const ValueId queries =
          matrices(l, written.projection(rows(sampled), heads * size, attention_gain(size)), heads);
      x = out(attended(l, queries, l.slice_channels(all, 0, size),
                       l.slice_channels(all, size, 4 * size), heads),
              c);
      image.c = c;
      x = feed_forward(x);
    }
    for (int i = 0; i < s.depths[stage]; ++i) {
      const std::int64_t heads = s.heads[stage];
      const ValueId all = matrices(l, written.projection(x, heads * 4 * size), heads);
      const ValueId y =
          attended(l, l.slice_channels(all, 0, size), l.slice_channels(all, size, size),
                   l.slice_channels(all, 2 * size, 2 * size), heads);
      x = feed_forward(l.add(out(y, c), x));
    }
  }
  x = written.to_channels(l.graph().reduce("mean of places", "mean", kernels::axis_h, x));
  // The distilled form has two heads, of which the mean answers.
  return {l.linear(x, 1000, "none", false), l.linear(x, 1000, "none", false)};
}

}  // namespace

Outputs levit_128s(Layers& l, ValueId x) {
  return levit(l, x, {{128, 256, 384}, {4, 6, 8}, {2, 3, 4}, 16});
}
Outputs levit_128(Layers& l, ValueId x) {
  return levit(l, x, {{128, 256, 384}, {4, 8, 12}, {4, 4, 4}, 16});
}
Outputs levit_192(Layers& l, ValueId x) {
  return levit(l, x, {{192, 288, 384}, {3, 5, 6}, {4, 4, 4}, 32});
}
Outputs levit_256(Layers& l, ValueId x) {
  return levit(l, x, {{256, 384, 512}, {4, 6, 8}, {4, 4, 4}, 32});
}
Outputs levit_384(Layers& l, ValueId x) {
  return levit(l, x, {{384, 512, 768}, {6, 9, 12}, {4, 4, 4}, 32});
}

}  // namespace ane::workloads::families
