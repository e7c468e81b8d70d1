// MobileNet v1 (Howard et al. 2017, table 1), v2 (Sandler et al. 2018, table 2), v3 (Howard et al.
// 2019, tables 1 and 2), v4 and EdgeTPU, EfficientNet (Tan and Le 2019, table 1) and its v2,
// MnasNet and ShuffleNet v2: blocks of a depthwise convolution between products.
#include <algorithm>
#include <cmath>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

ValueId depthwise(Layers& l, ValueId x, int kernel, int stride, const std::string& activation,
                  int dilation = 1) {
  const std::int64_t c = l.extents(x).c;
  return l.conv(x, c,
                {.kh = kernel,
                 .kw = kernel,
                 .stride = stride,
                 .dilation = dilation,
                 .groups = c,
                 .activation = activation});
}

// Squeeze and excitation: each channel times a number from the channels' means.
ValueId excite(Layers& l, ValueId x, std::int64_t squeezed, const std::string& inner,
               const std::string& outer) {
  ValueId s = l.global_average(x);
  s = l.linear(s, squeezed, inner);
  s = l.linear(s, l.extents(x).c, outer, false);
  return l.multiply(x, s);
}

struct Block {
  int kernel;
  std::int64_t expanded, out;
  int stride;
  bool swish;             // hard swish (v3) in place of ReLU
  std::int64_t squeezed;  // 0: no excitation
  int dilation = 1;
};

