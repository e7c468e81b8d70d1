// Elements by their index: gathers, scatters, and which elements there are.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "isa/error.h"
#include "isa/saturated.h"
#include "workloads/model/mapping.h"
#include "workloads/model/ops/families.h"
#include "workloads/model/ops/pick.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using List = Wholes;

I index_in(const Use& u, I index, I extent) {
  if (index < -extent || index >= extent)
    u.refuse(fmt::format("index {} of {} elements", index, extent));
  return index < 0 ? index + extent : index;
}

void gather(Use& u) {
  const std::size_t axis = u.axis("axis", 0, u.rank(0));
  Shape out(u.shape(0).begin(), u.shape(0).begin() + static_cast<std::ptrdiff_t>(axis));
  out.insert(out.end(), u.shape(1).begin(), u.shape(1).end());
  out.insert(out.end(), u.shape(0).begin() + static_cast<std::ptrdiff_t>(axis) + 1,
             u.shape(0).end());
  const Around a = around(u.shape(0), axis);
  List index = u.known(1) ? u.integers(1) : List{};
  for (I& i : index) i = index_in(u, i, a.extent);
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  u.require(u.known(1), "indices that are not known");
  const auto count = static_cast<I>(index.size());
  const Array& x = u.data(0);
  for (I b = 0, at = 0; b < a.before; ++b)
    for (I k = 0; k < count; ++k)
      for (I c = 0; c < a.after; ++c, ++at)
        copy_one(x, (b * a.extent + index[static_cast<std::size_t>(k)]) * a.after + c, *y, at);
}

// Position in `shape` of each element of an index tensor, its own along `axis`.
template <class Visit>
void along(const Use& u, const Shape& shape, const Array& index, std::size_t axis, Visit visit) {
  const List strides = strides_of(shape), own = strides_of(index.type.shape);
  for (I k = 0; k < index.size(); ++k) {
    I at = 0;
    for (std::size_t d = 0; d < shape.size(); ++d) {
      const I c = d == axis ? index_in(u, index.i[static_cast<std::size_t>(k)], shape[d])
                            : k / own[d] % index.type.shape[d];
      at += c * strides[d];
    }
    visit(k, at);
  }
}

// Indices that are known are told of before values are.
void check_along(Use& u, std::size_t axis) {
  u.require(u.rank(1) == u.rank(0), "indices of the operand's rank");
  for (std::size_t d = 0; d < u.rank(0); ++d)
    u.require(d == axis || u.shape(1)[d] <= u.shape(0)[d], "indices beyond the operand");
  if (u.known(1))
    for (const I i : u.integers(1)) index_in(u, i, u.shape(0)[axis]);
}

void gather_elements(Use& u) {
  const std::size_t axis = u.axis("axis", 0, u.rank(0));
  check_along(u, axis);
  Array* y = u.out(0, u.dtype(0), u.shape(1));
  if (y == nullptr) return;
  const Array& x = u.data(0);
  along(u, u.shape(0), u.data(1), axis, [&](I k, I at) { copy_one(x, at, *y, k); });
}

void combine(const std::string& how, const Array& from, I k, Array& y, I at) {
  if (how == "none") return copy_one(from, k, y, at);
  const double a = y.number(at), b = from.number(k);
  y.set(at, how == "add"   ? a + b
            : how == "mul" ? a * b
            : how == "max" ? std::max(a, b)
                           : std::min(a, b));
}

void scatter_elements(Use& u) {
  const std::size_t axis = u.axis("axis", 0, u.rank(0));
  check_along(u, axis);
  const std::string how = u.text("reduction", "none");
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const Array &x = u.data(0), &updates = u.data(2);
  u.require(updates.type.shape == u.shape(1) && updates.real() == x.real(),
            "an update for each index");
  y->f = x.f, y->i = x.i;
  along(u, u.shape(0), u.data(1), axis, [&](I k, I at) { combine(how, updates, k, *y, at); });
}

