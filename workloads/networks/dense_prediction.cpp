// Networks that answer at every position: CenterNet on ResNet-34 (Zhou et al. 2019, the authors'
// plain residual network, msra_resnet: three transposed convolutions of 256 channels, heads of 64;
// their other form needs deformable convolutions, which Core ML lacks), CRAFT (Baek et al. 2019,
// figure 2: VGG-16 with a decoder) and U-Net (Ronneberger et al. 2015, figure 1, padded
// convolutions).
//
// A transposed convolution of 4x4 and stride 2 has four taps an output position: here the upsampled
// tensor under a 2x2 kernel.
#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

ValueId conv3(Layers& l, ValueId x, std::int64_t c) {
  return l.conv(x, c, {.kh = 3, .kw = 3, .activation = "relu"});
}

ValueId up(Layers& l, ValueId x, std::int64_t c) {
  x = l.upsample(x);
  Attributes a;
  a.pad_right = a.pad_bottom = 1;
  a.activation = "relu";
  return l.conv_padded(x, l.parameters(c, l.extents(x).c, 2, 2), a);
}

}  // namespace

Outputs centernet_resnet34(Layers& l, ValueId x) {
  x = resnet_stages(l, x, {3, 4, 6, 3}).back();
  for (int i = 0; i < 3; ++i) x = up(l, x, 256);
  Outputs out;
  for (const std::int64_t c : {80, 2, 2})
    out.push_back(l.linear(conv3(l, x, 64), c, "none", false));
  return out;
}

Outputs craft(Layers& l, ValueId x) {
  const std::vector<ValueId> s = vgg16_stages(l, x);
  // The fifth stage ends in a dilated 3x3 and a 1x1 of 1024 channels.
  ValueId y = l.max_pool(s[4], 3, 1, 1);
  y = l.conv(y, 1024, {.kh = 3, .kw = 3, .dilation = 6});
  y = l.linear(y, 1024);
  const auto merge = [&](ValueId a, ValueId b, std::int64_t middle, std::int64_t c) {
    return conv3(l, l.linear(l.concat({a, b}, kernels::axis_c), middle, "relu"), c);
  };
  y = merge(y, s[4], 512, 256);
  y = merge(l.upsample(y), s[3], 256, 128);
  y = merge(l.upsample(y), s[2], 128, 64);
  y = merge(l.upsample(y), s[1], 64, 32);
  for (const std::int64_t c : {32, 32, 16}) y = conv3(l, y, c);
  y = l.linear(y, 16, "relu");
  return {l.linear(y, 2, "none", false)};
}

Outputs unet(Layers& l, ValueId x) {
  std::vector<ValueId> skips;
  for (const std::int64_t c : {64, 128, 256, 512}) {
    x = conv3(l, conv3(l, x, c), c);
    skips.push_back(x);
    x = l.max_pool(x, 2, 2, 0);
  }
  x = conv3(l, conv3(l, x, 1024), 1024);
  for (const std::int64_t c : {512, 256, 128, 64}) {
    x = l.concat({skips.back(), up(l, x, c)}, kernels::axis_c);
    skips.pop_back();
    x = conv3(l, conv3(l, x, c), c);
  }
  return {l.linear(x, 2, "none", false)};
}

}  // namespace ane::workloads::families
