// MobileOne S0 to S4 as deployed: each block one depthwise and one pointwise convolution, the
// training branches folded (Vasu et al. 2023, table 2; widths of apple/ml-mobileone). The last
// stages of S4 have squeeze and excitation in the source.
#include <array>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

Outputs mobileone(Layers& l, ValueId x, const std::array<double, 4>& width, bool excited) {
  const std::array<int, 4> blocks{2, 8, 10, 1};
  const std::array<double, 4> base{64, 128, 256, 512};
  x = l.conv(x, static_cast<std::int64_t>(std::min(64.0, 64 * width[0])),
             {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  const auto se = [&](ValueId v) {
    const std::int64_t c = l.extents(v).c;
    ValueId s = l.global_average(v);
    s = l.linear(s, c / 16, "relu");
    return l.multiply(v, l.linear(s, c, "sigmoid", false));
  };
  for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
    const auto cout = static_cast<std::int64_t>(base[stage] * width[stage]);
    for (int i = 0; i < blocks[stage]; ++i) {
      const std::int64_t c = l.extents(x).c;
      const bool with_se = excited && (stage == 3 || (stage == 2 && i >= blocks[stage] / 2));
      const std::string f = with_se ? "none" : "relu";
      x = l.conv(x, c, {.kh = 3, .kw = 3, .stride = i == 0 ? 2 : 1, .groups = c, .activation = f});
      if (with_se) x = l.unary(se(x), "relu");
      x = l.conv(x, cout, {.activation = f});
      if (with_se) x = l.unary(se(x), "relu");
    }
  }
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

}  // namespace

Outputs mobileone_s0(Layers& l, ValueId x) {
  return mobileone(l, x, {0.75, 1, 1, 2}, false);
}
Outputs mobileone_s1(Layers& l, ValueId x) {
  return mobileone(l, x, {1.5, 1.5, 2, 2.5}, false);
}
Outputs mobileone_s2(Layers& l, ValueId x) {
  return mobileone(l, x, {1.5, 2, 2.5, 4}, false);
}
Outputs mobileone_s3(Layers& l, ValueId x) {
  return mobileone(l, x, {2, 2.5, 3, 4}, false);
}
Outputs mobileone_s4(Layers& l, ValueId x) {
  return mobileone(l, x, {3, 3.5, 3.5, 4}, true);
}

}  // namespace ane::workloads::families
