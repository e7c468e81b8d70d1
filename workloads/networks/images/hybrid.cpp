// Networks of convolutions and attention for phones, as deployed (training branches folded):
// ConvNeXt (Liu et al. 2022), MobileViT (Mehta and Rastegari 2022, table 4), MobileViT v2 (2022,
// separable attention), FastViT (Vasu et al. 2023, table 1; widths of apple/ml-fastvit),
// MobileCLIP's image encoders and EfficientFormer (Li et al. 2022, table of its appendix).
#include <fmt/format.h>

#include <array>

#include "isa/error.h"
#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

ValueId depthwise(Layers& l, ValueId x, int kernel, int stride = 1,
                  const std::string& activation = "none") {
  const std::int64_t c = l.extents(x).c;
  return l.conv(
      x, c, {.kh = kernel, .kw = kernel, .stride = stride, .groups = c, .activation = activation});
}

ValueId inverted(Layers& l, ValueId x, std::int64_t out, int expansion, int stride) {
  const std::int64_t cin = l.extents(x).c;
  ValueId y = depthwise(l, l.linear(x, cin * expansion, "silu"), 3, stride, "silu");
  const bool residual = stride == 1 && cin == out;
  y = l.conv(y, out, {}, !residual);
  return residual ? l.add(y, x) : y;
}

