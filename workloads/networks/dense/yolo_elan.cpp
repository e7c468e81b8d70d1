// YOLOv7 and its tiny form (Wang et al. 2022, yolov7.yaml and yolov7-tiny.yaml) and YOLOv9 (Wang et
// al. 2024, gelan-t.yaml, gelan-s.yaml and gelan-c.yaml: without the branch of training): layers
// behind each other of which several results are joined. Convolutions of training that run side by
// side are folded into one.
#include <algorithm>
#include <array>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

struct Maker {
  Layers& l;
  const char* activation;

  ValueId conv(ValueId x, std::int64_t c, int kernel, int stride = 1) const {
    return l.conv(x, c, {.kh = kernel, .kw = kernel, .stride = stride, .activation = activation});
  }
  ValueId join(const std::vector<ValueId>& parts) const { return l.concat(parts, kernels::axis_c); }
  // Two products of `wide` channels, one of which goes on through `count` 3x3 of `c`; every
  // `every`-th result is joined, to `out` channels.
  ValueId aggregate(ValueId x, std::int64_t wide, std::int64_t c, int count, int every,
                    std::int64_t out) const {
    std::vector<ValueId> parts{conv(x, wide, 1), conv(x, wide, 1)};
    ValueId y = parts.back();
    for (int i = 1; i <= count; ++i) {
      y = conv(y, c, 3);
      if (i % every == 0) parts.push_back(y);
    }
    return conv(join(parts), out, 1);
  }
};

// v7: halved by pooling and by a stride, side by side, each to c channels; `more` is joined.
ValueId halve7(const Maker& m, ValueId x, std::int64_t c, const std::vector<ValueId>& more = {}) {
  std::vector<ValueId> parts{m.conv(m.l.max_pool(x, 2, 2, 0), c, 1)};
  parts.push_back(m.conv(m.conv(x, c, 1), c, 3, 2));
  parts.insert(parts.end(), more.begin(), more.end());
  return m.join(parts);
}

std::vector<ValueId> pools(const Maker& m, ValueId x) {
  std::vector<ValueId> parts{x};
  for (const int kernel : {5, 9, 13}) parts.push_back(m.l.max_pool(x, kernel, 1, kernel / 2));
  return parts;
}

ValueId split9(const Maker& m, ValueId x, std::int64_t c, int repeats) {
  ValueId y = m.conv(x, c / 2, 1);
  for (int i = 0; i < repeats; ++i) y = m.l.add(m.conv(m.conv(y, c / 2, 3), c / 2, 3), y);
  return m.conv(m.join({y, m.conv(x, c / 2, 1)}), c, 1);
}

// v9: half of `wide` channels through two splits with a convolution each.
ValueId aggregate9(const Maker& m, ValueId x, std::int64_t out, std::int64_t wide, int repeats) {
  const ValueId y = m.conv(x, wide, 1);
  std::vector<ValueId> parts{m.l.slice_channels(y, 0, wide / 2),
                             m.l.slice_channels(y, wide / 2, wide / 2)};
  for (int i = 0; i < 2; ++i)
    parts.push_back(m.conv(split9(m, parts.back(), wide / 2, repeats), wide / 2, 3));
  return m.conv(m.join(parts), out, 1);
}

struct Size9 {
  std::array<std::int64_t, 4> channels;  // of the stages
  std::int64_t back;                     // of the finest level on the way back
  int repeats;                           // of a split
  bool compact;  // c: wider splits at stride 4, halves of the channels where it halves the image
};

Outputs v9(Layers& l, ValueId x, const Size9& s) {
  const Maker m{l, "silu"};
  const auto halve = [&](ValueId v, std::int64_t c) {
    v = l.average_pool(v, 2, 1, 0);
    if (!s.compact) return m.conv(v, c, 3, 2);
    const std::int64_t half = l.extents(v).c / 2;
    const ValueId strided = m.conv(l.slice_channels(v, 0, half), c / 2, 3, 2);
    const ValueId pooled = l.max_pool(l.slice_channels(v, half, half), 3, 2, 1);
    return m.join({strided, m.conv(pooled, c / 2, 1)});
  };
  const auto unit = [&](ValueId v, std::int64_t c, std::int64_t wide) {
    return aggregate9(m, v, c, wide, s.repeats);
  };
  const auto& c = s.channels;
  if (s.compact) {
    x = m.conv(m.conv(x, 64, 3, 2), 128, 3, 2);
    x = unit(x, c[0], c[0] / 2);
  } else {
    x = m.conv(m.conv(x, c[0] / 2, 3, 2), c[0], 3, 2);
    const ValueId y = m.conv(x, c[0], 1);
    std::vector<ValueId> parts{l.slice_channels(y, 0, c[0] / 2),
                               l.slice_channels(y, c[0] / 2, c[0] / 2)};
    for (int i = 0; i < 2; ++i) parts.push_back(m.conv(parts.back(), c[0] / 2, 3));
    x = m.conv(m.join(parts), c[0], 1);
  }
  const std::int64_t wide3 = s.compact ? c[0] : c[1];
  const ValueId p3 = unit(halve(x, s.compact ? c[0] : c[1]), c[1], wide3);
  const ValueId p4 = unit(halve(p3, s.compact ? c[1] : c[2]), c[2], c[2]);
  x = unit(halve(p4, s.compact ? c[2] : c[3]), c[3], c[3]);
  // Three poolings behind each other, all joined.
  std::vector<ValueId> parts{m.conv(x, c[3] / 2, 1)};
  for (int i = 0; i < 3; ++i) parts.push_back(l.max_pool(parts.back(), 5, 1, 2));
  const ValueId p5 = m.conv(m.join(parts), c[3], 1);
  const ValueId n4 = unit(m.join({l.upsample(p5), p4}), c[2], c[2]);
  const ValueId o3 = unit(m.join({l.upsample(n4), p3}), s.back, s.back);
  const ValueId o4 = unit(m.join({halve(o3, s.compact ? s.back : c[2] / 2), n4}), c[2], c[2]);
  const ValueId o5 = unit(m.join({halve(o4, s.compact ? c[2] : c[3] / 2), p5}), c[3], c[3]);
  const std::int64_t boxes = std::max<std::int64_t>(64, s.back / 4);
  const std::int64_t classes = std::max<std::int64_t>(80, s.back);
  Outputs out;
  for (const ValueId o : {o3, o4, o5}) {
    const ValueId y =
        l.conv(m.conv(o, boxes, 3), boxes, {.kh = 3, .kw = 3, .groups = 4, .activation = "silu"});
    out.push_back(l.conv(y, 64, {.groups = 4}, false));
    out.push_back(l.linear(m.conv(m.conv(o, classes, 3), classes, 3), 80, "none", false));
  }
  return out;
}

}  // namespace

