// YOLOv5 (release 6 and later), YOLOv8, YOLOv10 and YOLO11 by the model files of ultralytics
// (yolov5s.yaml, yolov8.yaml, yolov10n.yaml, yolo11.yaml) and YOLOX (Ge et al. 2021): stages that
// split, pass some bottlenecks and join, a pyramid there and back, and heads at three strides.
// Boxes are decoded by the host.
#include <cmath>
#include <functional>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

struct Size {
  double depth, width;
  std::int64_t most = 1024;  // channels before the width

  std::int64_t channels(std::int64_t c) const {
    return static_cast<std::int64_t>(
               std::ceil(static_cast<double>(std::min(c, most)) * width / 8)) *
           8;
  }
  int repeats(int n) const { return std::max(1, static_cast<int>(std::lround(depth * n))); }
};

ValueId conv(Layers& l, ValueId x, std::int64_t c, int kernel, int stride = 1) {
  return l.conv(x, c, {.kh = kernel, .kw = kernel, .stride = stride, .activation = "silu"});
}

// Three poolings behind each other, all joined.
ValueId pyramid(Layers& l, ValueId x, std::int64_t c) {
  std::vector<ValueId> parts{conv(l, x, l.extents(x).c / 2, 1)};
  for (int i = 0; i < 3; ++i) parts.push_back(l.max_pool(parts.back(), 5, 1, 2));
  return conv(l, l.concat(parts, kernels::axis_c), c, 1);
}

// v5: two branches of half the channels, one through the bottlenecks.
ValueId split5(Layers& l, ValueId x, std::int64_t c, int repeats, bool residual) {
  ValueId a = conv(l, x, c / 2, 1);
  for (int i = 0; i < repeats; ++i) {
    const ValueId y = conv(l, conv(l, a, c / 2, 1), c / 2, 3);
    a = residual ? l.add(y, a) : y;
  }
  return conv(l, l.concat({a, conv(l, x, c / 2, 1)}, kernels::axis_c), c, 1);
}

using Unit = std::function<ValueId(ValueId)>;

// v8 and later: every unit's result of `inner` channels is joined.
ValueId split(Layers& l, ValueId x, std::int64_t c, std::int64_t inner, int repeats,
              const Unit& unit) {
  x = conv(l, x, 2 * inner, 1);
  std::vector<ValueId> parts{l.slice_channels(x, 0, inner), l.slice_channels(x, inner, inner)};
  for (int i = 0; i < repeats; ++i) parts.push_back(unit(parts.back()));
  return conv(l, l.concat(parts, kernels::axis_c), c, 1);
}

ValueId bottleneck(Layers& l, ValueId x, std::int64_t middle, bool residual) {
  const ValueId y = conv(l, conv(l, x, middle, 3), l.extents(x).c, 3);
  return residual ? l.add(y, x) : y;
}

ValueId split8(Layers& l, ValueId x, std::int64_t c, int repeats, bool residual) {
  return split(l, x, c, c / 2, repeats,
               [&](ValueId v) { return bottleneck(l, v, c / 2, residual); });
}

ValueId depthwise(Layers& l, ValueId x, int kernel, int stride, const char* activation) {
  const std::int64_t c = l.extents(x).c;
  return l.conv(
      x, c, {.kh = kernel, .kw = kernel, .stride = stride, .groups = c, .activation = activation});
}

// v11: a unit is a bottleneck to half of the channels, or (`nested`) v5's split of two bottlenecks.
ValueId split11(Layers& l, ValueId x, std::int64_t c, std::int64_t inner, int repeats,
                bool nested) {
  return split(l, x, c, inner, repeats, [&](ValueId v) {
    if (!nested) return bottleneck(l, v, inner / 2, true);
    ValueId y = conv(l, v, inner / 2, 1);
    for (int i = 0; i < 2; ++i) y = bottleneck(l, y, inner / 2, true);
    return conv(l, l.concat({y, conv(l, v, inner / 2, 1)}, kernels::axis_c), inner, 1);
  });
}

// v10: products between depthwise convolutions, the middle one of 7x7 where `large`.
ValueId split10(Layers& l, ValueId x, std::int64_t c, int repeats, bool large) {
  return split(l, x, c, c / 2, repeats, [&](ValueId v) {
    ValueId y = conv(l, depthwise(l, v, 3, 1, "silu"), c, 1);
    y = conv(l, depthwise(l, y, large ? 7 : 3, 1, "silu"), c / 2, 1);
    return l.add(depthwise(l, y, 3, 1, "silu"), v);
  });
}

