// Segmentation by torchvision's forms: DeepLab v3 (Chen et al. 2017), FCN (Long et al. 2015) and
// LR-ASPP (Howard et al. 2019), without the second head of training; and DeepLab v3+ (Chen et al.
// 2018) by VainF/DeepLabV3Plus-Pytorch. torchvision's counts of multiplications on ResNets are with
// that second head, so there are none to hold here. Classes at the last convolution's positions:
// the host, or another resize, makes the image of them.
#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

constexpr std::int64_t classes = 21;

ValueId conv3(Layers& l, ValueId x, std::int64_t c, int dilation = 1) {
  return l.conv(x, c, {.kh = 3, .kw = 3, .dilation = dilation, .activation = "relu"});
}

// Kernels of several reaches and the pooled image, of 256 channels each, and their product. The
// pooled image is one column, spread over all positions by the sum of its product.
ValueId reaches(Layers& l, ValueId x, const std::array<int, 3>& dilations) {
  std::vector<ValueId> parts{l.linear(x, 256, "relu")};
  for (const int dilation : dilations) parts.push_back(conv3(l, x, 256, dilation));
  const ValueId pooled = l.linear(l.global_average(x), 256, "relu", false);
  const ValueId seen = l.linear(l.concat(parts, kernels::axis_c), 256, "none", false);
  return l.add(seen, l.linear(pooled, 256, "none", false), "relu");
}

// As large as `like`: doubled until it covers it, then cut.
ValueId grown(Layers& l, ValueId x, ValueId like) {
  const Extents wanted = l.extents(like);
  while (l.extents(x).w < wanted.w || l.extents(x).h < wanted.h) x = l.upsample(x);
  Attributes a;
  a.begin = {.w = 0, .h = 0, .c = 0, .n = 0};
  a.extents = l.extents(x);
  if (a.extents.w == wanted.w && a.extents.h == wanted.h) return x;
  a.extents.w = wanted.w;
  a.extents.h = wanted.h;
  return l.graph().node("slice", "grown", {x}, a);
}

Outputs v3(Layers& l, ValueId x, const std::array<int, 3>& dilations) {
  return {l.linear(conv3(l, reaches(l, x, dilations), 256), classes, "none", false)};
}

Outputs v3plus(Layers& l, ValueId fine, ValueId coarse) {
  const ValueId detail = l.linear(fine, 48, "relu");
  const ValueId large = grown(l, reaches(l, coarse, {6, 12, 18}), fine);
  const ValueId both = l.concat({detail, large}, kernels::axis_c);
  return {l.linear(conv3(l, both, 256), classes, "none", false)};
}

}  // namespace

Outputs deeplabv3_resnet50(Layers& l, ValueId x) {
  return v3(l, bottleneck_stages(l, x, {3, 4, 6, 3}, 8).back(), {12, 24, 36});
}

Outputs deeplabv3_mobilenet_v3_large(Layers& l, ValueId x) {
  return v3(l, mobilenet_v3_large_dilated(l, x)[1], {12, 24, 36});
}

Outputs deeplabv3plus_mobilenet_v2(Layers& l, ValueId x) {
  const auto [fine, coarse] = mobilenet_v2_dilated(l, x);
  return v3plus(l, fine, coarse);
}

Outputs deeplabv3plus_resnet50(Layers& l, ValueId x) {
  const std::vector<ValueId> s = bottleneck_stages(l, x, {3, 4, 6, 3}, 16);
  return v3plus(l, s[0], s[3]);
}

Outputs deeplabv3plus_resnet101(Layers& l, ValueId x) {
  const std::vector<ValueId> s = bottleneck_stages(l, x, {3, 4, 23, 3}, 16);
  return v3plus(l, s[0], s[3]);
}

Outputs fcn_resnet50(Layers& l, ValueId x) {
  x = bottleneck_stages(l, x, {3, 4, 6, 3}, 8).back();
  return {l.linear(conv3(l, x, 512), classes, "none", false)};
}

Outputs lraspp_mobilenet_v3_large(Layers& l, ValueId x) {
  const auto [fine, coarse] = mobilenet_v3_large_dilated(l, x);
  const ValueId seen = l.linear(coarse, 128, "relu");
  const ValueId share = l.linear(l.global_average(coarse), 128, "sigmoid", false);
  const ValueId large = grown(l, l.multiply(seen, share), fine);
  const ValueId detail = l.linear(fine, classes, "none", false);
  return {l.add(detail, l.linear(large, classes, "none", false))};
}

}  // namespace ane::workloads::families
