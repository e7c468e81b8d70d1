// YOLOv6 (Li et al. 2023, release 3.0: yolov6n.py and yolov6s.py), its branches of training folded
// into one 3x3 each. A transposed convolution as wide as its stride has one tap a position: here a
// product behind the doubling.
#include <array>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

ValueId conv(Layers& l, ValueId x, std::int64_t c, int kernel, int stride = 1) {
  return l.conv(x, c, {.kh = kernel, .kw = kernel, .stride = stride, .activation = "relu"});
}

ValueId chain(Layers& l, ValueId x, std::int64_t c, int count) {
  for (int i = 0; i < count; ++i) x = conv(l, x, c, 3);
  return x;
}

ValueId join(Layers& l, const std::vector<ValueId>& parts) {
  return l.concat(parts, kernels::axis_c);
}

// Three levels in one of c channels, the middle one's size.
ValueId fuse(Layers& l, ValueId coarse, ValueId middle, ValueId fine, std::int64_t c) {
  const ValueId large = l.linear(l.upsample(coarse), c);
  const ValueId same = conv(l, middle, c, 1);
  const ValueId small = conv(l, conv(l, fine, c, 1), c, 3, 2);
  return conv(l, join(l, {large, same, small}), c, 1);
}

// `c`: of the first stage; the others double.
Outputs v6(Layers& l, ValueId x, std::int64_t c) {
  constexpr std::array<int, 4> repeats{2, 4, 6, 2};
  x = conv(l, x, c, 3, 2);
  std::vector<ValueId> stages;
  for (std::size_t s = 0; s < 4; ++s) {
    const std::int64_t width = c << (s + 1);
    x = chain(l, conv(l, x, width, 3, 2), width, repeats.at(s));
    stages.push_back(x);
  }
  // Poolings behind each other between convolutions, beside a product.
  const ValueId beside = conv(l, x, 8 * c, 1);
  std::vector<ValueId> pools{conv(l, conv(l, conv(l, x, 8 * c, 1), 8 * c, 3), 8 * c, 1)};
  for (int i = 0; i < 3; ++i) pools.push_back(l.max_pool(pools.back(), 5, 1, 2));
  const ValueId pooled = conv(l, conv(l, join(l, pools), 8 * c, 1), 8 * c, 3);
  x = conv(l, join(l, {beside, pooled}), 16 * c, 1);
  constexpr int count = 4;
  const ValueId n5 = conv(l, x, 4 * c, 1);
  x = chain(l, fuse(l, n5, stages[2], stages[1], 4 * c), 4 * c, count);
  const ValueId n4 = conv(l, x, 2 * c, 1);
  const ValueId o3 = chain(l, fuse(l, n4, stages[1], stages[0], 2 * c), 2 * c, count);
  const ValueId o4 = chain(l, join(l, {conv(l, o3, 2 * c, 3, 2), n4}), 4 * c, count);
  const ValueId o5 = chain(l, join(l, {conv(l, o4, 4 * c, 3, 2), n5}), 8 * c, count);
  Outputs out;
  for (const ValueId o : {o3, o4, o5}) {
    const std::int64_t width = l.extents(o).c;
    const ValueId stem = conv(l, o, width, 1);
    out.push_back(l.linear(conv(l, stem, width, 3), 80, "sigmoid", false));
    out.push_back(l.linear(conv(l, stem, width, 3), 4, "none", false));
  }
  return out;
}

}  // namespace

Outputs yolov6n(Layers& l, ValueId x) {
  return v6(l, x, 16);
}
Outputs yolov6s(Layers& l, ValueId x) {
  return v6(l, x, 32);
}

}  // namespace ane::workloads::families
