// The denoiser of Stable Diffusion (Rombach et al. 2022; widths 320, 640, 1280, 1280, two residual
// blocks a level, transformer blocks at the first three). 1.x: text of 77 x 768, 8 heads at each
// level; 2.x: 77 x 1024, heads of 64.
#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

struct Denoiser {
  Layers& l;
  std::int64_t context_width, heads, head_size;  // heads or head_size is 0
  ValueId time, text;

  ValueId residual(ValueId x, std::int64_t c) const {
    ValueId y = l.unary(l.group_norm(x, 32), "silu");
    y = l.conv(y, c, {.kh = 3, .kw = 3}, false);
    y = l.add(y, l.linear(time, c, "none", false));
    y = l.unary(l.group_norm(y, 32), "silu");
    y = l.conv(y, c, {.kh = 3, .kw = 3}, false);
    return l.add(y, l.extents(x).c == c ? x : l.linear(x, c, "none", false));
  }

  // Self attention, attention to the text, gated feed-forward.
  ValueId attend(ValueId x) const {
    const Extents e = l.extents(x);
    const std::int64_t n = heads > 0 ? heads : e.c / head_size;
    ValueId y = l.linear(l.group_norm(x, 32), e.c, "none", false);
    y = l.reshape(y, {.w = e.w * e.h, .h = 1, .c = e.c, .n = e.n});
    for (const bool self : {true, false}) {
      const ValueId normal = l.layer_norm(y), from = self ? normal : text;
      const ValueId q = l.linear(normal, e.c, "none", false),
                    k = l.linear(from, e.c, "none", false), v = l.linear(from, e.c, "none", false);
      y = l.add(l.linear(l.attention(q, k, v, n, n), e.c, "none", false), y);
    }
    const ValueId normal = l.layer_norm(y);
    const ValueId gated = l.multiply(l.linear(normal, 4 * e.c, "none", false),
                                     l.linear(normal, 4 * e.c, "gelu", false));
    y = l.add(l.linear(gated, e.c, "none", false), y);
    y = l.reshape(y, e);
    return l.add(l.linear(y, e.c, "none", false), x);
  }

  Outputs run(ValueId x) const {
    constexpr std::array<std::int64_t, 4> width{320, 640, 1280, 1280};
    std::vector<ValueId> skips;
    x = l.conv(x, width[0], {.kh = 3, .kw = 3}, false);
    skips.push_back(x);
    for (std::size_t level = 0; level < 4; ++level) {
      for (int i = 0; i < 2; ++i) {
        x = residual(x, width[level]);
        if (level < 3) x = attend(x);
        skips.push_back(x);
      }
      if (level < 3) {
        x = l.conv(x, width[level], {.kh = 3, .kw = 3, .stride = 2}, false);
        skips.push_back(x);
      }
    }
    x = residual(attend(residual(x, width[3])), width[3]);
    for (std::size_t level = 4; level-- > 0;) {
      for (int i = 0; i < 3; ++i) {
        x = residual(l.concat({x, skips.back()}, kernels::axis_c), width[level]);
        skips.pop_back();
        if (level < 3) x = attend(x);
      }
      if (level > 0) x = l.conv(l.upsample(x), width[level], {.kh = 3, .kw = 3}, false);
    }
    x = l.unary(l.group_norm(x, 32), "silu");
    return {l.conv(x, 4, {.kh = 3, .kw = 3}, false)};
  }
};

Outputs denoise(Layers& l, ValueId x, std::int64_t context_width, std::int64_t heads,
                std::int64_t head_size) {
  const std::int64_t n = l.extents(x).n;
  ValueId time = l.graph().input("time", {Format::fp16, {.w = 1, .h = 1, .c = 320, .n = n}});
  time = l.linear(l.linear(time, 1280, "silu"), 1280, "silu", false);
  const ValueId text =
      l.graph().input("text", {Format::fp16, {.w = 77, .h = 1, .c = context_width, .n = n}});
  return Denoiser{l, context_width, heads, head_size, time, text}.run(x);
}

}  // namespace

Outputs stable_diffusion_1_unet(Layers& l, ValueId x) {
  return denoise(l, x, 768, 8, 0);
}
Outputs stable_diffusion_2_unet(Layers& l, ValueId x) {
  return denoise(l, x, 1024, 0, 64);
}

}  // namespace ane::workloads::families
