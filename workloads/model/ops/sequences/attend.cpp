#include "workloads/model/ops/sequences/attend.h"

#include <algorithm>
#include <limits>

#include "isa/error.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
constexpr double nothing = -std::numeric_limits<double>::infinity();

// The largest binary16 below zero: its exponential is 0, and the sum of two is -infinity, no NaN.
constexpr double never = -65504;

float filter_of(const Use& u) {
  return u.real("mask_filter_value", -10000);
}

}  // namespace

void attend(const Heads& h, const Reals& q, const Reals& k, const Reals& v, Array& y,
            const Allowed& allowed) {
  std::vector<double> score(static_cast<std::size_t>(h.keys));
  for (I b = 0; b < h.batch; ++b)
    for (I head = 0; head < h.heads; ++head) {
      const I kv = head / (h.heads / h.kv_heads);
      for (I i = 0; i < h.queries; ++i) {
        double top = nothing, sum = 0;
        for (I j = 0; j < h.keys; ++j) {
          double s = 0;
          for (I d = 0; d < h.size; ++d)
            s +=
                static_cast<double>(q[static_cast<std::size_t>(
                    ((b * h.queries + i) * h.heads + head) * h.size + d)]) *
                static_cast<double>(
                    k[static_cast<std::size_t>(((b * h.keys + j) * h.kv_heads + kv) * h.size + d)]);
          s = s * h.scale + allowed(b, head, i, j);
          score[static_cast<std::size_t>(j)] = s;
          top = std::max(top, s);
        }
        for (double& s : score) s = std::isfinite(top) ? std::exp(s - top) : 0, sum += s;
        for (I d = 0; d < h.value_size; ++d) {
          double out = 0;
          for (I j = 0; j < h.keys; ++j)
            out += score[static_cast<std::size_t>(j)] *
                   static_cast<double>(v[static_cast<std::size_t>(
                       ((b * h.keys + j) * h.kv_heads + kv) * h.value_size + d)]);
          y.set(((b * h.queries + i) * h.heads + head) * h.value_size + d, sum > 0 ? out / sum : 0);
        }
      }
    }
}

Allowed mask_of(Use& u, std::size_t operand, const Heads& h) {
  const bool has = u.has(operand), causal = u.integer("unidirectional", 0) != 0;
  Wholes mask = has ? u.integers(operand) : Wholes{};
  const Shape shape = has ? u.shape(operand) : Shape{};
  const bool lengths = has && shape.size() == 1;
  u.require(!has || (lengths && shape[0] == h.batch) ||
                (shape.size() == 2 && shape[0] == h.batch && shape[1] == h.keys) ||
                (shape.size() == 3 && shape[0] == h.batch && shape[2] == h.keys),
            "a mask of lengths, [batch, keys] or [batch, queries, keys]");
  const auto off = static_cast<double>(filter_of(u));
  return [mask = std::move(mask), shape, has, lengths, causal, keys = h.keys, off](I b, I, I i,
                                                                                   I j) -> double {
    if (causal && j > i) return nothing;
    if (!has) return 0;
    const bool on = lengths ? j < mask[static_cast<std::size_t>(b)]
                    : shape.size() == 2
                        ? mask[static_cast<std::size_t>(b * keys + j)] != 0
                        : mask[static_cast<std::size_t>((b * shape[1] + i) * keys + j)] != 0;
    return on ? 0 : off;
  };
}

ValueId map_attend(Mapper& m, const Heads& h, ValueId q, ValueId k, ValueId v,
                   const std::vector<ValueId>& added) {
  const auto by_head = [&](ValueId x, I heads, I size, I length) {
    return m.reshape(x, {.w = length, .h = 1, .c = size, .n = h.batch * heads});
  };
  q = m.elementwise("mul", q, m.scalar(static_cast<float>(h.scale)));
  ValueId scores = m.node(
      "matmul", {by_head(q, h.heads, h.size, h.queries), by_head(k, h.kv_heads, h.size, h.keys)});
  const Extents flat{.w = h.queries, .h = 1, .c = h.keys, .n = h.batch * h.heads};
  Attributes over_keys;
  over_keys.axes = kernels::axis_c;
  if (!added.empty()) {
    scores = m.reshape(scores, {.w = h.queries, .h = h.keys, .c = h.heads, .n = h.batch});
    for (const ValueId more : added) scores = m.elementwise("add", scores, more);
    over_keys.axes = kernels::axis_h;
  }
  scores = m.reshape(m.node("softmax", {scores}, over_keys), flat);
  const ValueId values = m.transpose(by_head(v, h.kv_heads, h.value_size, h.keys), {0, 3, 2, 1});
  return m.reshape(m.node("matmul", {scores, values}),
                   {.w = h.queries, .h = 1, .c = h.heads * h.value_size, .n = h.batch});
}

std::vector<ValueId> map_masks(const Use& u, Mapper& m, std::size_t mask, std::size_t more,
                               const Heads& h) {
  std::vector<ValueId> added;
  const auto placed = [&](std::size_t k, const std::array<int, 4>& axes) {  // of n, c, h, w
    Layout l;
    for (std::size_t g = 0; g < 4; ++g)
      if (axes[g] >= 0 && u.shape(k).at(static_cast<std::size_t>(axes[g])) != 1)
        l.of[g] = {axes[g]};
    if (u.known(k)) return m.constant(k, u.shape(k), l);
    return is_real(u.dtype(k)) ? m.operand(k, l) : m.as_real(k, l);
  };
  if (u.has(mask)) {
    const std::size_t rank = u.rank(mask);
    ValueId off = -1;  // 1 where nothing is seen
    if (rank == 1) {
      std::vector<float> places;
      for (I j = 0; j < h.keys; ++j) places.push_back(static_cast<float>(j));
      const ValueId at = m.constant("places", {.w = 1, .h = h.keys, .c = 1, .n = 1},
                                    m.values() ? places : std::vector<float>{});
      off = m.elementwise("greater_equal", at, placed(mask, {0, -1, -1, -1}));
    } else {
      off = m.elementwise(
          "equal", placed(mask, rank == 2 ? std::array{0, -1, 1, -1} : std::array{0, -1, 2, 1}),
          m.scalar(0));
    }
    // What is below all binary16 would be an infinity, and 0 times it no number.
    added.push_back(
        m.elementwise("mul", off, m.scalar(std::max(filter_of(u), static_cast<float>(never)))));
  }
  if (u.has(more)) added.push_back(placed(more, {0, 1, 3, 2}));
  if (u.integer("unidirectional", 0) != 0) {
    std::vector<float> later;
    for (I j = 0; j < h.keys && m.values(); ++j)
      for (I i = 0; i < h.queries; ++i) later.push_back(j > i ? static_cast<float>(never) : 0);
    const ValueId unseen =
        m.constant("later", {.w = h.queries, .h = h.keys, .c = 1, .n = 1}, later);
    // Both together may be below all binary16.
    if (u.has(mask))
      added[0] = m.elementwise("max", m.elementwise("add", added[0], unseen),
                               m.scalar(static_cast<float>(never)));
    else
      added.push_back(unseen);
  }
  return added;
}

}  // namespace ane::workloads::model::ops
