// StarNet (Ma et al. 2024, table 10): two products of the same depthwise convolution are
// multiplied, channel by channel, in place of an activation between two layers.
#include <array>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

Outputs starnet(Layers& l, ValueId x, std::int64_t width, const std::array<int, 4>& depths) {
  constexpr int kernel = 7, ratio = 4;
  x = l.conv(x, 32, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu6"});
  std::int64_t c = width;
  for (const int depth : depths) {
    x = l.conv(x, c, {.kh = 3, .kw = 3, .stride = 2});
    for (int i = 0; i < depth; ++i) {
      const ValueId around = l.conv(x, c, {.kh = kernel, .kw = kernel, .groups = c});
      const ValueId gate = l.linear(around, ratio * c, "relu6", false);
      ValueId y = l.multiply(gate, l.linear(around, ratio * c, "none", false));
      y = l.conv(l.linear(y, c), c, {.kh = kernel, .kw = kernel, .groups = c}, false);
      x = l.add(y, x);
    }
    c *= 2;
  }
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

}  // namespace

Outputs starnet_s1(Layers& l, ValueId x) {
  return starnet(l, x, 24, {2, 2, 8, 3});
}
Outputs starnet_s2(Layers& l, ValueId x) {
  return starnet(l, x, 32, {1, 2, 6, 2});
}
Outputs starnet_s3(Layers& l, ValueId x) {
  return starnet(l, x, 32, {2, 2, 8, 4});
}
Outputs starnet_s4(Layers& l, ValueId x) {
  return starnet(l, x, 32, {3, 3, 12, 5});
}

}  // namespace ane::workloads::families
