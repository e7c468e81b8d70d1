// Single-shot detectors (Liu et al. 2016) on MobileNets: SSD on v1 and v2 and SSDLite on v2 by
// tensorflow/models (ssd_mobilenet_v1_coco, ssd_mobilenet_v2_coco, ssdlite_mobilenet_v2_coco;
// counts of Open Model Zoo) and SSDLite on v3 large by torchvision (ssdlite320_mobilenet_v3_large).
// 91 classes; boxes are decoded by the host.
#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

struct Form {
  bool lite;                    // depthwise convolutions and products on the way to coarser levels
  bool lite_heads;              // a depthwise convolution before the product that predicts
  int kernel;                   // that predicts
  std::int64_t finest_anchors;  // boxes a position of the finest level; elsewhere 6
};

Outputs detector(Layers& l, const std::array<ValueId, 2>& levels, const Form& form) {
  const auto depthwise = [&](ValueId v, int stride) {
    const std::int64_t c = l.extents(v).c;
    return l.conv(v, c, {.kh = 3, .kw = 3, .stride = stride, .groups = c, .activation = "relu6"});
  };
  std::vector<ValueId> all{levels[0], levels[1]};
  for (const std::int64_t c : {512, 256, 256, 128}) {
    const ValueId narrow = l.linear(all.back(), c / 2, "relu6");
    all.push_back(form.lite
                      ? l.linear(depthwise(narrow, 2), c, "relu6")
                      : l.conv(narrow, c, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu6"}));
  }
  Outputs out;
  for (std::size_t level = 0; level < all.size(); ++level) {
    const std::int64_t anchors = level == 0 ? form.finest_anchors : 6;
    for (const std::int64_t numbers : {4, 91}) {
      const ValueId y = form.lite_heads ? depthwise(all[level], 1) : all[level];
      out.push_back(l.conv(y, anchors * numbers, {.kh = form.kernel, .kw = form.kernel}, false));
    }
  }
  return out;
}

}  // namespace

Outputs ssd_mobilenet_v1(Layers& l, ValueId x) {
  return detector(l, mobilenet_v1_levels(l, x), {false, false, 1, 3});
}
Outputs ssd_mobilenet_v2(Layers& l, ValueId x) {
  return detector(l, mobilenet_v2_levels(l, x), {true, false, 3, 3});
}
Outputs ssdlite_mobilenet_v2(Layers& l, ValueId x) {
  return detector(l, mobilenet_v2_levels(l, x), {true, true, 1, 3});
}
Outputs ssdlite_mobilenet_v3_large(Layers& l, ValueId x) {
  return detector(l, mobilenet_v3_large_levels(l, x), {true, true, 1, 6});
}

}  // namespace ane::workloads::families