Outputs yolov7(Layers& l, ValueId x) {
  const Maker m{l, "silu"};
  x = m.conv(m.conv(x, 32, 3), 64, 3, 2);
  x = m.conv(m.conv(x, 64, 3), 128, 3, 2);
  x = m.aggregate(x, 64, 64, 4, 2, 256);
  const ValueId p3 = m.aggregate(halve7(m, x, 128), 128, 128, 4, 2, 512);
  const ValueId p4 = m.aggregate(halve7(m, p3, 256), 256, 256, 4, 2, 1024);
  x = m.aggregate(halve7(m, p4, 512), 256, 256, 4, 2, 1024);
  const ValueId inner = m.conv(m.conv(m.conv(x, 512, 1), 512, 3), 512, 1);
  const ValueId pooled = m.conv(m.conv(m.join(pools(m, inner)), 512, 1), 512, 3);
  const ValueId p5 = m.conv(m.join({pooled, m.conv(x, 512, 1)}), 512, 1);
  const auto back = [&](ValueId coarse, ValueId fine, std::int64_t c) {
    const ValueId large = l.upsample(m.conv(coarse, c, 1));
    return m.aggregate(m.join({m.conv(fine, c, 1), large}), c, c / 2, 4, 1, c);
  };
  const ValueId n4 = back(p5, p4, 256), o3 = back(n4, p3, 128);
  const ValueId o4 = m.aggregate(halve7(m, o3, 128, {n4}), 256, 128, 4, 1, 256);
  const ValueId o5 = m.aggregate(halve7(m, o4, 256, {p5}), 512, 256, 4, 1, 512);
  Outputs out;
  for (const ValueId o : {o3, o4, o5})
    out.push_back(l.linear(m.conv(o, 2 * l.extents(o).c, 3), 255, "none", false));
  return out;
}

Outputs yolov7_tiny(Layers& l, ValueId x) {
  const Maker m{l, "leaky_relu"};
  const auto unit = [&](ValueId v, std::int64_t c) { return m.aggregate(v, c, c, 2, 1, 2 * c); };
  x = unit(m.conv(m.conv(x, 32, 3, 2), 64, 3, 2), 32);
  const ValueId p3 = unit(l.max_pool(x, 2, 2, 0), 64);
  const ValueId p4 = unit(l.max_pool(p3, 2, 2, 0), 128);
  x = unit(l.max_pool(p4, 2, 2, 0), 256);
  const ValueId pooled = m.conv(m.join(pools(m, m.conv(x, 256, 1))), 256, 1);
  const ValueId p5 = m.conv(m.join({pooled, m.conv(x, 256, 1)}), 256, 1);
  const auto back = [&](ValueId coarse, ValueId fine, std::int64_t c) {
    const ValueId large = l.upsample(m.conv(coarse, c, 1));
    return unit(m.join({m.conv(fine, c, 1), large}), c / 2);
  };
  const ValueId n4 = back(p5, p4, 128), o3 = back(n4, p3, 64);
  const ValueId o4 = unit(m.join({m.conv(o3, 128, 3, 2), n4}), 64);
  const ValueId o5 = unit(m.join({m.conv(o4, 256, 3, 2), p5}), 128);
  Outputs out;
  for (const ValueId o : {o3, o4, o5})
    out.push_back(l.linear(m.conv(o, 2 * l.extents(o).c, 3), 255, "none", false));
  return out;
}

Outputs yolov9t(Layers& l, ValueId x) {
  return v9(l, x, {{32, 64, 96, 128}, 64, 3, false});
}
Outputs yolov9s(Layers& l, ValueId x) {
  return v9(l, x, {{64, 128, 192, 256}, 128, 3, false});
}
Outputs yolov9c(Layers& l, ValueId x) {
  return v9(l, x, {{256, 512, 512, 512}, 256, 1, true});
}

}  // namespace ane::workloads::families
