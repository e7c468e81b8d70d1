// YOLOv5 (release 6 and later) and YOLOv8 by the model files of ultralytics (yolov5s.yaml,
// yolov8.yaml): stages that split, pass some bottlenecks and join, a pyramid there and back, and
// heads at three strides. Boxes are decoded by the host.
#include <cmath>

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

// v8: every bottleneck's result is joined.
ValueId split8(Layers& l, ValueId x, std::int64_t c, int repeats, bool residual) {
  x = conv(l, x, c, 1);
  std::vector<ValueId> parts{l.slice_channels(x, 0, c / 2), l.slice_channels(x, c / 2, c / 2)};
  for (int i = 0; i < repeats; ++i) {
    const ValueId y = conv(l, conv(l, parts.back(), c / 2, 3), c / 2, 3);
    parts.push_back(residual ? l.add(y, parts.back()) : y);
  }
  return conv(l, l.concat(parts, kernels::axis_c), c, 1);
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
  const std::int64_t boxes = std::max<std::int64_t>(64, s.channels(256) / 4);
  const std::int64_t classes = std::max<std::int64_t>(80, s.channels(256));
  Outputs out;
  for (const ValueId o : {o3, o4, o5}) {
    out.push_back(l.linear(conv(l, conv(l, o, boxes, 3), boxes, 3), 64, "none", false));
    out.push_back(l.linear(conv(l, conv(l, o, classes, 3), classes, 3), 80, "none", false));
  }
  return out;
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
Outputs yolov8n(Layers& l, ValueId x) {
  return v8(l, x, {0.33, 0.25});
}
Outputs yolov8s(Layers& l, ValueId x) {
  return v8(l, x, {0.33, 0.5});
}
Outputs yolov8m(Layers& l, ValueId x) {
  return v8(l, x, {0.67, 0.75, 768});
}

}  // namespace ane::workloads::families
