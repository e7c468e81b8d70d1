// Largest, mean and norm over sliding windows, and over whole planes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "isa/error.h"
#include "workloads/model/mapping.h"
#include "workloads/model/ops/families.h"
#include "workloads/model/ops/spatial/windows.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using List = Wholes;

Shape pooled(const Use& u, const Windows& w) {
  Shape out{u.shape(0)[0], u.shape(0)[1]};
  out.insert(out.end(), w.out.begin(), w.out.end());
  return out;
}

template <class One>
void each_window(const Shape& x, const Windows& w, One one) {
  I plane = 1, outs = 1;
  for (std::size_t d = 0; d < w.axes(); ++d) plane *= w.in[d], outs *= w.out[d];
  if (outs == 0) return;
  for (I c = 0; c < x[0] * x[1]; ++c) {
    List at(w.axes(), 0);
    I position = 0;
    do one(c, c * plane, c * outs + position++, at);
    while (next(at, w.out));
  }
}

void max_pool(Use& u) {
  const Windows w =
      windows_of(u, u.list("kernel_shape"), u.shape(0), u.integer("ceil_mode", 0) != 0);
  const Shape out = pooled(u, w);
  Array *y = u.out(0, u.dtype(0), out), *places = u.out(1, Dtype::i64, out);
  if (y == nullptr) return;
  const Array& x = u.data(0);
  const bool columns = u.integer("storage_order", 0) != 0;
  each_window(u.shape(0), w, [&](I, I base, I to, const List& at) {
    double best = -std::numeric_limits<double>::infinity();
    I place = -1;
    each_tap(w, at, [&](I, I from) {
      const double v = x.number(base + from);
      if (place < 0 || v > best || std::isnan(v)) best = v, place = base + from;
    });
    y->set(to, best);
    if (place >= 0 && columns && w.axes() == 2) {  // column-major inside the plane
      const I in_plane = place - base;
      place = base + in_plane % w.in[1] * w.in[0] + in_plane / w.in[1];
    }
    if (places != nullptr) places->i[static_cast<std::size_t>(to)] = place;
  });
}

void average_pool(Use& u) {
  const bool up = u.integer("ceil_mode", 0) != 0, padding = u.integer("count_include_pad", 0) != 0;
  const Windows w = windows_of(u, u.list("kernel_shape"), u.shape(0), up);
  Array* y = u.out(0, u.dtype(0), pooled(u, w));
  if (y == nullptr) return;
  const Reals& x = u.reals(0);
  each_window(u.shape(0), w, [&](I, I base, I to, const List& at) {
    double sum = 0, count = 0;
    each_tap(w, at, [&](I, I from) {
      sum += static_cast<double>(x[static_cast<std::size_t>(base + from)]), ++count;
    });
    if (padding) {  // of the padded operand, not of what rounding up adds
      count = 1;
      for (std::size_t d = 0; d < w.axes(); ++d) {
        count *=
            static_cast<double>(reach_of(w, d, at[d], -w.before[d], w.in[d] + w.after[d]).count());
      }
    }
    y->set(to, count > 0 ? sum / count : 0);
  });
}

void lp_pool(Use& u) {
  const Windows w =
      windows_of(u, u.list("kernel_shape"), u.shape(0), u.integer("ceil_mode", 0) != 0);
  Array* y = u.out(0, u.dtype(0), pooled(u, w));
  if (y == nullptr) return;
  const Reals& x = u.reals(0);
  const double p = static_cast<double>(u.integer("p", 2));
  each_window(u.shape(0), w, [&](I, I base, I to, const List& at) {
    double sum = 0;
    each_tap(w, at, [&](I, I from) {
      sum += std::pow(std::fabs(static_cast<double>(x[static_cast<std::size_t>(base + from)])), p);
    });
    y->set(to, std::pow(sum, 1 / p));
  });
}

void global_pool(Use& u) {
  u.require(u.rank(0) >= 2, "takes [n, c, ...]");
  Shape out = u.shape(0);
  I plane = 1;
  for (std::size_t d = 2; d < out.size(); ++d) plane *= out[d], out[d] = 1;
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  const Reals& x = u.reals(0);
  const bool largest = u.node.op == "GlobalMaxPool", norm = u.node.op == "GlobalLpPool";
  const double p = norm ? static_cast<double>(u.integer("p", 2)) : 1;
  for (I c = 0; c < y->size(); ++c) {
    double sum = largest ? -std::numeric_limits<double>::infinity() : 0;
    for (I k = 0; k < plane; ++k) {
      const auto v = static_cast<double>(x[static_cast<std::size_t>(c * plane + k)]);
      sum = largest ? std::max(sum, v) : norm ? sum + std::pow(std::fabs(v), p) : sum + v;
    }
    y->set(c, largest ? sum : norm ? std::pow(sum, 1 / p) : sum / static_cast<double>(plane));
  }
}

// Puts back what MaxPool took, at its places.
void max_unpool(Use& u) {
  const List kernel = u.list("kernel_shape");
  u.require(u.rank(0) == kernel.size() + 2, "its window does not fit");
  const List stride = list_or(u, "strides", kernel.size(), 1),
             pads = list_or(u, "pads", 2 * kernel.size(), 0);
  Shape plain{u.shape(0)[0], u.shape(0)[1]};
  for (std::size_t d = 0; d < kernel.size(); ++d)
    plain.push_back((u.shape(0)[d + 2] - 1) * stride[d] + kernel[d] - pads[d] -
                    pads[d + kernel.size()]);
  const Shape out = u.has(2) ? Shape(u.integers(2)) : plain;
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  u.require(out.size() == plain.size(), "an output shape of another rank");
  const Array& x = u.data(0);
  const List places = u.integers(1);
  u.require(places.size() == static_cast<std::size_t>(x.size()), "a place for each element");
  // Places count in the plain shape.
  const List from = strides_of(plain), to = strides_of(out);
  for (std::size_t k = 0; k < places.size(); ++k) {
    I at = 0;
    bool inside = places[k] >= 0 && places[k] < kernels::elements(plain);
    for (std::size_t d = 0; inside && d < plain.size(); ++d) {
      const I p = places[k] / from[d] % plain[d];
      inside = p < out[d];
      at += p * to[d];
    }
    u.require(inside, "a place outside the result");
    y->set(at, x.number(static_cast<I>(k)));
  }
}

