// MobileViG (Munir et al. 2023, table 1; the authors' repository): inverted residuals, then graph
// convolutions over the same graph for every image: of each place with every second one of its row
// and column, of which the largest difference counts.
#include <array>
#include <string>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

struct Shape {
  std::array<std::int64_t, 4> widths;
  std::array<int, 4> depths;
  std::int64_t last;
};

// By `step` rows or columns, round.
ValueId rolled(Layers& l, ValueId x, kernels::Axis axis, std::int64_t step) {
  const Extents e = l.extents(x);
  const bool columns = axis == kernels::axis_w;
  const std::int64_t all = columns ? e.w : e.h;
  const auto part = [&](std::int64_t begin, std::int64_t count) {
    Attributes a;
    a.extents = e;
    (columns ? a.begin.w : a.begin.h) = begin;
    (columns ? a.extents.w : a.extents.h) = count;
    return l.graph().node("slice",
                          "places " + std::to_string(begin) + " of axis " + std::to_string(axis) +
                              " by " + std::to_string(step) + " of " + std::to_string(x),
                          {x}, a);
  };
  const ValueId tail = part(all - step, step);
  return l.concat({tail, part(0, all - step)}, axis);
}

Outputs mobilevig(Layers& l, ValueId x, const Shape& s) {
  const auto two = [&](const char* operation, ValueId a, ValueId b) {
    return l.graph().elementwise(
        std::string(operation) + std::to_string(a) + "," + std::to_string(b), operation, a, b);
  };
  const auto neighbours = [&](ValueId v) {
    constexpr std::int64_t hop = 2;
    ValueId farthest = two("sub", v, v);
    for (const kernels::Axis axis : {kernels::axis_h, kernels::axis_w}) {
      const std::int64_t all = axis == kernels::axis_w ? l.extents(v).w : l.extents(v).h;
      for (std::int64_t i = hop; i < all; i += hop)
        farthest = two("max", farthest, two("sub", v, rolled(l, v, axis, i)));
    }
    return l.concat({v, farthest}, kernels::axis_c);
  };
  x = l.conv(x, s.widths[0] / 2, {.kh = 3, .kw = 3, .stride = 2, .activation = "gelu"});
  x = l.conv(x, s.widths[0], {.kh = 3, .kw = 3, .stride = 2, .activation = "gelu"});
  for (std::size_t stage = 0; stage < s.widths.size(); ++stage) {
    const std::int64_t c = s.widths[stage];
    if (stage > 0) x = l.conv(x, c, {.kh = 3, .kw = 3, .stride = 2}, false);
    for (int i = 0; i < s.depths[stage]; ++i) {
      if (stage + 1 < s.widths.size()) {
        // The scale behind the branch is its product's.
        ValueId y = l.linear(x, 4 * c, "gelu");
        y = l.conv(y, 4 * c, {.kh = 3, .kw = 3, .groups = 4 * c, .activation = "gelu"});
        x = l.add(l.projection(y, c), x);
        continue;
      }
      const ValueId y = l.linear(neighbours(l.projection(x, c)), 2 * c, "gelu");
      x = l.add(l.projection(y, c), x);
      x = l.add(l.projection(l.linear(x, 4 * c, "gelu"), c), x);
    }
  }
  x = l.linear(l.global_average(x), s.last, "gelu");
  // The distilled form has two heads, of which the mean answers.
  return {l.linear(x, 1000, "none", false), l.linear(x, 1000, "none", false)};
}

}  // namespace

Outputs mobilevig_ti(Layers& l, ValueId x) {
  return mobilevig(l, x, {{42, 84, 168, 256}, {2, 2, 6, 2}, 512});
}
Outputs mobilevig_s(Layers& l, ValueId x) {
  return mobilevig(l, x, {{42, 84, 176, 256}, {3, 3, 9, 3}, 512});
}
Outputs mobilevig_m(Layers& l, ValueId x) {
  return mobilevig(l, x, {{42, 84, 224, 400}, {3, 3, 9, 3}, 768});
}
Outputs mobilevig_b(Layers& l, ValueId x) {
  return mobilevig(l, x, {{42, 84, 240, 464}, {5, 5, 15, 5}, 768});
}

}  // namespace ane::workloads::families