// Half of the channels pass attention (heads of about 64 values and half as many keys, one
// product for all, the values' neighbourhood added) and a feed-forward.
ValueId attentive(Layers& l, ValueId x, int repeats) {
  const std::int64_t c = l.extents(x).c / 2, heads = c / 64, size = c / heads, key = size / 2;
  x = conv(l, x, 2 * c, 1);
  const ValueId passed = l.slice_channels(x, 0, c);
  ValueId y = l.slice_channels(x, c, c);
  for (int i = 0; i < repeats; ++i) {
    const Extents e = l.extents(y);
    const ValueId all =
        l.reshape(l.linear(y, 2 * c), {.w = e.w * e.h, .h = 1, .c = 2 * size, .n = heads * e.n});
    const ValueId q = l.slice_channels(all, 0, key), k = l.slice_channels(all, key, key),
                  v = l.slice_channels(all, 2 * key, size);
    const ValueId shares = l.softmax(l.product(q, k), kernels::axis_c);
    const ValueId mixed = l.reshape(l.product(shares, l.permute(v, {0, 3, 2, 1})), e);
    const ValueId around = depthwise(l, l.reshape(v, e), 3, 1, "none");
    y = l.add(l.projection(l.add(mixed, around), c), y);
    y = l.add(l.projection(conv(l, y, 2 * c, 1), c), y);
  }
  return conv(l, l.concat({passed, y}, kernels::axis_c), 2 * c, 1);
}

ValueId join(Layers& l, ValueId a, ValueId b) {
  return l.concat({a, b}, kernels::axis_c);
}

Outputs v5(Layers& l, ValueId x, const Size& s) {
  x = l.conv(x, s.channels(64), {.kh = 6, .kw = 6, .stride = 2, .pad = 2, .activation = "silu"});
  x = split5(l, conv(l, x, s.channels(128), 3, 2), s.channels(128), s.repeats(3), true);
  const ValueId p3 =
      split5(l, conv(l, x, s.channels(256), 3, 2), s.channels(256), s.repeats(6), true);
  const ValueId p4 =
      split5(l, conv(l, p3, s.channels(512), 3, 2), s.channels(512), s.repeats(9), true);
  x = split5(l, conv(l, p4, s.channels(1024), 3, 2), s.channels(1024), s.repeats(3), true);
  const ValueId n5 = conv(l, pyramid(l, x, s.channels(1024)), s.channels(512), 1);
  x = split5(l, join(l, l.upsample(n5), p4), s.channels(512), s.repeats(3), false);
  const ValueId n4 = conv(l, x, s.channels(256), 1);
  const ValueId o3 = split5(l, join(l, l.upsample(n4), p3), s.channels(256), s.repeats(3), false);
  const ValueId o4 = split5(l, join(l, conv(l, o3, s.channels(256), 3, 2), n4), s.channels(512),
                            s.repeats(3), false);
  const ValueId o5 = split5(l, join(l, conv(l, o4, s.channels(512), 3, 2), n5), s.channels(1024),
                            s.repeats(3), false);
  Outputs out;
  for (const ValueId o : {o3, o4, o5}) out.push_back(l.linear(o, 255, "none", false));
  return out;
}

// Boxes and classes at each stride. `light`: depthwise convolutions in the classes' branch.
Outputs heads(Layers& l, const std::vector<ValueId>& levels, std::int64_t narrowest, bool light) {
  const std::int64_t boxes = std::max<std::int64_t>(64, narrowest / 4);
  const std::int64_t classes = std::max<std::int64_t>(80, narrowest);
  Outputs out;
  for (const ValueId o : levels) {
    out.push_back(l.linear(conv(l, conv(l, o, boxes, 3), boxes, 3), 64, "none", false));
    ValueId y = o;
    for (int i = 0; i < 2; ++i)
      y = light ? conv(l, depthwise(l, y, 3, 1, "silu"), classes, 1) : conv(l, y, classes, 3);
    out.push_back(l.linear(y, 80, "none", false));
  }
  return out;
}

