// SegFormer (Xie et al. 2021, table 6 of its appendix): four stages of attention to fewer keys, a
// convolution in each feed-forward, and a head of products. 150 classes (ADE20K) at stride 4.
#include <array>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

struct Size {
  std::int64_t width;  // of the first stage
  std::array<int, 4> depths;
  std::int64_t head;
};

// All positions in one row, as attention has them.
ValueId flat(Layers& l, ValueId x) {
  const Extents e = l.extents(x);
  return l.reshape(x, {.w = e.w * e.h, .h = 1, .c = e.c, .n = e.n});
}

Outputs segformer(Layers& l, ValueId x, const Size& s) {
  constexpr std::array<std::int64_t, 4> shares{1, 2, 5, 8};  // of heads and of the first width
  std::vector<ValueId> levels;
  for (std::size_t stage = 0; stage < 4; ++stage) {
    const std::int64_t c = s.width * shares[stage];
    const int fewer = 8 >> stage;
    x = stage == 0 ? l.conv(x, c, {.kh = 7, .kw = 7, .stride = 4}, false)
                   : l.conv(x, c, {.kh = 3, .kw = 3, .stride = 2}, false);
    const Extents e = l.extents(x);
    x = l.layer_norm(flat(l, x));
    for (int i = 0; i < s.depths.at(stage); ++i) {
      const ValueId y = l.layer_norm(x);
      ValueId seen = y;
      if (fewer > 1) {
        seen = l.conv(l.reshape(y, e), c, {.kh = fewer, .kw = fewer, .stride = fewer, .pad = 0},
                      false);
        seen = l.layer_norm(flat(l, seen));
      }
      const ValueId q = l.projection(y, c, attention_gain(s.width));
      const ValueId k = l.projection(seen, c), v = l.projection(seen, c);
      x = l.add(l.projection(l.attention(q, k, v, shares[stage], shares[stage]), c), x);
      const ValueId wide = l.reshape(l.projection(l.layer_norm(x), 4 * c),
                                     {.w = e.w, .h = e.h, .c = 4 * c, .n = e.n});
      const ValueId mixed = flat(
          l, l.conv(wide, 4 * c, {.kh = 3, .kw = 3, .groups = 4 * c, .activation = "gelu"}, false));
      x = l.add(l.projection(mixed, c), x);
    }
    x = l.reshape(l.layer_norm(x), e);
    levels.push_back(x);
  }
  for (std::size_t level = 0; level < 4; ++level) {
    ValueId y = l.linear(levels[level], s.head, "none", false);
    for (std::size_t i = 0; i < level; ++i) y = l.upsample(y);
    levels[level] = y;
  }
  x = l.linear(l.concat({levels[3], levels[2], levels[1], levels[0]}, kernels::axis_c), s.head,
               "relu");
  return {l.linear(x, 150, "none", false)};
}

}  // namespace

Outputs segformer_b0(Layers& l, ValueId x) {
  return segformer(l, x, {32, {2, 2, 2, 2}, 256});
}
Outputs segformer_b1(Layers& l, ValueId x) {
  return segformer(l, x, {64, {2, 2, 2, 2}, 256});
}
Outputs segformer_b2(Layers& l, ValueId x) {
  return segformer(l, x, {64, {3, 4, 6, 3}, 768});
}

}  // namespace ane::workloads::families
