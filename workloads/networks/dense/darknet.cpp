// YOLOv3 and its tiny form (Redmon and Farhadi 2018, yolov3.cfg and yolov3-tiny.cfg of darknet) and
// YOLOv4-tiny (Wang et al. 2021, yolov4-tiny.cfg).
#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

ValueId conv(Layers& l, ValueId x, std::int64_t c, int kernel, int stride = 1) {
  Attributes a;
  a.stride_w = a.stride_h = stride;
  a.pad_left = a.pad_right = a.pad_top = a.pad_bottom = kernel / 2;
  a.activation = "leaky_relu";
  a.alpha = 0.1;
  return l.conv_padded(x, l.parameters(c, l.extents(x).c, kernel, kernel), a);
}

ValueId halve(Layers& l, ValueId x) {
  return l.max_pool(x, 2, 2, 0);
}

// Three anchors of four coordinates, an objectness and 80 classes.
ValueId boxes(Layers& l, ValueId x) {
  return l.linear(x, 255, "none", false);
}

// A coarser level's result in another width, doubled, beside a finer level's.
ValueId join(Layers& l, ValueId coarse, std::int64_t c, ValueId fine) {
  return l.concat({l.upsample(conv(l, coarse, c, 1)), fine}, kernels::axis_c);
}

}  // namespace

Outputs yolov3(Layers& l, ValueId x) {
  x = conv(l, x, 32, 3);
  std::vector<ValueId> stages;
  for (const auto& [c, count] :
       {std::pair<std::int64_t, int>{64, 1}, {128, 2}, {256, 8}, {512, 8}, {1024, 4}}) {
    x = conv(l, x, c, 3, 2);
    for (int i = 0; i < count; ++i) x = l.add(conv(l, conv(l, x, c / 2, 1), c, 3), x);
    stages.push_back(x);
  }
  Outputs out;
  for (std::size_t level = 4; level >= 2; --level) {
    const std::int64_t c = 64 << (level - 1);
    if (level < 4) x = join(l, x, c, stages[level]);
    for (int i = 0; i < 2; ++i) x = conv(l, conv(l, x, c, 1), 2 * c, 3);
    x = conv(l, x, c, 1);
    out.push_back(boxes(l, conv(l, x, 2 * c, 3)));
  }
  return out;
}

Outputs yolov3_tiny(Layers& l, ValueId x) {
  for (const std::int64_t c : {16, 32, 64, 128}) x = halve(l, conv(l, x, c, 3));
  const ValueId fine = conv(l, x, 256, 3);
  x = conv(l, halve(l, fine), 512, 3);
  Attributes a;
  a.operation = "max";
  a.kernel_w = a.kernel_h = 2;
  a.pad_right = a.pad_bottom = 1;
  x = l.graph().node("pool", "pool_of_stride_1", {l.fp16(x)}, a);
  x = conv(l, conv(l, x, 1024, 3), 256, 1);
  const ValueId coarse = boxes(l, conv(l, x, 512, 3));
  return {coarse, boxes(l, conv(l, join(l, x, 128, fine), 256, 3))};
}

Outputs yolov4_tiny(Layers& l, ValueId x) {
  x = conv(l, conv(l, x, 32, 3, 2), 64, 3, 2);
  ValueId fine = x;
  for (const std::int64_t c : {64, 128, 256}) {
    x = conv(l, x, c, 3);
    const ValueId first = conv(l, l.slice_channels(x, c / 2, c / 2), c / 2, 3);
    const ValueId second = conv(l, first, c / 2, 3);
    fine = conv(l, l.concat({second, first}, kernels::axis_c), c, 1);
    x = halve(l, l.concat({x, fine}, kernels::axis_c));
  }
  x = conv(l, conv(l, x, 512, 3), 256, 1);
  const ValueId coarse = boxes(l, conv(l, x, 512, 3));
  return {coarse, boxes(l, conv(l, join(l, x, 128, fine), 256, 3))};
}

}  // namespace ane::workloads::families