// Offsets of the parts that rows of indices name, `batch` leading axes in common.
struct Parts {
  List at;
  I size = 1;
};
Parts parts_of(Use& u, const Shape& shape, std::size_t batch) {
  const Array& index = u.data(1);
  const Shape& s = index.type.shape;
  const auto depth = static_cast<std::size_t>(s.back());
  const List strides = strides_of(shape);
  Parts p;
  for (std::size_t d = batch + depth; d < shape.size(); ++d) p.size *= shape[d];
  const I rows = depth == 0 ? 0 : index.size() / s.back();
  I batches = 1, whole = 1;
  for (std::size_t d = 0; d < batch; ++d) batches *= shape[d];
  for (std::size_t d = batch; d < shape.size(); ++d) whole *= shape[d];
  for (I r = 0; r < rows; ++r) {
    I at = batches > 0 ? r / std::max<I>(1, rows / batches) * whole : 0;
    for (std::size_t d = 0; d < depth; ++d)
      at += index_in(u, index.i[static_cast<std::size_t>(r) * depth + d], shape[batch + d]) *
            strides[batch + d];
    p.at.push_back(at);
  }
  return p;
}

void check_rows(Use& u, std::size_t batch) {
  u.require(u.rank(1) >= 1 && u.rank(1) > batch && u.rank(0) > batch && u.shape(1).back() >= 1 &&
                batch + static_cast<std::size_t>(u.shape(1).back()) <= u.rank(0),
            "rows of indices that do not fit the operand");
  for (std::size_t d = 0; d < batch; ++d)
    u.require(u.shape(0)[d] == u.shape(1)[d], "batches of different sizes");
  if (!u.known(1)) return;
  const List index = u.integers(1);
  const auto depth = static_cast<std::size_t>(u.shape(1).back());
  for (std::size_t k = 0; k < index.size(); ++k)
    index_in(u, index[k], u.shape(0)[batch + k % depth]);
}

void gather_nd(Use& u) {
  const auto batch = static_cast<std::size_t>(std::clamp<I>(u.integer("batch_dims", 0), 0, 64));
  check_rows(u, batch);
  Shape out(u.shape(1).begin(), u.shape(1).end() - 1);
  out.insert(out.end(), u.shape(0).begin() + static_cast<std::ptrdiff_t>(batch) + u.shape(1).back(),
             u.shape(0).end());
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr || y->size() == 0) return;
  const Parts p = parts_of(u, u.shape(0), batch);
  pick(u.data(0), *y, [&](I k) { return p.at[static_cast<std::size_t>(k / p.size)] + k % p.size; });
}

void scatter_nd(Use& u) {
  check_rows(u, 0);
  const std::string how = u.text("reduction", "none");
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const Array &x = u.data(0), &updates = u.data(2);
  y->f = x.f, y->i = x.i;
  const Parts p = parts_of(u, u.shape(0), 0);
  u.require(updates.size() == static_cast<I>(p.at.size()) * p.size && updates.real() == x.real(),
            "an update for each index");
  for (I k = 0; k < updates.size(); ++k)
    combine(how, updates, k, *y, p.at[static_cast<std::size_t>(k / p.size)] + k % p.size);
}

// The indices of what is not zero, a column each.
void non_zero(Use& u) {
  const auto rank = static_cast<I>(u.rank(0));
  if (!u.values()) {
    u.at_most();
    u.out(0, Dtype::i64, {rank, kernels::elements(u.shape(0))});
    return;
  }
  const Array& x = u.data(0);
  List found;
  for (I k = 0; k < x.size(); ++k)
    if (x.number(k) != 0) found.push_back(k);
  const auto count = static_cast<I>(found.size());
  Array* y = u.out(0, Dtype::i64, {rank, count});
  const List strides = strides_of(u.shape(0));
  for (std::size_t d = 0; d < u.rank(0); ++d)
    for (I k = 0; k < count; ++k)
      y->i[d * found.size() + static_cast<std::size_t>(k)] =
          found[static_cast<std::size_t>(k)] / strides[d] % u.shape(0)[d];
}

