// PoolFormer (Yu et al. 2022, table 1: attention replaced by an average of the neighbours) and
// ConvMixer (Trockman and Kolter 2022: one patch size and width throughout).
#include <array>
#include <string>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

Outputs poolformer(Layers& l, ValueId x, const std::array<int, 4>& depths) {
  constexpr std::array<std::int64_t, 4> widths{64, 128, 320, 512};
  int norms = 0;
  // Of all channels and positions; a factor and a sum of each channel are one task of the array.
  const auto normal = [&](ValueId v) {
    const Extents e = l.extents(v);
    Attributes a;
    a.axes = kernels::axis_w | kernels::axis_h;
    a.epsilon = 1e-5;
    const ValueId whole = l.reshape(v, {.w = e.w, .h = e.h * e.c, .c = 1, .n = e.n});
    const ValueId y = l.graph().node("layer_norm", "norm" + std::to_string(norms++), {whole}, a);
    return l.conv(l.reshape(y, e), e.c, {.groups = e.c}, false);
  };
  for (std::size_t s = 0; s < depths.size(); ++s) {
    const std::int64_t c = widths[s];
    x = s == 0 ? l.conv(x, c, {.kh = 7, .kw = 7, .stride = 4, .pad = 2}, false)
               : l.conv(x, c, {.kh = 3, .kw = 3, .stride = 2}, false);
    for (int i = 0; i < depths[s]; ++i) {
      // The scale of the second branch is its product's.
      const std::string tag = std::to_string(s) + "." + std::to_string(i);
      const ValueId y = normal(x);
      const ValueId around =
          l.graph().elementwise("mix" + tag, "sub", l.average_pool(y, 3, 1, 1), y);
      const ValueId scale = l.seeded("scale" + tag, {.w = 1, .h = 1, .c = c, .n = 1}, 0.1F, 0.1F);
      x = l.add(l.multiply(around, scale), x);
      x = l.add(l.projection(l.linear(normal(x), 4 * c, "gelu"), c), x);
    }
  }
  return {l.linear(l.global_average(normal(x)), 1000, "none", false)};
}

}  // namespace

Outputs poolformer_s12(Layers& l, ValueId x) {
  return poolformer(l, x, {2, 2, 6, 2});
}
Outputs poolformer_s24(Layers& l, ValueId x) {
  return poolformer(l, x, {4, 4, 12, 4});
}
Outputs poolformer_s36(Layers& l, ValueId x) {
  return poolformer(l, x, {6, 6, 18, 6});
}

Outputs convmixer_768_32(Layers& l, ValueId x) {
  constexpr std::int64_t c = 768;
  // A norm behind a ReLU does not fold into the convolution before it: a factor and a sum of each
  // channel.
  const auto normal = [&](ValueId v) { return l.conv(v, c, {.groups = c}, false); };
  x = normal(l.conv(x, c, {.kh = 7, .kw = 7, .stride = 7, .pad = 0, .activation = "relu"}, false));
  for (int i = 0; i < 32; ++i) {
    const ValueId y = l.conv(x, c, {.kh = 7, .kw = 7, .groups = c, .activation = "relu"}, false);
    x = normal(l.linear(l.add(normal(y), x), c, "relu", false));
  }
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

}  // namespace ane::workloads::families
