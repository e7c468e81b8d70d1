// Values between the points of a grid: resizing, sampling, regions.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "isa/error.h"
#include "workloads/model/mapping.h"
#include "workloads/model/ops/families.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using List = Wholes;

// Weights of the neighbours of one output position along one axis.
struct Taps {
  List at;
  std::vector<double> weight;
};

struct Along {
  I in, out;
  double scale;
  double start = 0, end = 1;  // of the region, in parts of the extent
  bool by_extent = false;     // the extent is what was asked for, not the scale
};

double place_of(const std::string& how, double x, const Along& a) {
  const auto in = static_cast<double>(a.in), out = static_cast<double>(a.out);
  if (how == "asymmetric") return x / a.scale;
  // The resized extent before it is rounded down, as ONNX's reference has it.
  const double exact = a.by_extent ? out : in * a.scale;
  if (how == "align_corners") return exact > 1 ? x * (in - 1) / (exact - 1) : 0;
  if (how == "pytorch_half_pixel") return out > 1 ? (x + 0.5) / a.scale - 0.5 : 0;
  if (how == "tf_half_pixel_for_nn") return (x + 0.5) / a.scale;
  if (how == "half_pixel_symmetric") {
    const double adjust = out / (a.scale * in);
    return in / 2 * (1 - adjust) + (x + 0.5) / a.scale - 0.5;
  }
  if (how == "tf_crop_and_resize")
    return out > 1 ? a.start * (in - 1) + x * (a.end - a.start) * (in - 1) / (out - 1)
                   : 0.5 * (a.start + a.end) * (in - 1);
  return (x + 0.5) / a.scale - 0.5;  // half_pixel
}

double cubic(double d, double a) {
  d = std::fabs(d);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return 0;
}

struct Sampling {
  std::string mode, how, nearest;
  double a = -0.75;
  bool exclude = false, antialias = false;
};

I nearest_of(const std::string& how, double x) {
  if (how == "floor") return static_cast<I>(std::floor(x));
  if (how == "ceil") return static_cast<I>(std::ceil(x));
  if (how == "round_prefer_ceil") return static_cast<I>(std::floor(x + 0.5));
  return static_cast<I>(std::ceil(x - 0.5));
}

Taps taps_of(const Sampling& s, const Along& a, I out) {
  Taps t;
  const double x = place_of(s.how, static_cast<double>(out), a);
  if (s.mode == "nearest") {
    t.at = {std::clamp<I>(nearest_of(s.nearest, x), 0, a.in - 1)};
    t.weight = {1};
    return t;
  }
  const bool linear = s.mode == "linear";
  const double wide = s.antialias && a.scale < 1 ? 1 / a.scale : 1;  // of the filter
  const double reach = (linear ? 1 : 2) * wide;
  double sum = 0;
  for (I k = static_cast<I>(std::ceil(x - reach)); k <= static_cast<I>(std::floor(x + reach));
       ++k) {
    const double d = (static_cast<double>(k) - x) / wide;
    const double w = linear ? std::max(0.0, 1 - std::fabs(d)) : cubic(d, s.a);
    if (w == 0 || ((s.exclude || s.antialias) && (k < 0 || k >= a.in))) continue;
    t.at.push_back(std::clamp<I>(k, 0, a.in - 1));
    t.weight.push_back(w);
    sum += w;
  }
  if (sum != 0)
    for (double& w : t.weight) w /= sum;
  return t;
}

// One axis after the other.
void resample(const Array& x, Array& y, const std::vector<Along>& axes, const Sampling& s,
              double outside) {
  std::vector<double> now(static_cast<std::size_t>(x.size()));
  for (I k = 0; k < x.size(); ++k) now[static_cast<std::size_t>(k)] = x.number(k);
  Shape shape = x.type.shape;
  const bool crops = s.how == "tf_crop_and_resize";
  for (std::size_t d = 0; d < axes.size(); ++d) {
    const Along& a = axes[d];
    if (a.in == a.out && a.scale == 1 && !crops) continue;
    const Around r = around(shape, d);
    std::vector<double> next(static_cast<std::size_t>(r.before * a.out * r.after));
    for (I o = 0; o < a.out; ++o) {
      const double at = place_of(s.how, static_cast<double>(o), a);
      const bool out_of_it = crops && (at < 0 || at > static_cast<double>(a.in - 1));
      const Taps t = taps_of(s, a, o);
      for (I b = 0; b < r.before; ++b)
        for (I c = 0; c < r.after; ++c) {
          double sum = 0;
          for (std::size_t k = 0; k < t.at.size(); ++k)
            sum += t.weight[k] * now[static_cast<std::size_t>((b * a.in + t.at[k]) * r.after + c)];
          next[static_cast<std::size_t>((b * a.out + o) * r.after + c)] = out_of_it ? outside : sum;
        }
    }
    now = std::move(next);
    shape[d] = a.out;
  }
  for (I k = 0; k < y.size(); ++k) y.set(k, now[static_cast<std::size_t>(k)]);
}

