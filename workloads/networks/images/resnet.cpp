// ResNet (He et al. 2016, table 1; the stride of a bottleneck is in its 3x3, as torchvision),
// ResNeXt (Xie et al. 2017, table 1: 32 groups) and Wide ResNet (Zagoruyko and Komodakis 2016).
#include <array>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

struct Shape {
  std::array<int, 4> blocks;
  bool bottleneck;
  int inner = 1;  // width between the products of a bottleneck, as a multiple
  std::int64_t groups = 1;
  int coarsest = 32;  // positions of the image to one of the last stage
};

ValueId block(Layers& l, ValueId x, std::int64_t width, int stride, int dilation, const Shape& s) {
  const std::int64_t cout = s.bottleneck ? 4 * width : width;
  ValueId y = x;
  if (s.bottleneck) {
    y = l.linear(y, s.inner * width, "relu");
    y = l.conv(y, s.inner * width,
               {.kh = 3,
                .kw = 3,
                .stride = stride,
                .dilation = dilation,
                .groups = s.groups,
                .activation = "relu"});
    y = l.conv(y, cout, {}, false);
  } else {
    y = l.conv(y, width, {.kh = 3, .kw = 3, .stride = stride, .activation = "relu"});
    y = l.conv(y, cout, {.kh = 3, .kw = 3}, false);
  }
  if (stride != 1 || l.extents(x).c != cout) x = l.conv(x, cout, {.stride = stride}, false);
  return l.add(y, x, "relu");
}

// A stage that would pass the coarsest keeps the positions and spreads its kernels instead, but for
// the first one's (torchvision).
std::vector<ValueId> stages(Layers& l, ValueId x, const Shape& shape) {
  x = l.conv(x, 64, {.kh = 7, .kw = 7, .stride = 2, .activation = "relu"});
  x = l.max_pool(x, 3, 2, 1);
  std::vector<ValueId> results;
  std::int64_t width = 64;
  int reached = 4, dilation = 1;
  for (std::size_t s = 0; s < shape.blocks.size(); ++s, width *= 2) {
    const bool halves = s > 0 && 2 * reached <= shape.coarsest;
    const int first = dilation;
    if (halves) reached *= 2;
    if (s > 0 && !halves) dilation *= 2;
    for (int i = 0; i < shape.blocks[s]; ++i)
      x = block(l, x, width, halves && i == 0 ? 2 : 1, i == 0 ? first : dilation, shape);
    results.push_back(x);
  }
  return results;
}

Outputs classify(Layers& l, ValueId x) {
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

}  // namespace

std::vector<ValueId> resnet_stages(Layers& l, ValueId x, const std::array<int, 4>& blocks) {
  return stages(l, x, {blocks, false});
}
std::vector<ValueId> bottleneck_stages(Layers& l, ValueId x, const std::array<int, 4>& blocks,
                                       int coarsest) {
  return stages(l, x, {.blocks = blocks, .bottleneck = true, .coarsest = coarsest});
}
Outputs resnet18(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {{2, 2, 2, 2}, false}).back());
}
Outputs resnet34(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {{3, 4, 6, 3}, false}).back());
}
Outputs resnet50(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {{3, 4, 6, 3}, true}).back());
}
Outputs resnet101(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {{3, 4, 23, 3}, true}).back());
}

Outputs resnet152(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {{3, 8, 36, 3}, true}).back());
}

Outputs resnext50_32x4d(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {{3, 4, 6, 3}, true, 2, 32}).back());
}
Outputs wide_resnet50_2(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {{3, 4, 6, 3}, true, 2}).back());
}

}  // namespace ane::workloads::families
