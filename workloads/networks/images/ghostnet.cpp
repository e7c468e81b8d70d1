// GhostNet (Han et al. 2020, table 1; the authors' repository): half of the channels are products,
// the other half depthwise convolutions of those.
#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

ValueId depthwise(Layers& l, ValueId x, int kernel, int stride, const std::string& activation,
                  bool codes = true) {
  const std::int64_t c = l.extents(x).c;
  return l.conv(
      x, c, {.kh = kernel, .kw = kernel, .stride = stride, .groups = c, .activation = activation},
      codes);
}

ValueId ghost(Layers& l, ValueId x, std::int64_t out, const std::string& activation) {
  const ValueId first = l.linear(x, out / 2, activation);
  return l.concat({first, depthwise(l, first, 3, 1, activation, false)}, kernels::axis_c);
}

struct Block {
  int kernel;
  std::int64_t expanded, out;
  bool excited;
  int stride;
};

}  // namespace

Outputs ghostnet(Layers& l, ValueId x) {
  x = l.conv(x, 16, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  for (const Block& b : {Block{3, 16, 16, false, 1},
                         {3, 48, 24, false, 2},
                         {3, 72, 24, false, 1},
                         {5, 72, 40, true, 2},
                         {5, 120, 40, true, 1},
                         {3, 240, 80, false, 2},
                         {3, 200, 80, false, 1},
                         {3, 184, 80, false, 1},
                         {3, 184, 80, false, 1},
                         {3, 480, 112, true, 1},
                         {3, 672, 112, true, 1},
                         {5, 672, 160, true, 2},
                         {5, 960, 160, false, 1},
                         {5, 960, 160, true, 1},
                         {5, 960, 160, false, 1},
                         {5, 960, 160, true, 1}}) {
    ValueId y = ghost(l, x, b.expanded, "relu");
    if (b.stride > 1) y = depthwise(l, y, b.kernel, b.stride, "none");
    if (b.excited) {
      // A quarter, in whole fours.
      const ValueId e = l.linear(l.global_average(y), (b.expanded / 4 + 2) / 4 * 4, "relu");
      y = l.multiply(y, l.linear(e, b.expanded, "hard_sigmoid", false));
    }
    y = ghost(l, y, b.out, "none");
    if (b.stride > 1 || l.extents(x).c != b.out)
      x = l.conv(depthwise(l, x, b.kernel, b.stride, "none"), b.out, {}, false);
    x = l.add(y, x);
  }
  x = l.global_average(l.linear(x, 960, "relu"));
  return {l.linear(l.linear(x, 1280, "relu"), 1000, "none", false)};
}

}  // namespace ane::workloads::families
