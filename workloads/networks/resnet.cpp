// ResNet (He et al. 2016, table 1; the stride of a bottleneck is in its 3x3, as torchvision).
#include <array>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

ValueId block(Layers& l, ValueId x, std::int64_t width, int stride, bool bottleneck) {
  const std::int64_t cout = bottleneck ? 4 * width : width;
  ValueId y = x;
  if (bottleneck) {
    y = l.linear(y, width, "relu");
    y = l.conv(y, width, {.kh = 3, .kw = 3, .stride = stride, .activation = "relu"});
    y = l.conv(y, cout, {}, false);
  } else {
    y = l.conv(y, width, {.kh = 3, .kw = 3, .stride = stride, .activation = "relu"});
    y = l.conv(y, cout, {.kh = 3, .kw = 3}, false);
  }
  if (stride != 1 || l.extents(x).c != cout) x = l.conv(x, cout, {.stride = stride}, false);
  return l.add(y, x, "relu");
}

std::vector<ValueId> stages(Layers& l, ValueId x, const std::array<int, 4>& blocks,
                            bool bottleneck) {
  x = l.conv(x, 64, {.kh = 7, .kw = 7, .stride = 2, .activation = "relu"});
  x = l.max_pool(x, 3, 2, 1);
  std::vector<ValueId> results;
  std::int64_t width = 64;
  for (std::size_t s = 0; s < blocks.size(); ++s, width *= 2) {
    for (int i = 0; i < blocks[s]; ++i) x = block(l, x, width, s > 0 && i == 0 ? 2 : 1, bottleneck);
    results.push_back(x);
  }
  return results;
}

Outputs classify(Layers& l, ValueId x) {
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

}  // namespace

std::vector<ValueId> resnet_stages(Layers& l, ValueId x, const std::array<int, 4>& blocks) {
  return stages(l, x, blocks, false);
}
Outputs resnet18(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {2, 2, 2, 2}, false).back());
}
Outputs resnet34(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {3, 4, 6, 3}, false).back());
}
Outputs resnet50(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {3, 4, 6, 3}, true).back());
}
Outputs resnet101(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {3, 4, 23, 3}, true).back());
}

Outputs resnet152(Layers& l, ValueId x) {
  return classify(l, stages(l, x, {3, 8, 36, 3}, true).back());
}

}  // namespace ane::workloads::families
