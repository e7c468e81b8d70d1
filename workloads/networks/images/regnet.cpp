// RegNet X and Y (Radosavovic et al. 2020, tables 5 and 9; the rule of its section 3.3 gives widths
// and depths), with widths in whole groups as torchvision has them.
#include <algorithm>
#include <cmath>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

struct Shape {
  int depth;
  double first, slope, step;  // w_0, w_a, w_m
  std::int64_t group;         // channels of one
  bool excited;               // Y
};

std::int64_t in_groups(std::int64_t width, std::int64_t group) {  // never under 90 % of the width
  const std::int64_t whole = std::max(group, (width + group / 2) / group * group);
  return static_cast<double>(whole) < 0.9 * static_cast<double>(width) ? whole + group : whole;
}

Outputs regnet(Layers& l, ValueId x, const Shape& s) {
  x = l.conv(x, 32, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  std::int64_t stage = 0;
  for (int block = 0; block < s.depth; ++block) {
    const double power =
        std::nearbyint(std::log((s.first + s.slope * block) / s.first) / std::log(s.step));
    const auto width =
        static_cast<std::int64_t>(8 * std::nearbyint(s.first * std::pow(s.step, power) / 8));
    const int stride = width == stage ? 1 : 2;
    stage = width;
    const std::int64_t cin = l.extents(x).c, group = std::min(s.group, width);
    const std::int64_t c = in_groups(width, group);
    ValueId y = l.linear(x, c, "relu");
    y = l.conv(y, c,
               {.kh = 3, .kw = 3, .stride = stride, .groups = c / group, .activation = "relu"});
    if (s.excited) {
      const auto squeezed =
          static_cast<std::int64_t>(std::nearbyint(0.25 * static_cast<double>(cin)));
      const ValueId e = l.linear(l.global_average(y), squeezed, "relu");
      y = l.multiply(y, l.linear(e, c, "sigmoid", false));
    }
    y = l.conv(y, c, {}, false);
    if (stride > 1 || cin != c) x = l.conv(x, c, {.stride = stride}, false);
    x = l.add(y, x, "relu");
  }
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

}  // namespace

Outputs regnet_x_400mf(Layers& l, ValueId x) {
  return regnet(l, x, {22, 24, 24.48, 2.54, 16, false});
}
Outputs regnet_x_800mf(Layers& l, ValueId x) {
  return regnet(l, x, {16, 56, 35.73, 2.28, 16, false});
}
Outputs regnet_x_1_6gf(Layers& l, ValueId x) {
  return regnet(l, x, {18, 80, 34.01, 2.25, 24, false});
}
Outputs regnet_x_3_2gf(Layers& l, ValueId x) {
  return regnet(l, x, {25, 88, 26.31, 2.25, 48, false});
}
Outputs regnet_x_8gf(Layers& l, ValueId x) {
  return regnet(l, x, {23, 80, 49.56, 2.88, 120, false});
}
Outputs regnet_y_400mf(Layers& l, ValueId x) {
  return regnet(l, x, {16, 48, 27.89, 2.09, 8, true});
}
Outputs regnet_y_800mf(Layers& l, ValueId x) {
  return regnet(l, x, {14, 56, 38.84, 2.4, 16, true});
}
Outputs regnet_y_1_6gf(Layers& l, ValueId x) {
  return regnet(l, x, {27, 48, 20.71, 2.65, 24, true});
}
Outputs regnet_y_3_2gf(Layers& l, ValueId x) {
  return regnet(l, x, {21, 80, 42.63, 2.66, 24, true});
}
Outputs regnet_y_8gf(Layers& l, ValueId x) {
  return regnet(l, x, {17, 192, 76.82, 2.19, 56, true});
}

}  // namespace ane::workloads::families
