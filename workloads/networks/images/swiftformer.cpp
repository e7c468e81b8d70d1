// SwiftFormer (Shaker et al. 2023, table of its supplement; the authors' repository): convolutions,
// and in the last block of a stage additive attention, which weighs all positions by one score
// each. That part is written with features last.
#include <array>
#include <string>

#include "workloads/networks/families.h"
#include "workloads/networks/features_last.h"

namespace ane::workloads::families {
namespace {

// To length 1 along an axis.
ValueId unit(Layers& l, ValueId x, kernels::Axis axis) {
  Attributes a;
  a.operation = "sum_squares";
  a.axes = axis;
  a.add = 1e-12;
  a.activation = "rsqrt";
  const ValueId inverse =
      l.graph().node("reduce", "inverse length of " + std::to_string(x), {l.fp16(x)}, a);
  return l.multiply(x, inverse);
}

ValueId additive_attention(Layers& l, ValueId x) {
  FeaturesLast written(l, 1);
  const std::int64_t c = l.extents(x).w;
  const ValueId query = unit(l, written.projection(x, c), kernels::axis_w);
  const ValueId key = unit(l, written.projection(x, c), kernels::axis_w);
  const ValueId scores = unit(l, written.projection(query, 1, attention_gain(c)), kernels::axis_h);
  const ValueId weighed = l.multiply(query, scores);
  const ValueId context =
      l.graph().reduce("context of " + std::to_string(weighed), "sum", kernels::axis_h, weighed);
  const ValueId y = l.add(written.projection(l.multiply(key, context), c), query);
  return written.projection(y, c);
}

Outputs swiftformer(Layers& l, ValueId x, const std::array<std::int64_t, 4>& widths,
                    const std::array<int, 4>& depths) {
  // The scale behind a branch is its product's.
  const auto mixed = [&](ValueId v, std::int64_t hidden) {
    const std::int64_t c = l.extents(v).c;
    const ValueId y = l.conv(v, c, {.kh = 3, .kw = 3, .groups = c});
    return l.add(l.projection(l.linear(y, hidden, "gelu"), c), v);
  };
  x = l.conv(x, widths[0] / 2, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  x = l.conv(x, widths[0], {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  for (std::size_t s = 0; s < widths.size(); ++s) {
    const std::int64_t c = widths[s];
    if (s > 0) x = l.conv(x, c, {.kh = 3, .kw = 3, .stride = 2}, false);
    for (int i = 0; i + 1 < depths[s]; ++i) x = mixed(x, 4 * c);
    x = mixed(x, c);
    FeaturesLast written(l, 1);
    const Extents image = l.extents(x);
    const Extents row{.w = image.w * image.h, .h = 1, .c = c, .n = image.n};
    const ValueId y = additive_attention(l, written.from_channels(l.reshape(x, row)));
    x = l.add(l.reshape(written.to_channels(y), image), x);
    x = l.add(l.projection(l.linear(x, 4 * c, "gelu"), c), x);
  }
  x = l.global_average(x);
  // The distilled form has two heads, of which the mean answers.
  return {l.linear(x, 1000, "none", false), l.linear(x, 1000, "none", false)};
}

}  // namespace

Outputs swiftformer_xs(Layers& l, ValueId x) {
  return swiftformer(l, x, {48, 56, 112, 220}, {3, 3, 6, 4});
}
Outputs swiftformer_s(Layers& l, ValueId x) {
  return swiftformer(l, x, {48, 64, 168, 224}, {3, 3, 9, 6});
}
Outputs swiftformer_l1(Layers& l, ValueId x) {
  return swiftformer(l, x, {48, 96, 192, 384}, {4, 3, 10, 5});
}
Outputs swiftformer_l3(Layers& l, ValueId x) {
  return swiftformer(l, x, {64, 128, 320, 512}, {4, 4, 12, 6});
}

}  // namespace ane::workloads::families
