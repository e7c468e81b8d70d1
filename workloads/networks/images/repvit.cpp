// RepViT as deployed (Wang et al. 2024; the authors' repository): depthwise 3x3 with its branches
// folded, excitation in every second block, then two products of twice the width.
#include <algorithm>
#include <array>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

Outputs repvit(Layers& l, ValueId x, std::int64_t width, const std::array<int, 4>& depths) {
  const auto depthwise = [&](ValueId v, int stride) {
    const std::int64_t c = l.extents(v).c;
    return l.conv(v, c, {.kh = 3, .kw = 3, .stride = stride, .groups = c});
  };
  const auto feed_forward = [&](ValueId v) {
    const std::int64_t c = l.extents(v).c;
    return l.add(l.projection(l.linear(v, 2 * c, "gelu"), c), v);
  };
  const auto excite = [&](ValueId v) {
    const std::int64_t c = l.extents(v).c;
    const std::int64_t squeezed = std::max<std::int64_t>(8, (c / 4 + 4) / 8 * 8);
    const ValueId s = l.linear(l.global_average(v), squeezed, "relu");
    return l.multiply(v, l.linear(s, c, "sigmoid", false));
  };
  x = l.conv(x, width / 2, {.kh = 3, .kw = 3, .stride = 2, .activation = "gelu"});
  x = l.conv(x, width, {.kh = 3, .kw = 3, .stride = 2});
  for (std::size_t s = 0; s < depths.size(); ++s) {
    if (s > 0) {
      x = feed_forward(depthwise(x, 1));
      width *= 2;
      x = feed_forward(l.linear(depthwise(x, 2), width));
    }
    for (int i = 0; i < depths[s]; ++i) {
      x = depthwise(x, 1);
      x = feed_forward(i % 2 == 0 ? excite(x) : x);
    }
  }
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

}  // namespace

Outputs repvit_m0_9(Layers& l, ValueId x) {
  return repvit(l, x, 48, {2, 2, 14, 2});
}
Outputs repvit_m1_0(Layers& l, ValueId x) {
  return repvit(l, x, 56, {2, 2, 14, 2});
}
Outputs repvit_m1_1(Layers& l, ValueId x) {
  return repvit(l, x, 64, {2, 2, 12, 2});
}
Outputs repvit_m1_5(Layers& l, ValueId x) {
  return repvit(l, x, 64, {4, 4, 24, 4});
}
Outputs repvit_m2_3(Layers& l, ValueId x) {
  return repvit(l, x, 80, {6, 6, 34, 2});
}

}  // namespace ane::workloads::families