// Version 10: x, scales; from 11: x, region, scales, sizes.
struct Resizing {
  std::vector<Along> axes;
  Sampling how;
  Shape out;
};
Resizing resizing_of(Use& u) {
  const bool upsample = u.node.op == "Upsample", old = upsample || u.node.version < 11;
  const std::size_t rank = u.rank(0);
  std::vector<double> scales;
  List sizes;
  const std::size_t at = old ? 1 : 2;
  if (upsample && u.says("scales")) {
    for (const float f : u.attribute("scales")->reals) scales.push_back(static_cast<double>(f));
  } else if (u.has(at) && kernels::elements(u.shape(at)) > 0) {
    for (I k = 0; k < kernels::elements(u.shape(at)); ++k) scales.push_back(u.data(at).number(k));
  } else if (!old && u.has(3)) {
    sizes = u.integers(3);
  }
  List named = u.list("axes");
  if (named.empty())
    for (std::size_t d = 0; d < rank; ++d) named.push_back(static_cast<I>(d));
  u.require(named.size() == std::max(scales.size(), sizes.size()),
            "a scale or an extent for each axis");
  const std::string policy = u.text("keep_aspect_ratio_policy", "stretch");
  std::vector<Along> axes;
  Shape out = u.shape(0);
  for (std::size_t d = 0; d < rank; ++d) axes.push_back({out[d], out[d], 1});
  double common = policy == "not_larger" ? 1e300 : 0;
  for (std::size_t k = 0; k < named.size() && !sizes.empty(); ++k) {
    const double s = static_cast<double>(sizes[k]) /
                     static_cast<double>(std::max<I>(1, out[axis_of(named[k], rank, u.place())]));
    common = policy == "not_larger" ? std::min(common, s) : std::max(common, s);
  }
  for (std::size_t k = 0; k < named.size(); ++k) {
    Along& a = axes[axis_of(named[k], rank, u.place())];
    if (sizes.empty()) {
      u.require(scales[k] > 0 && scales[k] < 1e6, "a scale of 0 or less");
      a.scale = scales[k];
      a.out = static_cast<I>(std::floor(static_cast<double>(a.in) * a.scale));
    } else if (policy == "stretch") {
      u.require(sizes[k] >= 0, "an extent below 0");
      a.out = sizes[k], a.by_extent = true;
      a.scale = static_cast<double>(a.out) / static_cast<double>(std::max<I>(1, a.in));
    } else {
      a.scale = common;
      a.out = static_cast<I>(std::floor(static_cast<double>(a.in) * common + 0.5));
    }
  }
  Sampling s{.mode = u.text("mode", "nearest"),
             .how = u.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel"),
             .nearest = u.text("nearest_mode", old ? "floor" : "round_prefer_floor"),
             .a = static_cast<double>(u.real("cubic_coeff_a", -0.75F)),
             .exclude = u.integer("exclude_outside", 0) != 0,
             .antialias = u.integer("antialias", 0) != 0};
  if (s.mode == "bilinear") s.mode = "linear";
  if (s.how == "tf_crop_and_resize") {
    const auto whole = static_cast<I>(named.size());
    u.require(u.has(1) && kernels::elements(u.shape(1)) == 2 * whole,
              "a region with a start and an end for each axis");
    for (I k = 0; k < whole; ++k) {
      Along& a = axes[axis_of(named[static_cast<std::size_t>(k)], rank, u.place())];
      a.start = u.data(1).number(k), a.end = u.data(1).number(k + whole);
      if (sizes.empty())
        a.out = static_cast<I>(std::floor(static_cast<double>(a.in) * (a.end - a.start) * a.scale));
    }
  }
  for (std::size_t d = 0; d < rank; ++d) out[d] = axes[d].out;
  return {std::move(axes), std::move(s), std::move(out)};
}

void resize(Use& u) {
  const Resizing r = resizing_of(u);
  Array* y = u.out(0, u.dtype(0), r.out);
  if (y == nullptr || y->size() == 0) return;
  resample(u.data(0), *y, r.axes, r.how, static_cast<double>(u.real("extrapolation_value", 0)));
}

