// Choices of elements: Where, Clip, and what is one value or another by place.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "workloads/model/mapping.h"
#include "workloads/model/ops/broadcast.h"
#include "workloads/model/ops/families.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;

void where(Use& u) {
  const Shape out = broadcast(broadcast(u.shape(0), u.shape(1), u.place()), u.shape(2), u.place());
  Array* y = u.out(0, u.dtype(1), out);
  if (y == nullptr) return;
  const Array &c = u.data(0), &a = u.data(1), &b = u.data(2);
  u.require(!c.real() && a.real() == b.real(), "takes a truth value and two tensors of one type");
  std::vector<I> taken(static_cast<std::size_t>(y->size()));
  walk(out, strides_as(u.shape(0), out), [&](I at, I from) {
    taken[static_cast<std::size_t>(at)] = c.i[static_cast<std::size_t>(from)];
  });
  walk(out, strides_as(u.shape(1), out), strides_as(u.shape(2), out), [&](I at, I i, I j) {
    const auto k = static_cast<std::size_t>(at);
    if (y->real())
      y->f[k] = taken[k] != 0 ? a.f[static_cast<std::size_t>(i)] : b.f[static_cast<std::size_t>(j)];
    else
      y->i[k] = taken[k] != 0 ? a.i[static_cast<std::size_t>(i)] : b.i[static_cast<std::size_t>(j)];
  });
}

// Bounds are attributes before version 11.
void clip(Use& u) {
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const Array& x = u.data(0);
  if (x.real()) {
    constexpr float most = std::numeric_limits<float>::infinity();
    const auto bound = [&](std::size_t k, const char* name, float otherwise) {
      return u.node.version < 11 ? u.real(name, otherwise)
             : u.has(k)          ? static_cast<float>(u.scalar(k))
                                 : otherwise;
    };
    const float low = bound(1, "min", -most), high = bound(2, "max", most);
    for (std::size_t k = 0; k < x.f.size(); ++k) y->f[k] = std::min(std::max(x.f[k], low), high);
    return;
  }
  const I low = u.has(1) ? u.integers(1).at(0) : std::numeric_limits<I>::min();
  const I high = u.has(2) ? u.integers(2).at(0) : std::numeric_limits<I>::max();
  for (std::size_t k = 0; k < x.i.size(); ++k) y->i[k] = std::min(std::max(x.i[k], low), high);
}

// The upper or lower triangle of the last two axes.
void trilu(Use& u) {
  u.require(u.rank(0) >= 2, "takes a matrix");
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const bool upper = u.integer("upper", 1) != 0;
  const I k = u.has(1) ? u.integers(1).at(0) : 0;
  const Array& x = u.data(0);
  const I columns = u.shape(0).back(), rows = u.shape(0)[u.rank(0) - 2];
  for (I at = 0; at < x.size(); ++at) {
    const I column = at % columns, row = at / columns % rows;
    if (upper ? column - row < k : column - row > k) continue;
    const auto i = static_cast<std::size_t>(at);
    if (x.real())
      y->f[i] = x.f[i];
    else
      y->i[i] = x.i[i];
  }
}

void one_hot(Use& u) {
  const I depth = u.integers(1).at(0);
  u.require(depth >= 0, "a depth below 0");
  Shape shape = u.shape(0);
  const std::size_t axis = axis_of(u.integer("axis", -1), shape.size() + 1, u.place());
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), depth);
  Array* y = u.out(0, u.dtype(2), shape);
  if (y == nullptr) return;
  const Wholes index = u.integers(0);
  const Array& values = u.data(2);
  u.require(values.size() == 2, "takes an off and an on value");
  const Around a = around(shape, axis);
  for (I b = 0; b < a.before; ++b)
    for (I d = 0; d < depth; ++d)
      for (I c = 0; c < a.after; ++c) {
        I at = index[static_cast<std::size_t>(b * a.after + c)];
        if (at < 0) at += depth;
        y->set((b * depth + d) * a.after + c, values.number(at == d ? 1 : 0));
      }
}

// b + c (a - b), c being 0 or 1.
std::optional<Why> map_where(const Use& u, Mapper& m) {
  for (const std::size_t k : {std::size_t{1}, std::size_t{2}})
    if (u.known(k))
      for (const float v : values_of(u.in(k))->f)
        if (!(std::fabs(v) <= 32752))
          return Why{
              "W1",
              "a choice is a product with 0 or 1 there, and one of its values has no finite fp16",
              "", "a finite value, as -10000 for a mask"};
  const Broadcast b(m, {0, 1, 2}, m.result_shape());
  const ValueId chosen =
      m.elementwise("mul", b.operand(0), m.elementwise("sub", b.operand(1), b.operand(2)));
  m.result(0, m.elementwise("add", chosen, b.operand(2)), b.layout());
  return std::nullopt;
}

std::optional<Why> map_clip(const Use& u, Mapper& m) {
  constexpr double none = std::numeric_limits<double>::infinity();
  double low = -none, high = none;
  if (u.node.version < 11) {
    low = static_cast<double>(u.real("min", -std::numeric_limits<float>::infinity()));
    high = static_cast<double>(u.real("max", std::numeric_limits<float>::infinity()));
  } else {
    for (const std::size_t k : {std::size_t{1}, std::size_t{2}}) {
      if (!u.has(k)) continue;
      if (!u.known(k))
        return Why{"F1", "bounds that are computed", "", "constant bounds, or Max and Min"};
      (k == 1 ? low : high) = values_of(u.in(k))->number(0);
    }
  }
  const Layout layout = m.layout_or_natural(0);
  const ValueId x = m.operand(0, layout);
  // Bounds beyond fp16 bind nothing.
  const bool below = low >= -65504, above = high <= 65504;
  ValueId y = x;
  if (below && above && low == 0 && high == 6)
    y = m.unary("relu6", x);
  else if (below && !above && low == 0)
    y = m.unary("relu", x);
  else if (below && above && low < high)
    y = m.unary("clip", x, low, high);
  else {  // one bound, or bounds that leave one value: the upper one holds
    if (below) y = m.elementwise("max", y, m.scalar(static_cast<float>(low)));
    if (above) y = m.elementwise("min", y, m.scalar(static_cast<float>(high)));
  }
  m.result(0, y, layout);
  return std::nullopt;
}

}  // namespace

Family choice() {
  static const std::vector<Operator> all{
      {.name = "Where", .since = 9, .run = where, .takes = takes(3), .map = map_where},
      {.name = "Clip",
       .since = 1,
       .run = clip,
       .takes = takes(1).from(11, 1, 3).with({real("min").until(10), real("max").until(10)}),
       .cost = {.flops = 2},
       .map = map_clip},
      {.name = "Trilu", .since = 14, .run = trilu, .takes = takes(1, 2).with({flag("upper")})},
      {.name = "OneHot",
       .since = 9,
       .run = one_hot,
       .takes = takes(3).with({whole("axis")}),
       .cost = {.flops = 1}},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