Outputs v8(Layers& l, ValueId x, const Size& s) {
  x = conv(l, x, s.channels(64), 3, 2);
  x = split8(l, conv(l, x, s.channels(128), 3, 2), s.channels(128), s.repeats(3), true);
  const ValueId p3 =
      split8(l, conv(l, x, s.channels(256), 3, 2), s.channels(256), s.repeats(6), true);
  const ValueId p4 =
      split8(l, conv(l, p3, s.channels(512), 3, 2), s.channels(512), s.repeats(6), true);
  x = split8(l, conv(l, p4, s.channels(1024), 3, 2), s.channels(1024), s.repeats(3), true);
  const ValueId p5 = pyramid(l, x, s.channels(1024));
  const ValueId n4 = split8(l, join(l, l.upsample(p5), p4), s.channels(512), s.repeats(3), false);
  const ValueId o3 = split8(l, join(l, l.upsample(n4), p3), s.channels(256), s.repeats(3), false);
  const ValueId o4 = split8(l, join(l, conv(l, o3, s.channels(256), 3, 2), n4), s.channels(512),
                            s.repeats(3), false);
  const ValueId o5 = split8(l, join(l, conv(l, o4, s.channels(512), 3, 2), p5), s.channels(1024),
                            s.repeats(3), false);
  return heads(l, {o3, o4, o5}, s.channels(256), false);
}

// The middle form (m) has units of products wherever there are most channels, without 7x7; the
// small one (s) has them at the coarsest levels, n only at the last.
Outputs v10(Layers& l, ValueId x, const Size& s, bool first, bool second, bool large) {
  const auto down = [&](ValueId v, std::int64_t c) {
    return depthwise(l, conv(l, v, s.channels(c), 1), 3, 2, "none");
  };
  const int three = s.repeats(3), six = s.repeats(6);
  x = conv(l, conv(l, x, s.channels(64), 3, 2), s.channels(128), 3, 2);
  x = split8(l, x, s.channels(128), three, true);
  const ValueId p3 = split8(l, conv(l, x, s.channels(256), 3, 2), s.channels(256), six, true);
  const ValueId p4 = split8(l, down(p3, 512), s.channels(512), six, true);
  x = down(p4, 1024);
  x = first ? split10(l, x, s.channels(1024), three, large)
            : split8(l, x, s.channels(1024), three, true);
  const ValueId p5 = attentive(l, pyramid(l, x, s.channels(1024)), 1);
  const ValueId n4 = split8(l, join(l, l.upsample(p5), p4), s.channels(512), three, false);
  const ValueId o3 = split8(l, join(l, l.upsample(n4), p3), s.channels(256), three, false);
  x = join(l, conv(l, o3, s.channels(256), 3, 2), n4);
  const ValueId o4 = second ? split10(l, x, s.channels(512), three, false)
                            : split8(l, x, s.channels(512), three, false);
  const ValueId o5 = split10(l, join(l, down(o4, 512), p5), s.channels(1024), three, large);
  return heads(l, {o3, o4, o5}, s.channels(256), true);
}

// `nested` throughout in m and above, else at the coarsest levels.
Outputs v11(Layers& l, ValueId x, const Size& s, bool nested) {
  const int n = s.repeats(2);
  const auto unit = [&](ValueId v, std::int64_t c, int share, bool inside) {
    return split11(l, v, s.channels(c), s.channels(c) / share, n, inside);
  };
  x = conv(l, conv(l, x, s.channels(64), 3, 2), s.channels(128), 3, 2);
  x = unit(x, 256, 4, nested);
  const ValueId p3 = unit(conv(l, x, s.channels(256), 3, 2), 512, 4, nested);
  const ValueId p4 = unit(conv(l, p3, s.channels(512), 3, 2), 512, 2, true);
  x = unit(conv(l, p4, s.channels(1024), 3, 2), 1024, 2, true);
  const ValueId p5 = attentive(l, pyramid(l, x, s.channels(1024)), n);
  const ValueId n4 = unit(join(l, l.upsample(p5), p4), 512, 2, nested);
  const ValueId o3 = unit(join(l, l.upsample(n4), p3), 256, 2, nested);
  const ValueId o4 = unit(join(l, conv(l, o3, s.channels(256), 3, 2), n4), 512, 2, nested);
  const ValueId o5 = unit(join(l, conv(l, o4, s.channels(512), 3, 2), p5), 1024, 2, true);
  return heads(l, {o3, o4, o5}, s.channels(256), true);
}

}  // namespace