// ---- on the accelerator

// An axis becomes channels and is multiplied with the weights of its neighbours; whole multiples of
// the nearest are repeats.
std::optional<Why> map_resize(const Use& given, Mapper& m) {
  Use u = given;
  const Resizing r = resizing_of(u);
  if (r.how.how == "tf_crop_and_resize")
    return Why{"U1", "a region that is cut out and resized", "", "Slice and Resize"};
  if (u.rank(0) > 4) return Why{"R3", "a resize over three axes", "", "two of them"};
  const auto rank = static_cast<int>(u.rank(0));
  Shape now = u.shape(0);
  Layout layout = m.layout_or_natural(0);
  ValueId x = m.operand(0, layout);
  for (int axis = rank - 1; axis >= 0; --axis) {
    const auto d = static_cast<std::size_t>(axis);
    const Along& a = r.axes[d];
    if (a.in == a.out && a.scale == 1) continue;
    if (std::max(a.in, a.out) > m.machine().max_extent)
      return Why{"O2", "an axis of more positions than the accelerator's tensors have", "", ""};
    std::vector<Taps> taps;
    for (I o = 0; o < a.out; ++o) taps.push_back(taps_of(r.how, a, o));
    const I times = a.in > 0 ? a.out / a.in : 0;
    bool repeats = times >= 1 && times * a.in == a.out;
    for (I o = 0; o < a.out && repeats; ++o)
      repeats = taps[static_cast<std::size_t>(o)].at.size() == 1 &&
                taps[static_cast<std::size_t>(o)].at[0] == o / times;
    if (repeats) {
      // [before, in, after] + zeros [1, 1, times, 1]: each position as often as it is repeated.
      layout = natural_layout(now);
      x = m.relaid(x, now, layout);
      const Around part = around(now, d);
      x = m.reshape(x, {.w = part.after, .h = 1, .c = part.extent, .n = part.before});
      const ValueId zeros =
          m.constant("repeats", {.w = 1, .h = times, .c = 1, .n = 1},
                     std::vector<float>(m.values() ? static_cast<std::size_t>(times) : 0, 0));
      x = m.elementwise("add", x, zeros);
      now[d] = a.out;
      layout = natural_layout(now);
      x = m.reshape(x, extents_of(now, layout));
      m.laid(layout);
      continue;
    }
    Layout turned;
    turned.of[Layout::c] = {axis};
    if (now[d] == 1) turned.of[Layout::c].clear();
    for (int k = 0; k < rank; ++k) {
      if (k == axis || now[static_cast<std::size_t>(k)] == 1) continue;
      turned.of[k == 0 ? Layout::n : k == 1 && rank == 4 ? Layout::h : Layout::w].push_back(k);
    }
    x = m.relaid(x, now, turned);
    auto p = m.parameters(a.out, a.in, 1, 1, false);
    if (m.values()) {
      p->weights.assign(static_cast<std::size_t>(a.out * a.in), 0);
      for (I o = 0; o < a.out; ++o)
        for (std::size_t t = 0; t < taps[static_cast<std::size_t>(o)].at.size(); ++t)
          p->weights[static_cast<std::size_t>(o * a.in +
                                              taps[static_cast<std::size_t>(o)].at[t])] +=
              static_cast<float>(taps[static_cast<std::size_t>(o)].weight[t]);
    }
    x = m.node("linear", {x}, {}, p);
    now[d] = a.out;
    turned.of[Layout::c].clear();
    if (a.out != 1) turned.of[Layout::c] = {axis};
    layout = turned;
    m.laid(layout);
  }
  m.result(0, x, layout);
  return std::nullopt;
}

double unit_to_pixel(double x, I extent, bool corners) {
  return corners ? (x + 1) / 2 * static_cast<double>(extent - 1)
                 : ((x + 1) * static_cast<double>(extent) - 1) / 2;
}

double reflected(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  double d = std::fmod(std::fabs(x - low), 2 * range);
  return d > range ? high - (d - range) : low + d;
}