Outputs classify(Layers& l, ValueId x) {
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

Outputs convnext(Layers& l, ValueId x, const std::array<int, 4>& depths, std::int64_t c = 96) {
  x = l.conv(x, c, {.kh = 4, .kw = 4, .stride = 4, .pad = 0}, false);
  x = l.layer_norm(x);
  for (std::size_t s = 0; s < depths.size(); ++s, c *= 2) {
    if (s > 0) x = l.conv(l.layer_norm(x), c, {.kh = 2, .kw = 2, .stride = 2, .pad = 0}, false);
    for (int i = 0; i < depths[s]; ++i) {
      const ValueId y = l.layer_norm(depthwise(l, x, 7));
      x = l.add(l.projection(l.linear(y, 4 * c, "gelu"), c), x);
    }
  }
  return {l.linear(l.layer_norm(l.global_average(x)), 1000, "none", false)};
}

// [1, c, h, w] as patches of 2x2: [4, c, 1, h w / 4], one item a place in the patch; and back.
ValueId unfold(Layers& l, ValueId x) {
  const Extents e = l.extents(x);
  if (e.w % 2 != 0 || e.h % 2 != 0)
    throw InputError("spec", fmt::format("patches of 2x2 do not divide {}x{} positions", e.h, e.w),
                     "an input whose sides are multiples of 64");
  x = l.reshape(x, {.w = 2, .h = e.w / 2, .c = 2, .n = e.c * e.h / 2});
  x = l.permute(x, {1, 3, 0, 2});
  return l.reshape(x, {.w = e.h / 2 * (e.w / 2), .h = 1, .c = e.c, .n = 4});
}
ValueId fold(Layers& l, ValueId x, const Extents& e) {
  x = l.reshape(x, {.w = e.w / 2, .h = e.c * e.h / 2, .c = 2, .n = 2});
  x = l.permute(x, {2, 0, 3, 1});
  return l.reshape(x, e);
}

ValueId item(Layers& l, ValueId x, std::int64_t n) {
  if (l.extents(x).n == 1) return x;
  Attributes a;
  a.begin = {.w = 0, .h = 0, .c = 0, .n = n};
  a.extents = l.extents(x);
  a.extents.n = 1;
  return l.graph().node("slice", "item" + std::to_string(n) + " of " + std::to_string(x), {x}, a);
}

// Something on the patches of each item: inner on [4, c, 1, places].
template <class Inner>
ValueId on_patches(Layers& l, ValueId x, const Inner& inner) {
  x = l.fp16(x);
  std::vector<ValueId> items;
  const std::int64_t count = l.extents(x).n;
  for (std::int64_t n = 0; n < count; ++n) {
    const ValueId one = item(l, x, n);
    const Extents whole = l.extents(one);  // a copy: the graph's types move as it grows
    const ValueId changed = inner(unfold(l, one));
    items.push_back(fold(l, changed, whole));
  }
  return count == 1 ? items[0] : l.concat(items, kernels::axis_n);
}

struct MobileVitShape {
  std::array<std::int64_t, 6> widths;  // stem to the last stage
  std::array<std::int64_t, 3> features;
  std::int64_t last;
  int expansion;
};

Outputs mobilevit(Layers& l, ValueId x, const MobileVitShape& s) {
  const auto block = [&](ValueId v, std::int64_t d, int layers) {
    const std::int64_t c = l.extents(v).c;
    ValueId y = l.conv(v, c, {.kh = 3, .kw = 3, .activation = "silu"});
    y = l.conv(y, d, {}, false);
    y = on_patches(l, y, [&](ValueId p) {
      for (int i = 0; i < layers; ++i) p = encoder_block(l, p, 4, 2 * d);
      return l.layer_norm(p);
    });
    y = l.linear(y, c, "silu");
    return l.conv(l.concat({v, y}, kernels::axis_c), c, {.kh = 3, .kw = 3, .activation = "silu"});
  };
  x = l.conv(x, s.widths[0], {.kh = 3, .kw = 3, .stride = 2, .activation = "silu"});
  x = inverted(l, x, s.widths[1], s.expansion, 1);
  x = inverted(l, x, s.widths[2], s.expansion, 2);
  for (int i = 0; i < 2; ++i) x = inverted(l, x, s.widths[2], s.expansion, 1);
  constexpr std::array<int, 3> layers{2, 4, 3};
  for (std::size_t i = 0; i < 3; ++i)
    x = block(inverted(l, x, s.widths[3 + i], s.expansion, 2), s.features[i], layers[i]);
  return classify(l, l.linear(x, s.last, "silu"));
}

// Each position weighs all of its patch's place by one score; the weighted sum scales the values.
ValueId separable(Layers& l, ValueId x) {
  const std::int64_t d = l.extents(x).c;
  ValueId y = l.layer_norm(x);
  const ValueId score = l.softmax(l.projection(y, 1), kernels::axis_w);
  const ValueId weighed = l.multiply(l.projection(y, d), score);
  const ValueId context =
      l.graph().reduce("context of " + std::to_string(weighed), "sum", kernels::axis_w, weighed);
  y = l.multiply(l.linear(y, d, "relu", false), context);
  x = l.add(l.projection(y, d), x);
  y = l.linear(l.layer_norm(x), 2 * d, "silu");
  return l.add(l.projection(y, d), x);
}

Outputs mobilevit_v2(Layers& l, ValueId x, double width) {
  const auto scaled = [&](double c) { return static_cast<std::int64_t>(c * width); };
  const auto block = [&](ValueId v, std::int64_t d, int layers) {
    const std::int64_t c = l.extents(v).c;
    ValueId y = l.conv(depthwise(l, v, 3, 1, "silu"), d, {}, false);
    y = on_patches(l, y, [&](ValueId p) {
      for (int i = 0; i < layers; ++i) p = separable(l, p);
      return l.layer_norm(p);
    });
    return l.linear(y, c);
  };
  x = l.conv(x, scaled(32), {.kh = 3, .kw = 3, .stride = 2, .activation = "silu"});
  x = inverted(l, x, scaled(64), 2, 1);
  x = inverted(l, x, scaled(128), 2, 2);
  x = inverted(l, x, scaled(128), 2, 1);
  x = block(inverted(l, x, scaled(256), 2, 2), scaled(128), 2);
  x = block(inverted(l, x, scaled(384), 2, 2), scaled(192), 4);
  x = block(inverted(l, x, scaled(512), 2, 2), scaled(256), 3);
  return classify(l, x);
}

// Of MobileCLIP (Vasu et al. 2024, appendix; MCi of apple/ml-mobileclip): the two late stages begin
// with excitation, and an embedding comes out.
Outputs fastvit(Layers& l, ValueId x, std::int64_t c, const std::array<int, 4>& depths, int ratio,
                bool attends, bool of_clip = false) {
  const auto excite = [&](ValueId v, std::int64_t squeezed) {
    const ValueId e = l.linear(l.global_average(v), squeezed, "relu");
    return l.unary(l.multiply(v, l.linear(e, l.extents(v).c, "sigmoid", false)), "gelu");
  };
  x = l.conv(x, c, {.kh = 3, .kw = 3, .stride = 2, .activation = "gelu"});
  x = l.linear(depthwise(l, x, 3, 2, "gelu"), c, "gelu");
  const auto feed_forward = [&](ValueId v, std::int64_t channels) {
    const ValueId y = l.linear(depthwise(l, v, 7), ratio * channels, "gelu");
    return l.add(l.projection(y, channels), v);
  };
  for (std::size_t s = 0; s < depths.size(); ++s) {
    // A 7x7 in groups of one input and two outputs, then a product.
    if (s > 0) {
      Layers::Window window{.kh = 7, .kw = 7, .stride = 2, .groups = c};
      c *= 2;
      if (of_clip && s > 1) {
        x = excite(l.conv(x, c, window, false), c / 4);
      } else {
        window.activation = "gelu";
        x = l.conv(x, c, window);
      }
      x = l.linear(x, c, "gelu", s + 1 < depths.size() || !attends);
    }
    const bool attention = attends && s + 1 == depths.size();
    if (attention) x = l.add(depthwise(l, x, 7), x);
    for (int i = 0; i < depths[s]; ++i) {
      if (attention) {
        const Extents e = l.extents(x);
        const ValueId flat = l.reshape(x, {.w = e.w * e.h, .h = 1, .c = c, .n = e.n});
        const ValueId q = l.projection(flat, c, attention_gain(32)), k = l.projection(flat, c),
                      v = l.projection(flat, c);
        const ValueId y = l.attention(q, k, v, c / 32, c / 32);
        x = l.reshape(l.add(l.projection(y, c), flat), e);
      } else {
        x = depthwise(l, x, 3);
      }
      x = feed_forward(x, c);
    }
  }
  // The last expansion is a 3x3 of one input and two outputs with excitation.
  x = excite(l.conv(x, 2 * c, {.kh = 3, .kw = 3, .groups = c}, false), 2 * c / 16);
  return {l.linear(l.global_average(x), of_clip ? 512 : 1000, "none", false)};
}

Outputs efficientformer(Layers& l, ValueId x, const std::array<std::int64_t, 4>& widths,
                        const std::array<int, 4>& depths, int attending) {
  x = l.conv(x, widths[0] / 2, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  x = l.conv(x, widths[0], {.kh = 3, .kw = 3, .stride = 2, .activation = "relu"});
  for (std::size_t s = 0; s < widths.size(); ++s) {
    const std::int64_t c = widths[s];
    if (s > 0) x = l.conv(x, c, {.kh = 3, .kw = 3, .stride = 2}, false);
    const int plain = s + 1 == widths.size() ? depths[s] - attending : depths[s];
    for (int i = 0; i < plain; ++i) {
      // Less the middle, times a scale of each channel.
      const std::string tag = std::to_string(s) + "." + std::to_string(i);
      const ValueId around =
          l.graph().elementwise("mix" + tag, "sub", l.average_pool(x, 3, 1, 1), l.fp16(x));
      const ValueId scale = l.seeded("scale" + tag, {.w = 1, .h = 1, .c = c, .n = 1}, 0.1F, 0.1F);
      x = l.add(l.multiply(around, scale), x);
      x = l.add(l.projection(l.linear(x, 4 * c, "gelu"), c), x);
    }
  }
  const std::int64_t c = widths[3];
  const Extents e = l.extents(x);
  x = l.reshape(x, {.w = e.w * e.h, .h = 1, .c = c, .n = e.n});
  for (int i = 0; i < attending; ++i) {
    // 8 heads of 32 for queries and keys, of 128 for values.
    constexpr std::int64_t heads = 8, size = 32, wide = 128;
    const std::int64_t places = e.w * e.h;
    const ValueId y = l.layer_norm(x);
    const auto apart = [&](ValueId v, std::int64_t each) {
      return l.reshape(v, {.w = places, .h = 1, .c = each, .n = e.n * heads});
    };
    const ValueId q = apart(l.projection(y, heads * size, attention_gain(size)), size),
                  k = apart(l.projection(y, heads * size), size),
                  v = apart(l.projection(y, heads * wide), wide);
    const ValueId bias =
        l.seeded("bias of " + std::to_string(q), {.w = places, .h = 1, .c = places, .n = 1}, 0, 1);
    const ValueId weights = l.softmax(l.add(l.product(q, k), bias), kernels::axis_c);
    const ValueId mixed = l.reshape(l.product(weights, l.permute(v, {0, 3, 2, 1})),
                                    {.w = places, .h = 1, .c = heads * wide, .n = e.n});
    x = l.add(l.projection(mixed, c), x);
    x = l.add(l.projection(l.linear(l.layer_norm(x), 4 * c, "gelu"), c), x);
  }
  x = l.graph().reduce("mean of places", "mean", kernels::axis_w, l.layer_norm(x));
  // The distilled form has two heads, of which the mean answers.
  return {l.linear(x, 1000, "none", false), l.linear(x, 1000, "none", false)};
}

}  // namespace

Outputs convnext_t(Layers& l, ValueId x) {
  return convnext(l, x, {3, 3, 9, 3});
}
Outputs convnext_s(Layers& l, ValueId x) {
  return convnext(l, x, {3, 3, 27, 3});
}
Outputs convnext_b(Layers& l, ValueId x) {
  return convnext(l, x, {3, 3, 27, 3}, 128);
}
Outputs mobilevit_xxs(Layers& l, ValueId x) {
  return mobilevit(l, x, {{16, 16, 24, 48, 64, 80}, {64, 80, 96}, 320, 2});
}
Outputs mobilevit_xs(Layers& l, ValueId x) {
  return mobilevit(l, x, {{16, 32, 48, 64, 80, 96}, {96, 120, 144}, 384, 4});
}
Outputs mobilevit_s(Layers& l, ValueId x) {
  return mobilevit(l, x, {{16, 32, 64, 96, 128, 160}, {144, 192, 240}, 640, 4});
}
Outputs mobilevit_v2_0_5(Layers& l, ValueId x) {
  return mobilevit_v2(l, x, 0.5);
}
Outputs mobilevit_v2_1_0(Layers& l, ValueId x) {
  return mobilevit_v2(l, x, 1);
}
Outputs mobilevit_v2_1_5(Layers& l, ValueId x) {
  return mobilevit_v2(l, x, 1.5);
}
Outputs mobilevit_v2_2_0(Layers& l, ValueId x) {
  return mobilevit_v2(l, x, 2);
}
Outputs fastvit_t8(Layers& l, ValueId x) {
  return fastvit(l, x, 48, {2, 2, 4, 2}, 3, false);
}
Outputs fastvit_t12(Layers& l, ValueId x) {
  return fastvit(l, x, 64, {2, 2, 6, 2}, 3, false);
}
Outputs fastvit_s12(Layers& l, ValueId x) {
  return fastvit(l, x, 64, {2, 2, 6, 2}, 4, false);
}
Outputs fastvit_sa12(Layers& l, ValueId x) {
  return fastvit(l, x, 64, {2, 2, 6, 2}, 4, true);
}
Outputs fastvit_sa24(Layers& l, ValueId x) {
  return fastvit(l, x, 64, {4, 4, 12, 4}, 4, true);
}
Outputs fastvit_sa36(Layers& l, ValueId x) {
  return fastvit(l, x, 64, {6, 6, 18, 6}, 4, true);
}
Outputs fastvit_ma36(Layers& l, ValueId x) {
  return fastvit(l, x, 76, {6, 6, 18, 6}, 4, true);
}
Outputs mobileclip_s0_image(Layers& l, ValueId x) {
  return fastvit(l, x, 64, {2, 6, 10, 2}, 3, true, true);
}
Outputs mobileclip_s1_image(Layers& l, ValueId x) {
  return fastvit(l, x, 64, {4, 12, 20, 4}, 3, true, true);
}
Outputs mobileclip_s2_image(Layers& l, ValueId x) {
  return fastvit(l, x, 80, {4, 12, 24, 4}, 3, true, true);
}
Outputs efficientformer_l1(Layers& l, ValueId x) {
  return efficientformer(l, x, {48, 96, 224, 448}, {3, 2, 6, 4}, 1);
}
Outputs efficientformer_l3(Layers& l, ValueId x) {
  return efficientformer(l, x, {64, 128, 320, 512}, {4, 4, 12, 6}, 4);
}
Outputs efficientformer_l7(Layers& l, ValueId x) {
  return efficientformer(l, x, {96, 192, 384, 768}, {6, 6, 18, 8}, 8);
}

}  // namespace ane::workloads::families
