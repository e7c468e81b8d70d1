// The denoiser of Stable Diffusion (Rombach et al. 2022; widths 320, 640, 1280, 1280, two residual
// blocks a level, transformer blocks at the first three). 1.x: text of 77 x 768, 8 heads at each
// level; 2.x: 77 x 1024, heads of 64. XL (Podell et al. 2023, table 1): three levels, 2 and 10
// transformer blocks at the lower two, text of 77 x 2048, heads of 64.
#include <algorithm>
#include <functional>
#include <vector>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

struct Denoiser {
  Layers& l;
  std::int64_t heads, head_size;     // one of them is 0
  std::vector<std::int64_t> widths;  // of the levels
  std::vector<int> depths;           // transformer blocks behind each residual block
  ValueId time, text;

  ValueId residual(ValueId x, std::int64_t c) const {
    ValueId y = l.unary(l.group_norm(x, 32), "silu");
    y = l.conv(y, c, {.kh = 3, .kw = 3}, false);
    y = l.add(y, l.linear(time, c, "none", false));
    y = l.unary(l.group_norm(y, 32), "silu");
    y = l.conv(y, c, {.kh = 3, .kw = 3}, false);
    return l.add(y, l.extents(x).c == c ? x : l.linear(x, c, "none", false));
  }

  // Self attention, attention to the text, gated feed-forward; `depth` times.
  ValueId attend(ValueId x, int depth) const {
    if (depth == 0) return x;
    const Extents e = l.extents(x);
    const std::int64_t n = heads > 0 ? heads : e.c / head_size;
    ValueId y = l.linear(l.group_norm(x, 32), e.c, "none", false);
    y = l.reshape(y, {.w = e.w * e.h, .h = 1, .c = e.c, .n = e.n});
    for (int i = 0; i < depth; ++i) {
      for (const bool self : {true, false}) {
        const ValueId normal = l.layer_norm(y), from = self ? normal : text;
        const ValueId q = l.linear(normal, e.c, "none", false),
                      k = l.linear(from, e.c, "none", false),
                      v = l.linear(from, e.c, "none", false);
        y = l.add(l.linear(l.attention(q, k, v, n, n), e.c, "none", false), y);
      }
      const ValueId normal = l.layer_norm(y);
      const ValueId gated = l.multiply(l.linear(normal, 4 * e.c, "none", false),
                                       l.linear(normal, 4 * e.c, "gelu", false));
      y = l.add(l.linear(gated, e.c, "none", false), y);
    }
    y = l.reshape(y, e);
    return l.add(l.linear(y, e.c, "none", false), x);
  }

  Outputs run(ValueId x) const {
    const std::size_t last = widths.size() - 1;
    std::vector<ValueId> skips;
    x = l.conv(x, widths[0], {.kh = 3, .kw = 3}, false);
    skips.push_back(x);
    for (std::size_t level = 0; level <= last; ++level) {
      for (int i = 0; i < 2; ++i) {
        x = attend(residual(x, widths[level]), depths[level]);
        skips.push_back(x);
      }
      if (level < last) {
        x = l.conv(x, widths[level], {.kh = 3, .kw = 3, .stride = 2}, false);
        skips.push_back(x);
      }
    }
    x = residual(attend(residual(x, widths[last]), *std::ranges::max_element(depths)),
                 widths[last]);
    for (std::size_t level = last + 1; level-- > 0;) {
      for (int i = 0; i < 3; ++i) {
        x = residual(l.concat({x, skips.back()}, kernels::axis_c), widths[level]);
        skips.pop_back();
        x = attend(x, depths[level]);
      }
      if (level > 0) x = l.conv(l.upsample(x), widths[level], {.kh = 3, .kw = 3}, false);
    }
    x = l.unary(l.group_norm(x, 32), "silu");
    return {l.conv(x, 4, {.kh = 3, .kw = 3}, false)};
  }
};

// The time as 320 sines and cosines; XL adds sizes and the pooled text, 2816 numbers.
Outputs denoise(Layers& l, ValueId x, std::int64_t context_width, std::int64_t more,
                const std::function<Denoiser(ValueId time, ValueId text)>& shape) {
  const std::int64_t n = l.extents(x).n;
  const auto embedded = [&](const char* name, std::int64_t features) {
    const ValueId in =
        l.graph().input(name, {Format::fp16, {.w = 1, .h = 1, .c = features, .n = n}});
    return l.linear(in, 1280, "silu");
  };
  ValueId time = embedded("time", 320);
  if (more == 0) {
    time = l.linear(time, 1280, "silu", false);
  } else {
    const ValueId other = l.linear(embedded("conditions", more), 1280, "none", false);
    time = l.unary(l.add(l.linear(time, 1280, "none", false), other), "silu");
  }
  const ValueId text =
      l.graph().input("text", {Format::fp16, {.w = 77, .h = 1, .c = context_width, .n = n}});
  return shape(time, text).run(x);
}

Outputs stable_diffusion(Layers& l, ValueId x, std::int64_t context_width, std::int64_t heads,
                         std::int64_t head_size) {
  return denoise(l, x, context_width, 0, [&](ValueId time, ValueId text) {
    return Denoiser{l, heads, head_size, {320, 640, 1280, 1280}, {1, 1, 1, 0}, time, text};
  });
}

}  // namespace

Outputs stable_diffusion_1_unet(Layers& l, ValueId x) {
  return stable_diffusion(l, x, 768, 8, 0);
}
Outputs stable_diffusion_2_unet(Layers& l, ValueId x) {
  return stable_diffusion(l, x, 1024, 0, 64);
}
Outputs sdxl_unet(Layers& l, ValueId x) {
  return denoise(l, x, 2048, 2816, [&](ValueId time, ValueId text) {
    return Denoiser{l, 0, 64, {320, 640, 1280}, {0, 2, 10}, time, text};
  });
}

}  // namespace ane::workloads::families
