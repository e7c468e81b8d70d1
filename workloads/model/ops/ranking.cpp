// Orders: the largest of many, and the boxes that are left of many.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "isa/error.h"
#include "workloads/model/ops/families.h"
#include "workloads/model/ops/pick.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using List = Wholes;

void top_k(Use& u) {
  const std::size_t axis = u.axis("axis", -1, u.rank(0));
  const I k = u.node.version < 10 ? u.integer("k", 0) : u.integers(1).at(0);
  Shape out = u.shape(0);
  u.require(k >= 0 && k <= out[axis], "takes more than there are");
  out[axis] = k;
  Array *y = u.out(0, u.dtype(0), out), *places = u.out(1, Dtype::i64, out);
  if (y == nullptr || k == 0) return;
  const bool largest = u.integer("largest", 1) != 0;
  const Around a = around(u.shape(0), axis);
  const Array& x = u.data(0);
  List order(static_cast<std::size_t>(a.extent));
  for (I b = 0; b < a.before; ++b)
    for (I c = 0; c < a.after; ++c) {
      const auto value = [&](I i) { return x.number((b * a.extent + i) * a.after + c); };
      std::iota(order.begin(), order.end(), 0);
      std::ranges::partial_sort(order, order.begin() + k, [&](I i, I j) {
        const double p = value(i), q = value(j);
        return p != q ? (largest ? p > q : p < q) : i < j;
      });
      for (I i = 0; i < k; ++i) {
        const I from = order[static_cast<std::size_t>(i)], to = (b * k + i) * a.after + c;
        copy_one(x, (b * a.extent + from) * a.after + c, *y, to);
        if (places != nullptr) places->i[static_cast<std::size_t>(to)] = from;
      }
    }
}

struct Box {
  double y1, x1, y2, x2;
  double area() const { return (y2 - y1) * (x2 - x1); }
};
double overlap(const Box& a, const Box& b) {
  const double h = std::min(a.y2, b.y2) - std::max(a.y1, b.y1),
               w = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (h <= 0 || w <= 0) return 0;
  return h * w / (a.area() + b.area() - h * w);
}

// boxes [batch, boxes, 4], scores [batch, classes, boxes], most, overlap, least score
void non_max_suppression(Use& u) {
  u.require(u.rank(0) == 3 && u.rank(1) == 3 && u.shape(0)[2] == 4,
            "takes boxes [batch, boxes, 4] and scores");
  const I batches = u.shape(1)[0], classes = u.shape(1)[1], boxes = u.shape(0)[1];
  u.require(u.shape(0)[0] == batches && u.shape(1)[2] == boxes, "a score for each box");
  if (!u.values()) {
    I most = boxes;
    if (u.known(2)) most = std::clamp<I>(u.integers(2).at(0), 0, boxes);
    u.at_most();
    u.out(0, Dtype::i64, {batches * classes * most, 3});
    return;
  }
  const I most = u.has(2) ? u.integers(2).at(0) : 0;
  const double limit = u.scalar_or(3, 0);
  const Reals &b = u.reals(0), &s = u.reals(1);
  const bool centre = u.integer("center_point_box", 0) != 0;
  const auto box = [&](I n, I k) {
    const float* v = b.data() + (n * boxes + k) * 4;
    const std::array<double, 4> p{static_cast<double>(v[0]), static_cast<double>(v[1]),
                                  static_cast<double>(v[2]), static_cast<double>(v[3])};
    if (centre) return Box{p[1] - p[3] / 2, p[0] - p[2] / 2, p[1] + p[3] / 2, p[0] + p[2] / 2};
    return Box{std::min(p[0], p[2]), std::min(p[1], p[3]), std::max(p[0], p[2]),
               std::max(p[1], p[3])};
  };
  List all;
  for (I n = 0; n < batches; ++n)
    for (I c = 0; c < classes; ++c) {
      const float* score = s.data() + (n * classes + c) * boxes;
      List order;
      for (I k = 0; k < boxes; ++k)
        if (!u.has(4) || static_cast<double>(score[k]) > u.scalar(4)) order.push_back(k);
      std::ranges::stable_sort(order, [&](I i, I j) { return score[i] > score[j]; });
      List kept;
      for (const I k : order) {
        if (static_cast<I>(kept.size()) >= most) break;
        if (std::ranges::any_of(kept,
                                [&](I other) { return overlap(box(n, k), box(n, other)) > limit; }))
          continue;
        kept.push_back(k);
        all.insert(all.end(), {n, c, k});
      }
    }
  Array* y = u.out(0, Dtype::i64, {static_cast<I>(all.size()) / 3, 3});
  y->i = all;
}

}  // namespace

Family ranking() {
  static const std::vector<Operator> all{
      {.name = "TopK",
       .run = top_k,
       .takes = takes(1).from(10, 2, 2).with({whole("axis"), whole("k", 0).until(9),
                                              flag("largest").from(11), flag("sorted").from(11)}),
       .cost = {.kind = kernels::WorkKind::reduction, .flops = 10}},
      {.name = "NonMaxSuppression",
       .since = 10,
       .run = non_max_suppression,
       .takes = takes(2, 5).with({flag("center_point_box")}),
       .cost = {.kind = kernels::WorkKind::reduction, .flops = 10}},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