std::int64_t eighths(double x) {  // a multiple of 8, never under 90 % of x (v3's rule)
  const auto rounded = std::max<std::int64_t>(8, (static_cast<std::int64_t>(x) + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * x ? rounded + 8 : rounded;
}

// `wide`: receives the expansion's result.
ValueId inverted(Layers& l, ValueId x, const Block& b, const std::string& plain,
                 ValueId* wide = nullptr) {
  const std::string f = b.swish ? "hard_swish" : plain;
  const std::int64_t cin = l.extents(x).c;
  ValueId y = b.expanded == cin ? x : l.linear(x, b.expanded, f);
  if (wide != nullptr) *wide = y;
  y = depthwise(l, y, b.kernel, b.stride, f, b.dilation);
  if (b.squeezed > 0) y = excite(l, y, b.squeezed, "relu", "hard_sigmoid");
  const bool residual = b.stride == 1 && cin == b.out;
  y = l.conv(y, b.out, {}, !residual);
  return residual ? l.add(y, x) : y;
}

// The minimal form has no excitation, no hard swish and no 5x5 (tensorflow/models, mobilenet).
Outputs v3(Layers& l, ValueId x, const std::vector<Block>& blocks, std::int64_t last,
           std::int64_t hidden, bool minimal) {
  const std::string f = minimal ? "relu" : "hard_swish";
  x = l.conv(x, 16, {.kh = 3, .kw = 3, .stride = 2, .activation = f});
  for (Block b : blocks) {
    if (minimal) b = {3, b.expanded, b.out, b.stride, false, 0};
    x = inverted(l, x, b, "relu");
  }
  x = l.linear(x, last, f);
  x = l.global_average(x);
  x = l.linear(x, hidden, f);
  return {l.linear(x, 1000, "none", false)};
}

}  // namespace

std::array<ValueId, 2> mobilenet_v1_levels(Layers& l, ValueId x) {
  struct Step {
    std::int64_t out;
    int stride;
  };
  ValueId fine = -1;
  x = l.conv(x, 32, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  for (const Step s : {Step{64, 1},
                       {128, 2},
                       {128, 1},
                       {256, 2},
                       {256, 1},
                       {512, 2},
                       {512, 1},
                       {512, 1},
                       {512, 1},
                       {512, 1},
                       {512, 1},
                       {1024, 2},
                       {1024, 1}}) {
    if (s.out == 1024 && s.stride == 2) fine = x;
    x = depthwise(l, x, 3, s.stride, "relu");
    x = l.linear(x, s.out, "relu");
  }
  return {fine, x};
}

Outputs mobilenet_v1(Layers& l, ValueId x) {
  x = mobilenet_v1_levels(l, x)[1];
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

namespace {

// Channels times `width`; the last layer never becomes narrower.
std::array<ValueId, 2> v2_levels(Layers& l, ValueId x, double width) {
  struct Stage {
    std::int64_t expansion, out;
    int repeat, stride;
  };
  ValueId fine = -1, wide = -1;
  x = l.conv(x, eighths(32 * width), {.kh = 3, .kw = 3, .stride = 2, .activation = "relu6"});
  for (const Stage s : {Stage{1, 16, 1, 1},
                        {6, 24, 2, 2},
                        {6, 32, 3, 2},
                        {6, 64, 4, 2},
                        {6, 96, 3, 1},
                        {6, 160, 3, 2},
                        {6, 320, 1, 1}})
    for (int i = 0; i < s.repeat; ++i) {
      x = inverted(l, x,
                   {3, s.expansion * l.extents(x).c, eighths(static_cast<double>(s.out) * width),
                    i == 0 ? s.stride : 1, false, 0},
                   "relu6", &wide);
      if (i == 0 && s.out == 160) fine = wide;
    }
  return {fine, l.linear(x, eighths(1280 * std::max(1.0, width)), "relu6")};
}

Outputs v2(Layers& l, ValueId x, double width) {
  x = v2_levels(l, x, width)[1];
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

}  // namespace

std::array<ValueId, 2> mobilenet_v2_levels(Layers& l, ValueId x) {
  return v2_levels(l, x, 1);
}
Outputs mobilenet_v2(Layers& l, ValueId x) {
  return v2(l, x, 1);
}
Outputs mobilenet_v2_0_5(Layers& l, ValueId x) {
  return v2(l, x, 0.5);
}
Outputs mobilenet_v2_0_75(Layers& l, ValueId x) {
  return v2(l, x, 0.75);
}
Outputs mobilenet_v2_1_4(Layers& l, ValueId x) {
  return v2(l, x, 1.4);
}

namespace {

// `last`: channels of the last three blocks, which torchvision's detector halves.
std::vector<Block> v3_large_blocks(int last_stride, int last_dilation, std::int64_t last = 160) {
  const auto se = [](std::int64_t expanded) { return eighths(static_cast<double>(expanded) / 4); };
  return {{3, 16, 16, 1, false, 0},
          {3, 64, 24, 2, false, 0},
          {3, 72, 24, 1, false, 0},
          {5, 72, 40, 2, false, se(72)},
          {5, 120, 40, 1, false, se(120)},
          {5, 120, 40, 1, false, se(120)},
          {3, 240, 80, 2, true, 0},
          {3, 200, 80, 1, true, 0},
          {3, 184, 80, 1, true, 0},
          {3, 184, 80, 1, true, 0},
          {3, 480, 112, 1, true, se(480)},
          {3, 672, 112, 1, true, se(672)},
          {5, 672, last, last_stride, true, se(672), last_dilation},
          {5, 6 * last, last, 1, true, se(6 * last), last_dilation},
          {5, 6 * last, last, 1, true, se(6 * last), last_dilation}};
}

}  // namespace

Outputs mobilenet_v3_large(Layers& l, ValueId x) {
  return v3(l, x, v3_large_blocks(2, 1), 960, 1280, false);
}
Outputs mobilenet_v3_large_minimal(Layers& l, ValueId x) {
  return v3(l, x, v3_large_blocks(2, 1), 960, 1280, true);
}

std::array<ValueId, 2> mobilenet_v3_large_levels(Layers& l, ValueId x) {
  x = l.conv(x, 16, {.kh = 3, .kw = 3, .stride = 2, .activation = "hard_swish"});
  ValueId fine = -1, wide = -1;
  for (const Block& b : v3_large_blocks(2, 1, 80)) {
    x = inverted(l, x, b, "relu", &wide);
    if (b.kernel == 5 && b.stride == 2) fine = wide;  // the last one stays
  }
  return {fine, l.linear(x, 480, "hard_swish")};
}

std::array<ValueId, 2> mobilenet_v3_large_dilated(Layers& l, ValueId x) {
  x = l.conv(x, 16, {.kh = 3, .kw = 3, .stride = 2, .activation = "hard_swish"});
  ValueId fine = -1;
  for (const Block& b : v3_large_blocks(1, 2)) {
    x = inverted(l, x, b, "relu");
    if (fine < 0 && b.out == 40) fine = x;
  }
  return {fine, l.linear(x, 960, "hard_swish")};
}

Outputs mobilenet_v3_small(Layers& l, ValueId x) {
  const auto se = [](std::int64_t expanded) { return eighths(static_cast<double>(expanded) / 4); };
  return v3(l, x,
            {{3, 16, 16, 2, false, se(16)},
             {3, 72, 24, 2, false, 0},
             {3, 88, 24, 1, false, 0},
             {5, 96, 40, 2, true, se(96)},
             {5, 240, 40, 1, true, se(240)},
             {5, 240, 40, 1, true, se(240)},
             {5, 120, 48, 1, true, se(120)},
             {5, 144, 48, 1, true, se(144)},
             {5, 288, 96, 2, true, se(288)},
             {5, 576, 96, 1, true, se(576)},
             {5, 576, 96, 1, true, se(576)}},
            576, 1024, false);
}

namespace {

// Width and depth as multiples of B0's. The lite form has no excitation, ReLU6, and leaves stem,
// head and the single blocks as they are (tensorflow/tpu, efficientnet lite).
Outputs efficientnet(Layers& l, ValueId x, double width, double depth, bool lite = false) {
  struct Stage {
    int kernel;
    std::int64_t expansion, out;
    int repeat, stride;
  };
  const std::string f = lite ? "relu6" : "silu";
  x = l.conv(x, lite ? 32 : eighths(32 * width), {.kh = 3, .kw = 3, .stride = 2, .activation = f});
  for (const Stage s : {Stage{3, 1, 16, 1, 1},
                        {3, 6, 24, 2, 2},
                        {5, 6, 40, 2, 2},
                        {3, 6, 80, 3, 2},
                        {5, 6, 112, 3, 1},
                        {5, 6, 192, 4, 2},
                        {3, 6, 320, 1, 1}}) {
    const std::int64_t out = eighths(static_cast<double>(s.out) * width);
    const int repeat =
        lite && s.repeat == 1 ? 1 : static_cast<int>(std::ceil(depth * s.repeat - 1e-9));
    for (int i = 0; i < repeat; ++i) {
      const std::int64_t cin = l.extents(x).c;
      ValueId y = s.expansion == 1 ? x : l.linear(x, s.expansion * cin, f);
      y = depthwise(l, y, s.kernel, i == 0 ? s.stride : 1, f);
      if (!lite) y = excite(l, y, std::max<std::int64_t>(1, cin / 4), "silu", "sigmoid");
      const bool residual = (i > 0 || s.stride == 1) && cin == out;
      y = l.conv(y, out, {}, !residual);
      x = residual ? l.add(y, x) : y;
    }
  }
  x = l.linear(x, lite ? 1280 : eighths(1280 * width), f);
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

}  // namespace

Outputs efficientnet_b0(Layers& l, ValueId x) {
  return efficientnet(l, x, 1, 1);
}
Outputs efficientnet_b1(Layers& l, ValueId x) {
  return efficientnet(l, x, 1, 1.1);
}
Outputs efficientnet_b2(Layers& l, ValueId x) {
  return efficientnet(l, x, 1.1, 1.2);
}
Outputs efficientnet_b3(Layers& l, ValueId x) {
  return efficientnet(l, x, 1.2, 1.4);
}
Outputs efficientnet_b4(Layers& l, ValueId x) {
  return efficientnet(l, x, 1.4, 1.8);
}
Outputs efficientnet_b5(Layers& l, ValueId x) {
  return efficientnet(l, x, 1.6, 2.2);
}
Outputs efficientnet_b6(Layers& l, ValueId x) {
  return efficientnet(l, x, 1.8, 2.6);
}
Outputs efficientnet_b7(Layers& l, ValueId x) {
  return efficientnet(l, x, 2, 3.1);
}
Outputs efficientnet_lite0(Layers& l, ValueId x) {
  return efficientnet(l, x, 1, 1, true);
}

namespace {

// Tan and Le 2021, table 4: the early stages expand by a dense 3x3, without excitation.
struct V2Stage {
  bool dense;
  std::int64_t expansion, out;
  int repeat, stride;
};

Outputs efficientnet_v2(Layers& l, ValueId x, const std::vector<V2Stage>& stages) {
  x = l.conv(x, 24, {.kh = 3, .kw = 3, .stride = 2, .activation = "silu"});
  for (const V2Stage& s : stages)
    for (int i = 0; i < s.repeat; ++i) {
      const std::int64_t cin = l.extents(x).c;
      const int stride = i == 0 ? s.stride : 1;
      const bool residual = stride == 1 && cin == s.out;
      ValueId y = x;
      if (s.dense) {
        y = l.conv(y, s.expansion * cin, {.kh = 3, .kw = 3, .stride = stride, .activation = "silu"},
                   s.expansion > 1 || !residual);
      } else {
        y = depthwise(l, l.linear(y, s.expansion * cin, "silu"), 3, stride, "silu");
        y = excite(l, y, cin / 4, "silu", "sigmoid");
      }
      if (s.expansion > 1) y = l.conv(y, s.out, {}, !residual);
      x = residual ? l.add(y, x) : y;
    }
  return {l.linear(l.global_average(l.linear(x, 1280, "silu")), 1000, "none", false)};
}

}  // namespace

Outputs efficientnet_v2_s(Layers& l, ValueId x) {
  return efficientnet_v2(l, x,
                         {{true, 1, 24, 2, 1},
                          {true, 4, 48, 4, 2},
                          {true, 4, 64, 4, 2},
                          {false, 4, 128, 6, 2},
                          {false, 6, 160, 9, 1},
                          {false, 6, 256, 15, 2}});
}
Outputs efficientnet_v2_m(Layers& l, ValueId x) {
  return efficientnet_v2(l, x,
                         {{true, 1, 24, 3, 1},
                          {true, 4, 48, 5, 2},
                          {true, 4, 80, 5, 2},
                          {false, 4, 160, 7, 2},
                          {false, 6, 176, 14, 1},
                          {false, 6, 304, 18, 2},
                          {false, 6, 512, 5, 1}});
}

// Tan et al. 2019: B1 (figure 7a there, torchvision's mnasnet1_0) and A1 with excitation.
Outputs mnasnet_b1(Layers& l, ValueId x) {
  struct Stage {
    int kernel;
    std::int64_t expansion, out;
    int repeat, stride;
  };
  x = l.conv(x, 32, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  x = l.linear(depthwise(l, x, 3, 1, "relu"), 16);
  for (const Stage s : {Stage{3, 3, 24, 3, 2},
                        {5, 3, 40, 3, 2},
                        {5, 6, 80, 3, 2},
                        {3, 6, 96, 2, 1},
                        {5, 6, 192, 4, 2},
                        {3, 6, 320, 1, 1}})
    for (int i = 0; i < s.repeat; ++i)
      x = inverted(l, x,
                   {s.kernel, s.expansion * l.extents(x).c, s.out, i == 0 ? s.stride : 1, false, 0},
                   "relu");
  return {l.linear(l.global_average(l.linear(x, 1280, "relu")), 1000, "none", false)};
}

Outputs mnasnet_a1(Layers& l, ValueId x) {
  struct Stage {
    int kernel;
    std::int64_t expansion, out;
    int repeat, stride;
    bool excited;
  };
  x = l.conv(x, 32, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  x = l.linear(depthwise(l, x, 3, 1, "relu"), 16);
  for (const Stage s : {Stage{3, 6, 24, 2, 2, false},
                        {5, 3, 40, 3, 2, true},
                        {3, 6, 80, 4, 2, false},
                        {3, 6, 112, 2, 1, true},
                        {5, 6, 160, 3, 2, true},
                        {3, 6, 320, 1, 1, false}})
    for (int i = 0; i < s.repeat; ++i) {
      const std::int64_t cin = l.extents(x).c;
      x = inverted(l, x,
                   {s.kernel, s.expansion * cin, s.out, i == 0 ? s.stride : 1, false,
                    s.excited ? cin / 4 : 0},
                   "relu");
    }
  return {l.linear(l.global_average(l.linear(x, 1280, "relu")), 1000, "none", false)};
}

// Ma et al. 2018, table 5: half of the channels pass a unit, then both halves are interleaved.
Outputs shufflenet_v2_1_0(Layers& l, ValueId x) {
  const auto shuffled = [&](ValueId a, ValueId b) {
    const ValueId y = l.concat({a, b}, kernels::axis_c);
    const Extents e = l.extents(y);
    const ValueId halves = l.reshape(y, {.w = e.w * e.h, .h = e.c / 2, .c = 2, .n = e.n});
    return l.reshape(l.permute(halves, {0, 2, 1, 3}), e);
  };
  const auto unit = [&](ValueId v, std::int64_t c, int stride) {
    v = l.linear(v, c, "relu");
    return l.linear(depthwise(l, v, 3, stride, "none"), c, "relu");
  };
  x = l.conv(x, 24, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  x = l.max_pool(x, 3, 2, 1);
  for (const auto& [out, repeat] : {std::pair<std::int64_t, int>{116, 4}, {232, 8}, {464, 4}}) {
    const ValueId halved = unit(x, out / 2, 2);
    x = shuffled(l.linear(depthwise(l, x, 3, 2, "none"), out / 2, "relu"), halved);
    for (int i = 1; i < repeat; ++i) {
      const ValueId second = unit(l.slice_channels(x, out / 2, out / 2), out / 2, 1);
      x = shuffled(l.slice_channels(x, 0, out / 2), second);
    }
  }
  return {l.linear(l.global_average(l.linear(x, 1024, "relu")), 1000, "none", false)};
}

// MobileNetEdgeTPU (V3_EDGETPU of tensorflow/models): the early blocks expand by a dense 3x3.
Outputs mobilenet_edgetpu(Layers& l, ValueId x) {
  struct Stage {
    int kernel;
    std::int64_t expansion, out;
    int stride;
    bool dense, residual;
  };
  x = l.conv(x, 32, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  const auto block = [&](const Stage& s) {
    const std::int64_t cin = l.extents(x).c, expanded = cin * s.expansion;
    ValueId y = s.expansion == 1 ? x
                : s.dense        ? l.conv(x, expanded,
                                          {.kh = 3, .kw = 3, .stride = s.stride, .activation = "relu"})
                          : depthwise(l, l.linear(x, expanded, "relu"), s.kernel, s.stride, "relu");
    const bool residual = s.residual && s.stride == 1 && cin == s.out;
    y = l.conv(y, s.out, {}, !residual);
    x = residual ? l.add(y, x) : y;
  };
  const auto stage = [&](const Stage& first, int more) {
    block(first);
    Stage s = first;
    s.expansion = 4;
    s.stride = 1;
    s.residual = true;
    for (int i = 0; i < more; ++i) block(s);
  };
  stage({3, 1, 16, 1, true, true}, 0);
  stage({3, 8, 32, 2, true, true}, 3);
  stage({3, 8, 48, 2, true, true}, 3);
  stage({3, 8, 96, 2, false, true}, 3);
  stage({3, 8, 96, 1, false, false}, 3);
  stage({5, 8, 160, 2, false, true}, 3);
  stage({3, 8, 192, 1, false, true}, 0);
  return {l.linear(l.global_average(l.linear(x, 1280, "relu")), 1000, "none", false)};
}

namespace {

// Universal inverted bottlenecks of MobileNetV4 (Qin et al. 2024, tables of its appendix): a
// depthwise convolution before the expansion (k1), one behind it (k2), both or none. The stride is
// k2's, or k1's where k2 is absent.
struct V4Stage {
  int before, behind;
  std::int64_t expansion, out;
  int stride, repeat;
};

ValueId v4(Layers& l, ValueId x, const std::vector<V4Stage>& stages) {
  for (const V4Stage& s : stages)
    for (int i = 0; i < s.repeat; ++i) {
      const std::int64_t cin = l.extents(x).c;
      ValueId y = x;
      if (s.before > 0) y = depthwise(l, y, s.before, s.behind > 0 ? 1 : s.stride, "none");
      y = l.linear(y, s.expansion * cin, "relu");
      if (s.behind > 0) y = depthwise(l, y, s.behind, s.stride, "relu");
      const bool residual = s.stride == 1 && cin == s.out;
      y = l.conv(y, s.out, {}, !residual);
      x = residual ? l.add(y, x) : y;
    }
  return x;
}

Outputs v4_head(Layers& l, ValueId x) {
  x = l.global_average(l.linear(x, 960, "relu"));
  return {l.linear(l.linear(x, 1280, "relu"), 1000, "none", false)};
}

}  // namespace

Outputs mobilenet_v4_conv_small(Layers& l, ValueId x) {
  for (const auto& [wide, out] :
       {std::pair<std::int64_t, std::int64_t>{32, 0}, {32, 32}, {96, 64}}) {
    x = l.conv(x, wide, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
    if (out > 0) x = l.linear(x, out, "relu");
  }
  return v4_head(l, v4(l, x,
                       {{5, 5, 3, 96, 2, 1},
                        {0, 3, 2, 96, 1, 4},
                        {3, 0, 4, 96, 1, 1},
                        {3, 3, 6, 128, 2, 1},
                        {5, 5, 4, 128, 1, 1},
                        {0, 5, 4, 128, 1, 1},
                        {0, 5, 3, 128, 1, 1},
                        {0, 3, 4, 128, 1, 2}}));
}

Outputs mobilenet_v4_conv_medium(Layers& l, ValueId x) {
  x = l.conv(x, 32, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  x = l.conv(x, 128, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  x = l.linear(x, 48);
  return v4_head(l, v4(l, x,
                       {{3, 5, 4, 80, 2, 1},
                        {3, 3, 2, 80, 1, 1},
                        {3, 5, 6, 160, 2, 1},
                        {3, 3, 4, 160, 1, 2},
                        {3, 5, 4, 160, 1, 1},
                        {3, 3, 4, 160, 1, 1},
                        {3, 0, 4, 160, 1, 1},
                        {0, 0, 2, 160, 1, 1},
                        {3, 0, 4, 160, 1, 1},
                        {5, 5, 6, 256, 2, 1},
                        {5, 5, 4, 256, 1, 1},
                        {3, 5, 4, 256, 1, 2},
                        {0, 0, 4, 256, 1, 1},
                        {3, 0, 4, 256, 1, 1},
                        {3, 5, 2, 256, 1, 1},
                        {5, 5, 4, 256, 1, 1},
                        {0, 0, 4, 256, 1, 2},
                        {5, 0, 2, 256, 1, 1}}));
}

Outputs mobilenet_v4_conv_large(Layers& l, ValueId x) {
  x = l.conv(x, 24, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  x = l.conv(x, 96, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  x = l.linear(x, 48);
  return v4_head(l, v4(l, x,
                       {{3, 5, 4, 96, 2, 1},
                        {3, 3, 4, 96, 1, 1},
                        {3, 5, 4, 192, 2, 1},
                        {3, 3, 4, 192, 1, 3},
                        {3, 5, 4, 192, 1, 1},
                        {5, 3, 4, 192, 1, 5},
                        {3, 0, 4, 192, 1, 1},
                        {5, 5, 4, 512, 2, 1},
                        {5, 5, 4, 512, 1, 3},
                        {5, 0, 4, 512, 1, 1},
                        {5, 3, 4, 512, 1, 1},
                        {5, 0, 4, 512, 1, 2},
                        {5, 3, 4, 512, 1, 1},
                        {5, 5, 4, 512, 1, 1},
                        {5, 0, 4, 512, 1, 3}}));
}

std::array<ValueId, 2> mobilenet_v2_dilated(Layers& l, ValueId x) {
  struct Stage {
    std::int64_t expansion, out;
    int repeat, stride, dilation;
  };
  ValueId fine = -1;
  x = l.conv(x, 32, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu6"});
  for (const Stage s : {Stage{1, 16, 1, 1, 1},
                        {6, 24, 2, 2, 1},
                        {6, 32, 3, 2, 1},
                        {6, 64, 4, 2, 1},
                        {6, 96, 3, 1, 1},
                        {6, 160, 3, 1, 2},
                        {6, 320, 1, 1, 2}}) {
    for (int i = 0; i < s.repeat; ++i) {
      const std::int64_t cin = l.extents(x).c, expanded = s.expansion * cin;
      ValueId y = expanded == cin ? x : l.linear(x, expanded, "relu6");
      const int dilation = s.dilation == 2 && i == 0 && s.out == 160 ? 1 : s.dilation;
      y = l.conv(y, expanded,
                 {.kh = 3,
                  .kw = 3,
                  .stride = i == 0 ? s.stride : 1,
                  .dilation = dilation,
                  .groups = expanded,
                  .activation = "relu6"});
      const bool residual = (i > 0 || s.stride == 1) && cin == s.out;
      y = l.conv(y, s.out, {}, !residual);
      x = residual ? l.add(y, x) : y;
    }
    if (s.out == 24) fine = x;
  }
  return {fine, x};
}

// DeepLab v3 on MobileNet v2 for phones (Sandler et al. 2018, section 6.3): output stride 16, one
// product and the pooled image in place of the dilated pyramid.
Outputs deeplabv3_mobilenet_v2(Layers& l, ValueId x) {
  x = mobilenet_v2_dilated(l, x)[1];
  // The pooled image is one column, spread over all positions by the sum of its product.
  const ValueId pooled = l.linear(l.global_average(x), 256, "relu", false);
  const ValueId seen = l.linear(x, 256, "relu", false);
  const ValueId spread = l.linear(pooled, 256, "none", false);
  x = l.add(l.linear(seen, 256, "none", false), spread, "relu");
  return {l.linear(x, 21, "none", false)};
}

}  // namespace ane::workloads::families
