// VGG (Simonyan and Zisserman 2015), SqueezeNet 1.1 (Iandola et al. 2016, the authors' later
// release), Inception v3 (Szegedy et al. 2016, without the auxiliary head) and v4 (2017), and
// DenseNet (Huang et al. 2017), as in torchvision.
#include <algorithm>
#include <array>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

ValueId square(Layers& l, ValueId x, std::int64_t c, int kernel, int stride = 1, int pad = -1) {
  return l.conv(x, c,
                {.kh = kernel, .kw = kernel, .stride = stride, .pad = pad, .activation = "relu"});
}

ValueId fire(Layers& l, ValueId x, std::int64_t squeezed, std::int64_t expanded) {
  x = l.linear(x, squeezed, "relu");
  return l.concat({square(l, x, expanded, 1), square(l, x, expanded, 3)}, kernels::axis_c);
}

ValueId line(Layers& l, ValueId x, std::int64_t c, int kh, int kw) {
  // The padding of both sides differs; the larger kernel side is padded, the other is 1.
  Attributes a;
  a.pad_left = a.pad_right = (kw - 1) / 2;
  a.pad_top = a.pad_bottom = (kh - 1) / 2;
  a.activation = "relu";
  const auto p = l.parameters(c, l.extents(x).c, kh, kw);
  return l.conv_padded(x, p, a);
}

ValueId inception_a(Layers& l, ValueId x, std::int64_t pooled) {
  const ValueId a = square(l, x, 64, 1);
  const ValueId b = square(l, square(l, x, 48, 1), 64, 5);
  const ValueId c = square(l, square(l, square(l, x, 64, 1), 96, 3), 96, 3);
  const ValueId d = square(l, l.average_pool(x, 3, 1, 1), pooled, 1);
  return l.concat({a, b, c, d}, kernels::axis_c);
}

ValueId inception_c(Layers& l, ValueId x, std::int64_t c) {
  const ValueId a = square(l, x, 192, 1);
  const ValueId b = line(l, line(l, square(l, x, c, 1), c, 1, 7), 192, 7, 1);
  ValueId d = square(l, x, c, 1);
  d = line(l, line(l, d, c, 7, 1), c, 1, 7);
  d = line(l, line(l, d, c, 7, 1), 192, 1, 7);
  const ValueId e = square(l, l.average_pool(x, 3, 1, 1), 192, 1);
  return l.concat({a, b, d, e}, kernels::axis_c);
}

ValueId inception_e(Layers& l, ValueId x) {
  const ValueId a = square(l, x, 320, 1);
  const ValueId b = square(l, x, 384, 1);
  const ValueId c = square(l, square(l, x, 448, 1), 384, 3);
  const ValueId d = square(l, l.average_pool(x, 3, 1, 1), 192, 1);
  return l.concat({a, line(l, b, 384, 1, 3), line(l, b, 384, 3, 1), line(l, c, 384, 1, 3),
                   line(l, c, 384, 3, 1), d},
                  kernels::axis_c);
}

}  // namespace

namespace {

std::vector<ValueId> vgg_stages(Layers& l, ValueId x, const std::array<int, 5>& counts) {
  std::vector<ValueId> results;
  std::int64_t c = 64;
  for (const int count : counts) {
    for (int i = 0; i < count; ++i) x = square(l, x, c, 3);
    results.push_back(x);
    x = l.max_pool(x, 2, 2, 0);
    c = std::min<std::int64_t>(2 * c, 512);
  }
  return results;
}

Outputs vgg(Layers& l, ValueId x, const std::array<int, 5>& counts) {
  x = l.max_pool(vgg_stages(l, x, counts).back(), 2, 2, 0);
  const Extents e = l.extents(x);
  x = l.reshape(x, {.w = 1, .h = 1, .c = e.c * e.h * e.w, .n = e.n});
  x = l.linear(x, 4096, "relu");
  x = l.linear(x, 4096, "relu");
  return {l.linear(x, 1000, "none", false)};
}

}  // namespace

std::vector<ValueId> vgg16_stages(Layers& l, ValueId x) {
  return vgg_stages(l, x, {2, 2, 3, 3, 3});
}
Outputs vgg11(Layers& l, ValueId x) {
  return vgg(l, x, {1, 1, 2, 2, 2});
}
Outputs vgg13(Layers& l, ValueId x) {
  return vgg(l, x, {2, 2, 2, 2, 2});
}
Outputs vgg16(Layers& l, ValueId x) {
  return vgg(l, x, {2, 2, 3, 3, 3});
}
Outputs vgg19(Layers& l, ValueId x) {
  return vgg(l, x, {2, 2, 4, 4, 4});
}

Outputs squeezenet1_1(Layers& l, ValueId x) {
  x = square(l, x, 64, 3, 2, 0);
  x = l.max_pool(x, 3, 2, 0);
  x = fire(l, fire(l, x, 16, 64), 16, 64);
  x = l.max_pool(x, 3, 2, 0);
  x = fire(l, fire(l, x, 32, 128), 32, 128);
  x = l.max_pool(x, 3, 2, 0);
  x = fire(l, fire(l, x, 48, 192), 48, 192);
  x = fire(l, fire(l, x, 64, 256), 64, 256);
  x = l.linear(x, 1000, "relu");
  return {l.global_average(x)};
}