// The slices that a list of truth values keeps; without an axis of the flattened tensor.
void compress(Use& u) {
  const bool flat = !u.says("axis");
  const Shape in = flat ? Shape{kernels::elements(u.shape(0))} : u.shape(0);
  const std::size_t axis = flat ? 0 : u.axis("axis", 0, in.size());
  if (!u.values() && !u.known(1)) {
    u.at_most();
    u.out(0, u.dtype(0), in);
    return;
  }
  const List keep = u.integers(1);
  List kept;
  for (std::size_t k = 0; k < keep.size(); ++k)
    if (keep[k] != 0) kept.push_back(static_cast<I>(k));
  u.require(kept.empty() || kept.back() < in[axis], "keeps what is not there");
  Shape out = in;
  out[axis] = static_cast<I>(kept.size());
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr || y->size() == 0) return;
  const Around a = around(in, axis);
  const I run = out[axis] * a.after;
  pick(u.data(0), *y, [&](I k) {
    return (k / run * a.extent + kept[static_cast<std::size_t>(k % run / a.after)]) * a.after +
           k % a.after;
  });
}

void unique(Use& u) {
  const bool flat = !u.says("axis");
  const Shape in = flat ? Shape{kernels::elements(u.shape(0))} : u.shape(0);
  const std::size_t axis = flat ? 0 : u.axis("axis", 0, in.size());
  const Around a = around(in, axis);
  if (!u.values()) {
    u.at_most();
    u.out(0, u.dtype(0), in);
    for (std::size_t k = 1; k < 4; ++k) u.out(k, Dtype::i64, {a.extent});
    return;
  }
  const Array& x = u.data(0);
  const auto slice = [&](I k) {
    std::vector<double> s;
    for (I b = 0; b < a.before; ++b)
      for (I c = 0; c < a.after; ++c) s.push_back(x.number((b * a.extent + k) * a.after + c));
    return s;
  };
  std::map<std::vector<double>, List> places;
  std::vector<std::vector<double>> order;
  for (I k = 0; k < a.extent; ++k) {
    auto s = slice(k);
    auto& at = places[s];
    if (at.empty()) order.push_back(std::move(s));
    at.push_back(k);
  }
  if (u.integer("sorted", 1) != 0) std::ranges::sort(order);
  Shape out = in;
  out[axis] = static_cast<I>(order.size());
  Array* y = u.out(0, u.dtype(0), out);
  const auto count = static_cast<I>(order.size());
  Array *first = u.out(1, Dtype::i64, {count}), *inverse = u.out(2, Dtype::i64, {a.extent}),
        *counts = u.out(3, Dtype::i64, {count});
  for (I k = 0; k < count; ++k) {
    const List& at = places[order[static_cast<std::size_t>(k)]];
    for (I b = 0; b < a.before; ++b)
      for (I c = 0; c < a.after; ++c)
        copy_one(x, (b * a.extent + at[0]) * a.after + c, *y, (b * count + k) * a.after + c);
    first->i[static_cast<std::size_t>(k)] = at[0];
    counts->i[static_cast<std::size_t>(k)] = static_cast<I>(at.size());
    for (const I p : at) inverse->i[static_cast<std::size_t>(p)] = k;
  }
}

// Columns of a table at indices: its other axes are channels.
std::optional<Why> map_lookup(const Use& u, Mapper& m, int axis) {
  if (!is_real(u.dtype(0))) return Why{"I1", "whole numbers are the host's", "", ""};
  const auto more = static_cast<int>(u.rank(1)) - 1;
  Layout table, places, to;
  for (int d = 0; d < static_cast<int>(u.rank(0)); ++d) {
    if (u.shape(0)[static_cast<std::size_t>(d)] == 1) continue;
    table.of[d == axis ? Layout::w : Layout::c].push_back(d);
    if (d != axis) to.of[Layout::c].push_back(d < axis ? d : d + more);
  }
  // The last axis of the places along columns, the others along rows.
  for (int k = 0; k <= more; ++k)
    if (u.shape(1)[static_cast<std::size_t>(k)] != 1) {
      const auto group = k == more ? Layout::w : Layout::h;
      places.of[group].push_back(k);
      to.of[group].push_back(axis + k);
    }
  const ValueId x = u.known(0) ? m.constant(0, u.shape(0), table) : m.operand(0, table);
  m.result(0, m.node("gather", {x, m.operand(1, places)}), to);
  return std::nullopt;
}