// x [n, c, h, w], grid [n, oh, ow, 2] in -1 to 1.
void grid_sample(Use& u) {
  u.require(
      u.rank(0) == 4 && u.rank(1) == 4 && u.shape(1)[3] == 2 && u.shape(0)[0] == u.shape(1)[0],
      "takes [n, c, h, w] and a grid [n, h, w, 2]");
  const Shape &in = u.shape(0), &g = u.shape(1);
  Array* y = u.out(0, u.dtype(0), {in[0], in[1], g[1], g[2]});
  if (y == nullptr) return;
  const std::string mode = u.text("mode", "bilinear"), padding = u.text("padding_mode", "zeros");
  const bool corners = u.integer("align_corners", 0) != 0;
  const Array &x = u.data(0), &grid = u.data(1);
  const I h = in[2], w = in[3];
  const auto inside = [&](double v, I extent) {
    const auto e = static_cast<double>(extent);
    if (padding == "border") return std::clamp(v, 0.0, e - 1);
    if (padding == "reflection")
      return corners ? reflected(v, 0, e - 1) : reflected(v, -0.5, e - 0.5);
    return v;
  };
  const auto pixel = [&](I n, I c, double py, double px) {
    const auto iy = static_cast<I>(inside(py, h)), ix = static_cast<I>(inside(px, w));
    if (padding == "zeros" &&
        (py < 0 || py > static_cast<double>(h - 1) || px < 0 || px > static_cast<double>(w - 1)))
      return 0.0;
    return x.number(((n * in[1] + c) * h + std::clamp<I>(iy, 0, h - 1)) * w +
                    std::clamp<I>(ix, 0, w - 1));
  };
  I at = 0;
  for (I n = 0; n < in[0]; ++n)
    for (I c = 0; c < in[1]; ++c)
      for (I oy = 0; oy < g[1]; ++oy)
        for (I ox = 0; ox < g[2]; ++ox, ++at) {
          const I from = ((n * g[1] + oy) * g[2] + ox) * 2;
          double px = unit_to_pixel(grid.number(from), w, corners),
                 py = unit_to_pixel(grid.number(from + 1), h, corners);
          double sum = 0;
          if (mode == "nearest") {
            sum = pixel(n, c, std::nearbyint(inside(py, h)), std::nearbyint(inside(px, w)));
          } else if (mode == "bilinear" || mode == "linear") {
            px = inside(px, w), py = inside(py, h);
            const double fx = std::floor(px), fy = std::floor(py);
            for (const double dy : {0.0, 1.0})
              for (const double dx : {0.0, 1.0})
                sum += (dy > 0 ? py - fy : 1 - py + fy) * (dx > 0 ? px - fx : 1 - px + fx) *
                       pixel(n, c, fy + dy, fx + dx);
          } else {
            const double fx = std::floor(px), fy = std::floor(py);
            for (int dy = -1; dy <= 2; ++dy)
              for (int dx = -1; dx <= 2; ++dx)
                sum += cubic(py - fy - dy, -0.75) * cubic(px - fx - dx, -0.75) *
                       pixel(n, c, fy + dy, fx + dx);
          }
          y->set(at, sum);
        }
}