Outputs yolov5n(Layers& l, ValueId x) {
  return v5(l, x, {0.33, 0.25});
}
Outputs yolov5s(Layers& l, ValueId x) {
  return v5(l, x, {0.33, 0.5});
}
Outputs yolov5m(Layers& l, ValueId x) {
  return v5(l, x, {0.67, 0.75});
}
Outputs yolov5l(Layers& l, ValueId x) {
  return v5(l, x, {1, 1});
}
Outputs yolov5x(Layers& l, ValueId x) {
  return v5(l, x, {1.33, 1.25});
}
Outputs yolov8n(Layers& l, ValueId x) {
  return v8(l, x, {0.33, 0.25});
}
Outputs yolov8s(Layers& l, ValueId x) {
  return v8(l, x, {0.33, 0.5});
}
Outputs yolov8m(Layers& l, ValueId x) {
  return v8(l, x, {0.67, 0.75, 768});
}
Outputs yolov8l(Layers& l, ValueId x) {
  return v8(l, x, {1, 1, 512});
}
Outputs yolov8x(Layers& l, ValueId x) {
  return v8(l, x, {1, 1.25, 512});
}
Outputs yolov10n(Layers& l, ValueId x) {
  return v10(l, x, {0.33, 0.25}, false, false, true);
}
Outputs yolov10s(Layers& l, ValueId x) {
  return v10(l, x, {0.33, 0.5}, true, false, true);
}
Outputs yolov10m(Layers& l, ValueId x) {
  return v10(l, x, {0.67, 0.75, 768}, true, true, false);
}
Outputs yolo11n(Layers& l, ValueId x) {
  return v11(l, x, {0.5, 0.25}, false);
}
Outputs yolo11s(Layers& l, ValueId x) {
  return v11(l, x, {0.5, 0.5}, false);
}
Outputs yolo11m(Layers& l, ValueId x) {
  return v11(l, x, {0.5, 1, 512}, true);
}
Outputs yolo11l(Layers& l, ValueId x) {
  return v11(l, x, {1, 1, 512}, true);
}
Outputs yolo11x(Layers& l, ValueId x) {
  return v11(l, x, {1, 1.5, 512}, true);
}

// Space to depth in front, pooling before the last stage's split, and heads with a stem.
Outputs yolox_s(Layers& l, ValueId x) {
  const Extents e = l.extents(x);
  x = l.reshape(x, {.w = 2, .h = e.w / 2, .c = e.h, .n = e.c * e.n});
  x = l.permute(x, {0, 3, 1, 2});  // [.., column of a pair, row, pair]
  x = l.reshape(x, {.w = e.w / 2, .h = 2, .c = e.h / 2, .n = 2 * e.c * e.n});
  x = l.permute(x, {0, 2, 1, 3});
  x = l.reshape(x, {.w = e.w / 2, .h = e.h / 2, .c = 4 * e.c, .n = e.n});
  const auto down = [&](ValueId v, std::int64_t c) { return conv(l, v, c, 3, 2); };
  x = split5(l, down(conv(l, x, 32, 3), 64), 64, 1, true);
  const ValueId p3 = split5(l, down(x, 128), 128, 3, true);
  const ValueId p4 = split5(l, down(p3, 256), 256, 3, true);
  x = conv(l, down(p4, 512), 256, 1);
  std::vector<ValueId> pools{x};
  for (const int kernel : {5, 9, 13}) pools.push_back(l.max_pool(x, kernel, 1, kernel / 2));
  x = split5(l, conv(l, l.concat(pools, kernels::axis_c), 512, 1), 512, 1, false);
  const ValueId n5 = conv(l, x, 256, 1);
  x = split5(l, join(l, l.upsample(n5), p4), 256, 1, false);
  const ValueId n4 = conv(l, x, 128, 1);
  const ValueId o3 = split5(l, join(l, l.upsample(n4), p3), 128, 1, false);
  const ValueId o4 = split5(l, join(l, down(o3, 128), n4), 256, 1, false);
  const ValueId o5 = split5(l, join(l, down(o4, 256), n5), 512, 1, false);
  Outputs out;
  for (const ValueId o : {o3, o4, o5}) {
    const ValueId stem = conv(l, o, 128, 1);
    out.push_back(l.linear(conv(l, conv(l, stem, 128, 3), 128, 3), 80, "none", false));
    const ValueId boxes = conv(l, conv(l, stem, 128, 3), 128, 3);
    out.push_back(l.linear(boxes, 4, "none", false));
    out.push_back(l.linear(boxes, 1, "none", false));
  }
  return out;
}

}  // namespace ane::workloads::families