// Indices that are known and in order are slices.
std::optional<Why> map_gather(const Use& u, Mapper& m) {
  const std::size_t axis = u.axis("axis", 0, u.rank(0));
  const auto d = static_cast<int>(axis);
  const auto index_rank = static_cast<int>(u.rank(1));
  if (u.known(1) && !u.known(0)) {
    const I extent = u.shape(0)[axis];
    List index = values_of(u.in(1))->i;
    bool negative = false, in_order = true;
    for (I& i : index) {
      negative = negative || i < 0;
      i = index_in(u, i, extent);
    }
    for (std::size_t k = 1; k < index.size(); ++k)
      in_order = in_order && index[k] == index[0] + static_cast<I>(k);
    if (!in_order && !negative) return map_lookup(u, m, d);
    if (!in_order)
      return Why{"G3",
                 "elements out of order that are counted from the end: the accelerator looks up "
                 "columns counted from the first",
                 "", "indices from 0 on"};
    if (!is_real(u.dtype(0))) return Why{"I1", "whole numbers are the host's", "", ""};
    if (index.empty()) return Why{"S2", "a gather of nothing", "", ""};
    const I begin = index[0];
    Layout layout = m.layout_or_natural(0);
    std::size_t group = 4;
    for (std::size_t g = 0; g < 4; ++g)
      if (!layout.of[g].empty() && layout.of[g].front() == d) group = g;
    if (group == 4 && extent != 1) {
      layout = m.layout_with(0, {d});
      for (std::size_t g = 0; g < 4; ++g)
        if (!layout.of[g].empty() && layout.of[g].front() == d) group = g;
    }
    ValueId x = m.operand(0, layout);
    const auto count = static_cast<I>(index.size());
    if (extent != 1) {
      I inner = 1;
      for (const int a : layout.of[group])
        if (a != d) inner *= u.shape(0)[static_cast<std::size_t>(a)];
      x = m.slice(x, group, begin * inner, count * inner);
      if (count == 1) layout.of[group].erase(layout.of[group].begin());
    }
    // Axes behind make room for those of the indices. Of several only one is not 1.
    int wide = d;
    for (int k = 0; k < index_rank; ++k)
      if (u.shape(1)[static_cast<std::size_t>(k)] != 1) wide = d + k;
    for (auto& g : layout.of)
      for (int& a : g) a = a == d ? wide : a > d ? a + index_rank - 1 : a;
    if (count != 1 && count != u.shape(1)[static_cast<std::size_t>(wide - d)])
      return Why{"R1", "indices of several axes", "", "indices of one axis"};
    m.result(0, x, layout);
    return std::nullopt;
  }
  return map_lookup(u, m, d);
}

constexpr Cost moved{.kind = kernels::WorkKind::gather, .flops = 1};

}  // namespace

Family indexing() {
  const std::vector<Rule> combines{text("reduction", "none add mul").from(16).until(17),
                                   text("reduction", "none add mul max min").from(18)};
  static const std::vector<Operator> all{
      {.name = "Gather",
       .run = gather,
       .takes = takes(2).with({whole("axis")}),
       .cost = moved,
       .map = map_gather,
       .mapped_wholes = WholeNumbers::all},
      {.name = "GatherElements",
       .since = 11,
       .run = gather_elements,
       .takes = takes(2).with({whole("axis")}),
       .cost = moved},
      {.name = "GatherND",
       .since = 11,
       .run = gather_nd,
       .takes = takes(2).with({whole("batch_dims", 0, 64).from(12)}),
       .cost = moved},
      {.name = "Scatter",
       .since = 9,
       .run = scatter_elements,
       .takes = takes(3).with({whole("axis")}),
       .cost = moved},
      {.name = "ScatterElements",
       .since = 11,
       .run = scatter_elements,
       .takes = takes(3).with({whole("axis")}).with(combines),
       .cost = moved},
      {.name = "ScatterND",
       .since = 11,
       .run = scatter_nd,
       .takes = takes(3).with(combines),
       .cost = moved},
      {.name = "NonZero", .since = 9, .run = non_zero, .takes = takes(1), .cost = moved},
      {.name = "Compress",
       .since = 9,
       .run = compress,
       .takes = takes(2).with({whole("axis")}),
       .cost = moved},
      {.name = "Unique",
       .since = 11,
       .run = unique,
       .takes = takes(1).with({whole("axis"), flag("sorted")}),
       .cost = moved},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