// x [n, c, h, w], regions [r, 4] in pixels of the picture, item of each region.
void roi_align(Use& u) {
  u.require(u.rank(0) == 4 && u.rank(1) == 2 && u.shape(1)[1] == 4,
            "takes [n, c, h, w] and regions [r, 4]");
  const Shape& in = u.shape(0);
  const I oh = u.integer("output_height", 1), ow = u.integer("output_width", 1),
          ratio = u.integer("sampling_ratio", 0);
  u.require(oh >= 1 && ow >= 1 && oh < 1 << 20 && ow < 1 << 20 && ratio >= 0 && ratio < 1024,
            "an output or ratio out of range");
  const I regions = u.shape(1)[0];
  Array* y = u.out(0, u.dtype(0), {regions, in[1], oh, ow});
  if (y == nullptr) return;
  const Array &x = u.data(0), &r = u.data(1);
  const List item = u.integers(2);
  u.require(static_cast<I>(item.size()) == regions, "an item for each region");
  const auto scale = static_cast<double>(u.real("spatial_scale", 1));
  const bool half =
      u.text("coordinate_transformation_mode",
             u.node.version < 16 ? "output_half_pixel" : "half_pixel") == "half_pixel";
  const bool largest = u.text("mode", "avg") == "max";
  for (I k = 0; k < regions; ++k) {
    const I n = item[static_cast<std::size_t>(k)];
    u.require(n >= 0 && n < in[0], "a region of an item that is not there");
    const double shift = half ? 0.5 : 0;
    const double x1 = r.number(k * 4) * scale - shift, y1 = r.number(k * 4 + 1) * scale - shift;
    double width = r.number(k * 4 + 2) * scale - shift - x1,
           height = r.number(k * 4 + 3) * scale - shift - y1;
    if (!half) width = std::max(width, 1.0), height = std::max(height, 1.0);
    const double bh = height / static_cast<double>(oh), bw = width / static_cast<double>(ow);
    const I sy = std::clamp<I>(ratio > 0 ? ratio : static_cast<I>(std::ceil(bh)), 1, 1024),
            sx = std::clamp<I>(ratio > 0 ? ratio : static_cast<I>(std::ceil(bw)), 1, 1024);
    for (I c = 0; c < in[1]; ++c)
      for (I py = 0; py < oh; ++py)
        for (I px = 0; px < ow; ++px) {
          double sum = 0, best = 0;
          bool any = false;
          for (I iy = 0; iy < sy; ++iy)
            for (I ix = 0; ix < sx; ++ix) {
              double yy = y1 + static_cast<double>(py) * bh +
                          (static_cast<double>(iy) + 0.5) * bh / static_cast<double>(sy);
              double xx = x1 + static_cast<double>(px) * bw +
                          (static_cast<double>(ix) + 0.5) * bw / static_cast<double>(sx);
              if (yy < -1 || yy > static_cast<double>(in[2]) || xx < -1 ||
                  xx > static_cast<double>(in[3]))
                continue;
              yy = std::clamp(yy, 0.0, static_cast<double>(in[2] - 1)),
              xx = std::clamp(xx, 0.0, static_cast<double>(in[3] - 1));
              const I fy = static_cast<I>(yy), fx = static_cast<I>(xx);
              double v = 0;
              for (const I dy : {0, 1})
                for (const I dx : {0, 1}) {
                  const double wy = dy ? yy - static_cast<double>(fy)
                                       : 1 - yy + static_cast<double>(fy),
                               wx = dx ? xx - static_cast<double>(fx)
                                       : 1 - xx + static_cast<double>(fx);
                  const double one =
                      wy * wx *
                      x.number(((n * in[1] + c) * in[2] + std::min(fy + dy, in[2] - 1)) * in[3] +
                               std::min(fx + dx, in[3] - 1));
                  v += one;
                  if (largest) best = any ? std::max(best, one) : one, any = true;
                }
              sum += v;
            }
          y->set(((k * in[1] + c) * oh + py) * ow + px,
                 largest ? best : sum / static_cast<double>(sy * sx));
        }
  }
}

constexpr Cost sampled{.kind = kernels::WorkKind::pool, .flops = 8};

}  // namespace

Family images() {
  const std::vector<Rule> resized{
      text("mode", "nearest linear").until(10),
      text("mode", "nearest linear cubic").from(11),
      text("coordinate_transformation_mode",
           "half_pixel pytorch_half_pixel align_corners asymmetric tf_half_pixel_for_nn "
           "tf_crop_and_resize half_pixel_symmetric")
          .from(11),
      text("nearest_mode", "round_prefer_floor round_prefer_ceil floor ceil").from(11),
      real("cubic_coeff_a").from(11),
      flag("exclude_outside").from(11),
      real("extrapolation_value").from(11),
      flag("antialias").from(18),
      wholes("axes").from(18),
      text("keep_aspect_ratio_policy", "stretch not_larger not_smaller").from(18)};
  static const std::vector<Operator> all{
      {.name = "Resize",
       .since = 10,
       .run = resize,
       .takes = takes(2).from(11, 3, 4).from(13, 1, 4).with(resized),
       .cost = sampled,
       .map = map_resize},
      {.name = "Upsample",
       .run = resize,
       .takes = takes(1).from(9, 2, 2).with(
           {text("mode", "nearest linear bilinear"), reals("scales").from(7).until(8)}),
       .cost = sampled,
       .map = map_resize},
      {.name = "GridSample",
       .since = 16,
       .run = grid_sample,
       .takes =
           takes(2).with({flag("align_corners"), text("mode", "bilinear nearest bicubic").until(19),
                          text("mode", "linear nearest cubic").from(20),
                          text("padding_mode", "zeros border reflection")}),
       .cost = {.kind = kernels::WorkKind::gather, .flops = 16}},
      {.name = "RoiAlign",
       .since = 10,
       .run = roi_align,
       .takes = takes(3).with(
           {text("coordinate_transformation_mode", "half_pixel output_half_pixel").from(16),
            text("mode", "avg max"), whole("output_height", 1), whole("output_width", 1),
            whole("sampling_ratio", 0), real("spatial_scale")}),
       .cost = {.kind = kernels::WorkKind::gather, .flops = 16}},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
