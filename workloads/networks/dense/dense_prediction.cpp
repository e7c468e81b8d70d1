// Networks that answer at every position: Depth Anything (Yang et al. 2024: DINOv2's
// ViT-S/14, B/14 and L/14, Oquab et al. 2023, with the head of Ranftl et al. 2021), CenterNet on
// ResNet-34 (Zhou et al. 2019, the authors' plain residual network, msra_resnet: three transposed
// convolutions of 256 channels, heads of 64; their other form needs deformable convolutions, which
// Core ML lacks), CRAFT (Baek et al. 2019, figure 2: VGG-16 with a decoder) and U-Net (Ronneberger
// et al. 2015, figure 1, also with padded convolutions).
//
// A transposed convolution of 4x4 and stride 2 has four taps an output position: here the upsampled
// tensor under a 2x2 kernel.
#include <array>
#include <string>

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

namespace {

// `padding` of the convolutions: 1, or 0 as in the paper's figure, where the way back sees the
// middle of the way there.
Outputs unet_padded(Layers& l, ValueId x, int padding) {
  const auto conv = [&](ValueId v, std::int64_t c) {
    return l.conv(v, c, {.kh = 3, .kw = 3, .pad = padding, .activation = "relu"});
  };
  std::vector<ValueId> skips;
  for (const std::int64_t c : {64, 128, 256, 512}) {
    x = conv(conv(x, c), c);
    skips.push_back(x);
    x = l.max_pool(x, 2, 2, 0);
  }
  x = conv(conv(x, 1024), 1024);
  for (const std::int64_t c : {512, 256, 128, 64}) {
    x = up(l, x, c);
    const Extents e = l.extents(x), there = l.extents(skips.back());
    ValueId skip = skips.back();
    if (there.w != e.w || there.h != e.h) {
      Attributes a;
      a.begin = {.w = (there.w - e.w) / 2, .h = (there.h - e.h) / 2, .c = 0, .n = 0};
      a.extents = e;
      skip = l.graph().node("slice", "middle" + std::to_string(c), {l.fp16(skip)}, a);
    }
    x = l.concat({skip, x}, kernels::axis_c);
    skips.pop_back();
    x = conv(conv(x, c), c);
  }
  return {l.linear(x, 2, "none", false)};
}

}  // namespace

Outputs unet(Layers& l, ValueId x) {
  return unet_padded(l, x, 1);
}
Outputs unet_572(Layers& l, ValueId x) {
  return unet_padded(l, x, 0);
}

namespace {

struct DepthSize {
  std::int64_t width, heads;
  std::array<int, 4> read;             // layers whose results the head reads
  std::array<std::int64_t, 4> widths;  // of those, as images of four sizes
  std::int64_t fused;                  // of the head
};

Outputs depth_anything(Layers& l, ValueId x, const DepthSize& s) {
  constexpr std::int64_t patch = 14;
  const std::int64_t width = s.width, fused = s.fused;
  const std::array<std::int64_t, 4>& widths = s.widths;
  const Extents image = l.extents(x);
  const std::int64_t rows = image.h / patch, columns = image.w / patch, n = image.n;
  x = l.linear(patches(l, x, patch), width, "none", false);
  const std::int64_t places = rows * columns;
  const ValueId token = l.seeded("class token", {.w = 1, .h = 1, .c = width, .n = n}, 0, 1);
  x = l.concat({token, x}, kernels::axis_w);
  x = l.add(x, l.seeded("positions", {.w = places + 1, .h = 1, .c = width, .n = 1}, 0, 1));
  const auto part = [&](const std::string& name, ValueId v, std::int64_t from, const Extents& e) {
    if (l.extents(v) == e) return v;
    Attributes a;
    a.begin = {.w = from, .h = 0, .c = 0, .n = 0};
    a.extents = e;
    return l.graph().node("slice", name, {l.fp16(v)}, a);
  };
  const auto feature = [&](const std::string& name, std::int64_t w, std::int64_t h, ValueId v) {
    Extents e = l.extents(v);
    e.w = w;
    e.h = h;
    return part(name, v, 0, e);
  };
  // Four layers' results as images of four sizes, in one width.
  std::vector<ValueId> levels;
  for (int i = 0; i <= s.read[3]; ++i) {
    // Each branch has a scale of its channels, which is its last product's.
    x = encoder_block(l, x, s.heads, 4 * width);
    const std::size_t level = levels.size();
    if (i != s.read.at(level)) continue;
    ValueId y = part("places" + std::to_string(level), l.layer_norm(x), 1,
                     {.w = places, .h = 1, .c = width, .n = n});
    y = l.linear(l.reshape(y, {.w = columns, .h = rows, .c = width, .n = n}), widths[level], "none",
                 false);
    // Transposed convolutions as wide as their stride: one tap a position.
    if (level < 2) {
      for (std::size_t u = level; u < 2; ++u) y = l.upsample(y);
      y = l.linear(y, widths[level], "none", false);
    } else if (level == 3) {
      y = l.conv(y, widths[level], {.kh = 3, .kw = 3, .stride = 2}, false);
    }
    levels.push_back(l.conv(y, fused, {.kh = 3, .kw = 3}, false));
  }
  const auto residual = [&](ValueId v) {
    const ValueId y = l.conv(l.unary(v, "relu"), fused, {.kh = 3, .kw = 3, .activation = "relu"});
    return l.add(l.conv(y, fused, {.kh = 3, .kw = 3}, false), v);
  };
  ValueId y = residual(levels[3]);
  for (std::size_t level = 3;; --level) {
    y = l.upsample(y);
    if (level > 0) {
      const Extents e = l.extents(levels[level - 1]);
      y = feature("up" + std::to_string(level), e.w, e.h, y);
    }
    y = l.linear(y, fused, "none", false);
    if (level == 0) break;
    y = residual(l.add(y, residual(levels[level - 1])));
  }
  y = l.upsample(l.conv(y, fused / 2, {.kh = 3, .kw = 3}, false));
  y = feature("whole", image.w, image.h, y);
  y = l.conv(y, 32, {.kh = 3, .kw = 3, .activation = "relu"});
  return {l.linear(y, 1, "relu", false)};
}

}  // namespace

Outputs depth_anything_small(Layers& l, ValueId x) {
  return depth_anything(l, x, {384, 6, {2, 5, 8, 11}, {48, 96, 192, 384}, 64});
}
Outputs depth_anything_base(Layers& l, ValueId x) {
  return depth_anything(l, x, {768, 12, {2, 5, 8, 11}, {96, 192, 384, 768}, 128});
}
Outputs depth_anything_large(Layers& l, ValueId x) {
  return depth_anything(l, x, {1024, 16, {4, 11, 17, 23}, {256, 512, 1024, 1024}, 256});
}

}  // namespace ane::workloads::families
