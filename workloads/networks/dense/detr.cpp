// DETR (Carion et al. 2020) on ResNet-50, its transformer as PyTorch writes it: features last,
// norms behind the sums, positions added to queries and keys of every layer.
#include "workloads/networks/families.h"
#include "workloads/networks/features_last.h"

namespace ane::workloads::families {

Outputs detr_resnet50(Layers& l, ValueId x) {
  constexpr std::int64_t width = 256, heads = 8, ffn = 2048, wanted = 100;
  constexpr int layers = 6;
  x = l.linear(bottleneck_stages(l, x, {3, 4, 6, 3}, 32).back(), width, "none", false);
  const Extents e = l.extents(x);
  FeaturesLast blocks(l, heads);
  const auto constant = [&](const char* name, std::int64_t tokens) {
    return l.seeded(name, {.w = width, .h = tokens, .c = 1, .n = e.n}, 0, 1);
  };
  const auto closed = [&](ValueId v, ValueId attended) {
    return blocks.norm(l.add(blocks.projection(attended, width), v));
  };
  const auto fed = [&](ValueId v) {
    return blocks.norm(l.add(blocks.feed_forward(v, ffn, "relu"), v));
  };
  x = blocks.from_channels(l.reshape(x, {.w = e.w * e.h, .h = 1, .c = width, .n = e.n}));
  const ValueId places = constant("positions", e.w * e.h);
  for (int i = 0; i < layers; ++i) {
    const ValueId placed = l.add(x, places);
    x = fed(closed(x, blocks.mixed(placed, placed, x)));
  }
  const ValueId keys = l.add(x, places);
  const ValueId queries = constant("queries", wanted);
  ValueId y = constant("targets", wanted);
  for (int i = 0; i < layers; ++i) {
    const ValueId placed = l.add(y, queries);
    y = closed(y, blocks.mixed(placed, placed, y));
    y = fed(closed(y, blocks.mixed(l.add(y, queries), keys, x)));
  }
  y = blocks.to_channels(blocks.norm(y));
  const ValueId boxes = l.linear(l.linear(y, width, "relu"), width, "relu");
  return {l.linear(y, 92, "none", false), l.linear(boxes, 4, "sigmoid", false)};
}

}  // namespace ane::workloads::families