std::optional<Why> map_window(const Use& u, Mapper& m) {
  const bool largest = u.node.op == "MaxPool";
  if (largest && u.wants(1))
    return Why{"I1", "the places of the largest are whole numbers, which are the host's", "",
               "the values alone"};
  const bool up = u.integer("ceil_mode", 0) != 0, padding = u.integer("count_include_pad", 0) != 0;
  const Windows w = windows_of(u, u.list("kernel_shape"), u.shape(0), up);
  if (w.axes() > 2)
    return Why{"R3", "windows over three axes: the accelerator's slide over rows and columns", "",
               "two pools"};
  for (const I d : w.dilation)
    if (d != 1) return Why{"P3", "a pool with dilation", "", "a pool without"};
  const bool flat = w.axes() == 1;
  const std::size_t col = flat ? 0 : 1;
  const auto small = [](I v) { return static_cast<int>(std::clamp<I>(v, 0, 1 << 24)); };
  Attributes a;
  a.operation = largest ? "max" : "avg";
  a.count_pad = padding;
  // What rounding up adds lies behind.
  const auto behind = [&](std::size_t d) {
    return std::max<I>(0, (w.out[d] - 1) * w.stride[d] + w.kernel[d] - w.in[d] - w.before[d]);
  };
  if (!largest && padding)
    for (std::size_t d = 0; d < w.axes(); ++d)
      if (behind(d) > w.after[d])
        return Why{"P4", "a mean that counts the padding but not what rounding up adds", "",
                   "ceil_mode 0"};
  a.kernel_w = small(w.kernel[col]), a.stride_w = small(w.stride[col]),
  a.pad_left = small(w.before[col]), a.pad_right = small(behind(col));
  if (!flat)
    a.kernel_h = small(w.kernel[0]), a.stride_h = small(w.stride[0]),
    a.pad_top = small(w.before[0]), a.pad_bottom = small(behind(0));
  ValueId x = m.operand(0, planes(u.shape(0)));
  const bool codes = !is_real(u.dtype(0));  // the largest of codes is that of what they stand for
  if (codes) x = m.dequantised(x, 1, 0);
  ValueId y = m.node("pool", {x}, a);
  if (codes) {
    Attributes back;
    back.scale = 1;
    y = m.node("quantise", {y}, back);
  }
  m.result(0, y, planes(m.result_shape()));
  return std::nullopt;
}

std::optional<Why> map_global(const Use& u, Mapper& m) {
  std::vector<int> gone;
  for (std::size_t d = 2; d < u.rank(0); ++d) gone.push_back(static_cast<int>(d));
  Layout layout = m.layout_with(0, gone);
  const ValueId x = m.operand(0, layout);
  Attributes a;
  a.operation = u.node.op == "GlobalMaxPool" ? "max" : "mean";
  for (std::size_t g = 0; g < 4; ++g)
    if (!layout.of[g].empty() && layout.of[g].front() >= 2)
      a.axes |= static_cast<unsigned>(machine_axis(g)), layout.of[g].clear();
  m.result(0, a.axes == 0 ? x : m.node("reduce", {x}, a), layout);
  return std::nullopt;
}

constexpr Cost window{.kind = kernels::WorkKind::pool, .flops = 4};
constexpr Cost over_plane{.kind = kernels::WorkKind::reduction, .flops = 1};

}  // namespace

Family pools() {
  const std::vector<Rule> slid{text("auto_pad", automatic_padding), wholes("kernel_shape"),
                               wholes("pads"), wholes("strides")};
  static const std::vector<Operator> all{
      {.name = "MaxPool",
       .run = max_pool,
       .takes = takes(1).with(slid).with({flag("ceil_mode").from(10), wholes("dilations").from(10),
                                          flag("storage_order").from(8)}),
       .cost = window,
       .map = map_window,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "AveragePool",
       .run = average_pool,
       .takes = takes(1).with(slid).with({flag("ceil_mode").from(10), wholes("dilations").from(19),
                                          flag("count_include_pad").from(7)}),
       .cost = window,
       .map = map_window},
      {.name = "LpPool",
       .run = lp_pool,
       .takes = takes(1).with(slid).with(
           {flag("ceil_mode").from(18), wholes("dilations").from(18), whole("p", 1).from(2)}),
       .cost = window},
      {.name = "GlobalAveragePool",
       .run = global_pool,
       .takes = takes(1),
       .cost = over_plane,
       .map = map_global},
      {.name = "GlobalMaxPool",
       .run = global_pool,
       .takes = takes(1),
       .cost = over_plane,
       .map = map_global},
      {.name = "GlobalLpPool",
       .run = global_pool,
       .takes = takes(1).with({whole("p", 1).from(2)}),
       .cost = over_plane},
      {.name = "MaxUnpool",
       .since = 9,
       .run = max_unpool,
       .takes = takes(2, 3).with({wholes("kernel_shape"), wholes("pads"), wholes("strides")}),
       .cost = window},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