Outputs inception_v3(Layers& l, ValueId x) {
  x = square(l, x, 32, 3, 2, 0);
  x = square(l, x, 32, 3, 1, 0);
  x = square(l, x, 64, 3);
  x = l.max_pool(x, 3, 2, 0);
  x = square(l, x, 80, 1);
  x = square(l, x, 192, 3, 1, 0);
  x = l.max_pool(x, 3, 2, 0);
  x = inception_a(l, x, 32);
  x = inception_a(l, x, 64);
  x = inception_a(l, x, 64);
  x = l.concat(
      {square(l, x, 384, 3, 2, 0), square(l, square(l, square(l, x, 64, 1), 96, 3), 96, 3, 2, 0),
       l.max_pool(x, 3, 2, 0)},
      kernels::axis_c);
  for (const std::int64_t c : {128, 160, 160, 192}) x = inception_c(l, x, c);
  x = l.concat(
      {square(l, square(l, x, 192, 1), 320, 3, 2, 0),
       square(l, line(l, line(l, square(l, x, 192, 1), 192, 1, 7), 192, 7, 1), 192, 3, 2, 0),
       l.max_pool(x, 3, 2, 0)},
      kernels::axis_c);
  x = inception_e(l, inception_e(l, x));
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

namespace {

ValueId v4_stem(Layers& l, ValueId x) {
  x = square(l, square(l, x, 32, 3, 2, 0), 32, 3, 1, 0);
  x = square(l, x, 64, 3);
  x = l.concat({l.max_pool(x, 3, 2, 0), square(l, x, 96, 3, 2, 0)}, kernels::axis_c);
  const ValueId a = square(l, square(l, x, 64, 1), 96, 3, 1, 0);
  const ValueId b = line(l, line(l, square(l, x, 64, 1), 64, 1, 7), 64, 7, 1);
  x = l.concat({a, square(l, b, 96, 3, 1, 0)}, kernels::axis_c);
  return l.concat({square(l, x, 192, 3, 2, 0), l.max_pool(x, 3, 2, 0)}, kernels::axis_c);
}

ValueId v4_a(Layers& l, ValueId x) {
  const ValueId a = square(l, x, 96, 1);
  const ValueId b = square(l, square(l, x, 64, 1), 96, 3);
  const ValueId c = square(l, square(l, square(l, x, 64, 1), 96, 3), 96, 3);
  const ValueId d = square(l, l.average_pool(x, 3, 1, 1), 96, 1);
  return l.concat({a, b, c, d}, kernels::axis_c);
}

ValueId v4_b(Layers& l, ValueId x) {
  const ValueId a = square(l, x, 384, 1);
  const ValueId b = line(l, line(l, square(l, x, 192, 1), 224, 1, 7), 256, 7, 1);
  ValueId c = line(l, line(l, square(l, x, 192, 1), 192, 7, 1), 224, 1, 7);
  c = line(l, line(l, c, 224, 7, 1), 256, 1, 7);
  const ValueId d = square(l, l.average_pool(x, 3, 1, 1), 128, 1);
  return l.concat({a, b, c, d}, kernels::axis_c);
}

ValueId v4_c(Layers& l, ValueId x) {
  const ValueId a = square(l, x, 256, 1);
  const ValueId b = square(l, x, 384, 1);
  const ValueId c = line(l, line(l, square(l, x, 384, 1), 448, 3, 1), 512, 1, 3);
  const ValueId d = square(l, l.average_pool(x, 3, 1, 1), 256, 1);
  return l.concat({a, line(l, b, 256, 1, 3), line(l, b, 256, 3, 1), line(l, c, 256, 1, 3),
                   line(l, c, 256, 3, 1), d},
                  kernels::axis_c);
}

}  // namespace

Outputs inception_v4(Layers& l, ValueId x) {
  x = v4_stem(l, x);
  for (int i = 0; i < 4; ++i) x = v4_a(l, x);
  x = l.concat(
      {square(l, x, 384, 3, 2, 0), square(l, square(l, square(l, x, 192, 1), 224, 3), 256, 3, 2, 0),
       l.max_pool(x, 3, 2, 0)},
      kernels::axis_c);
  for (int i = 0; i < 7; ++i) x = v4_b(l, x);
  const ValueId b = line(l, line(l, square(l, x, 256, 1), 256, 1, 7), 320, 7, 1);
  x = l.concat({square(l, square(l, x, 192, 1), 192, 3, 2, 0), square(l, b, 320, 3, 2, 0),
                l.max_pool(x, 3, 2, 0)},
               kernels::axis_c);
  for (int i = 0; i < 3; ++i) x = v4_c(l, x);
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

namespace {

Outputs densenet(Layers& l, ValueId x, std::int64_t growth, const std::array<int, 4>& blocks) {
  x = square(l, x, 2 * growth, 7, 2);
  x = l.max_pool(x, 3, 2, 1);
  for (std::size_t s = 0; s < blocks.size(); ++s) {
    for (int i = 0; i < blocks[s]; ++i) {
      // The norm and ReLU before a convolution read a concatenation, so they cannot fold.
      ValueId y = l.linear(l.unary(x, "relu"), 4 * growth, "relu");
      y = l.conv(y, growth, {.kh = 3, .kw = 3}, false);
      x = l.concat({x, y}, kernels::axis_c);
    }
    if (s + 1 == blocks.size()) break;
    x = l.linear(l.unary(x, "relu"), l.extents(x).c / 2, "none", false);
    x = l.average_pool(x, 2, 2, 0);
  }
  return {l.linear(l.global_average(l.unary(x, "relu")), 1000, "none", false)};
}

}  // namespace

Outputs densenet121(Layers& l, ValueId x) {
  return densenet(l, x, 32, {6, 12, 24, 16});
}
Outputs densenet161(Layers& l, ValueId x) {
  return densenet(l, x, 48, {6, 12, 36, 24});
}
Outputs densenet169(Layers& l, ValueId x) {
  return densenet(l, x, 32, {6, 12, 32, 32});
}
Outputs densenet201(Layers& l, ValueId x) {
  return densenet(l, x, 32, {6, 12, 48, 32});
}

}  // namespace ane::workloads::families
