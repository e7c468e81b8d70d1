// EdgeViT (Pan et al. 2022, table 2; the authors' repository): convolutions among neighbours,
// attention among one position of each window, and a depthwise transposed convolution that hands
// its result to the window.
#include <array>

#include "workloads/networks/families.h"
#include "workloads/networks/features_last.h"

namespace ane::workloads::families {
namespace {

Outputs edgevit(Layers& l, ValueId x, const std::array<std::int64_t, 4>& widths,
                const std::array<int, 4>& depths, std::int64_t head_size) {
  constexpr std::array<int, 4> windows{4, 2, 2, 1};
  const auto depthwise = [&](ValueId v, int kernel) {
    const std::int64_t c = l.extents(v).c;
    return l.conv(v, c, {.kh = kernel, .kw = kernel, .groups = c});
  };
  for (std::size_t s = 0; s < widths.size(); ++s) {
    const std::int64_t c = widths[s];
    const int patch = s == 0 ? 4 : 2, window = windows[s];
    x = l.conv(x, c, {.kh = patch, .kw = patch, .stride = patch, .pad = 0}, false);
    x = l.layer_norm(x);
    for (int i = 0; i < depths[s]; ++i) {
      if (window > 1) {
        x = l.add(depthwise(x, 3), x);
        x = l.add(l.projection(depthwise(l.linear(x, c), 5), c), x);
        x = l.add(l.projection(l.linear(x, 4 * c, "gelu"), c), x);
      }
      x = l.add(depthwise(x, 3), x);
      // The rest is written with features last; samples and windows are of images.
      FeaturesLast written(l, c / head_size);
      const Extents image = l.extents(x);
      const auto rows = [&](ValueId v) {
        const Extents e = l.extents(v);
        return written.from_channels(l.reshape(v, {.w = e.w * e.h, .h = 1, .c = c, .n = e.n}));
      };
      const auto image_of = [&](ValueId v, const Extents& e) {
        return l.reshape(written.to_channels(v), e);
      };
      x = rows(x);
      ValueId y = written.norm(x);
      Extents sampled = image;
      if (window > 1) {
        const ValueId sample = l.average_pool(image_of(y, image), 1, window, 0);
        sampled = l.extents(sample);
        y = rows(sample);
      }
      y = written.mixed(y);
      if (window > 1) {
        // As wide as its stride: each position of the window is its own multiple of one.
        y = image_of(y, sampled);
        for (int w = window; w > 1; w /= 2) y = l.upsample(y);
        y = written.norm(rows(depthwise(y, 1)));
      }
      x = l.add(written.projection(y, c), x);
      x = image_of(l.add(written.feed_forward(written.norm(x), 4 * c), x), image);
    }
  }
  return {l.linear(l.global_average(x), 1000, "none", false)};
}

}  // namespace

Outputs edgevit_xxs(Layers& l, ValueId x) {
  return edgevit(l, x, {36, 72, 144, 288}, {1, 1, 3, 2}, 36);
}
Outputs edgevit_xs(Layers& l, ValueId x) {
  return edgevit(l, x, {48, 96, 240, 384}, {1, 1, 3, 1}, 48);
}
Outputs edgevit_s(Layers& l, ValueId x) {
  return edgevit(l, x, {48, 96, 240, 384}, {1, 2, 5, 3}, 48);
}

}  // namespace ane::workloads::families
