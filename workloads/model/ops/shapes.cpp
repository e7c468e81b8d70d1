// The same elements under other shapes and in another order.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "isa/error.h"
#include "isa/saturated.h"
#include "workloads/model/mapping.h"
#include "workloads/model/ops/broadcast.h"
#include "workloads/model/ops/families.h"
#include "workloads/model/ops/pick.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using List = Wholes;

void identity(Use& u) {
  u.same(0, 0);
}

// Inference: the operand itself, and a mask of ones.
void dropout(Use& u) {
  u.require(!u.has(2) || (u.known(2) && u.scalar(2) == 0) || (u.has(1) && u.scalar(1) == 0),
            "is of training");
  u.same(0, 0);
  if (Array* mask = u.wants(1) ? u.out(1, Dtype::boolean, u.shape(0)) : nullptr)
    std::ranges::fill(mask->i, 1);
}

void reshape(Use& u) {
  const List given = u.list_or_input("shape", 1);
  const bool zero = u.integer("allowzero", 0) != 0;
  Shape out;
  std::ptrdiff_t open = -1;
  I rest = 1;
  for (std::size_t k = 0; k < given.size(); ++k) {
    I extent = given[k];
    if (extent == 0 && !zero) {
      u.require(k < u.rank(0), "copies an extent that the operand lacks");
      extent = u.shape(0)[k];
    }
    if (extent == -1) {
      u.require(open < 0, "leaves two extents open");
      open = static_cast<std::ptrdiff_t>(k);
      extent = 1;
    } else {
      u.require(extent >= 0, "an extent below 0");
      rest = (Saturated(rest) * extent).value();
    }
    out.push_back(extent);
  }
  const I all = kernels::elements(u.shape(0));
  if (open >= 0) {
    u.require(rest > 0 && all % rest == 0,
              fmt::format("{} elements do not fill {}", all, kernels::to_string(given)));
    out[static_cast<std::size_t>(open)] = all / rest;
  }
  u.same(0, 0, out);
}

void flatten(Use& u) {
  const I rank = static_cast<I>(u.rank(0));
  I axis = u.integer("axis", 1);
  if (axis < 0) axis += rank;
  u.require(axis >= 0 && axis <= rank, "its axis is none of the operand's");
  Shape out{1, 1};
  for (I k = 0; k < rank; ++k) out[k < axis ? 0 : 1] *= u.shape(0)[static_cast<std::size_t>(k)];
  u.same(0, 0, out);
}

void squeeze(Use& u) {
  const List axes = u.list_or_input("axes", 1);
  std::vector<bool> drop(u.rank(0), false);
  for (const I a : axes) drop[axis_of(a, u.rank(0), u.place())] = true;
  Shape out;
  for (std::size_t k = 0; k < u.rank(0); ++k) {
    const bool gone = axes.empty() ? u.shape(0)[k] == 1 : drop[k];
    u.require(!gone || u.shape(0)[k] == 1, "drops an extent that is not 1");
    if (!gone) out.push_back(u.shape(0)[k]);
  }
  u.same(0, 0, out);
}

void unsqueeze(Use& u) {
  const List axes = u.list_or_input("axes", 1);
  const std::size_t rank = u.rank(0) + axes.size();
  std::vector<bool> fresh(rank, false);
  for (const I a : axes) {
    const std::size_t at = axis_of(a, rank, u.place());
    u.require(!fresh[at], "names an axis twice");
    fresh[at] = true;
  }
  Shape out;
  for (std::size_t k = 0, from = 0; k < rank; ++k) out.push_back(fresh[k] ? 1 : u.shape(0)[from++]);
  u.same(0, 0, out);
}

void transpose(Use& u) {
  List order = u.list("perm");
  const std::size_t rank = u.rank(0);
  if (order.empty())
    for (std::size_t k = rank; k-- > 0;) order.push_back(static_cast<I>(k));
  List sorted = order;
  std::ranges::sort(sorted);
  List plain(rank);
  std::iota(plain.begin(), plain.end(), 0);
  u.require(sorted == plain, "no permutation of the operand's axes");
  if (order == plain) return u.same(0, 0);
  const List own = strides_of(u.shape(0));
  Shape out;
  List strides;
  for (const I axis : order) {
    out.push_back(u.shape(0)[static_cast<std::size_t>(axis)]);
    strides.push_back(own[static_cast<std::size_t>(axis)]);
  }
  Array* y = u.out(0, u.dtype(0), out);
  if (y != nullptr) pick_strided(u.data(0), *y, strides);
}

void expand(Use& u) {
  const List given = u.list_or_input("shape", 1);
  const Shape out = broadcast(u.shape(0), given, u.place());
  for (const I extent : given) u.require(extent >= 0, "an extent below 0");
  if (out == u.shape(0)) return u.same(0, 0);
  Array* y = u.out(0, u.dtype(0), out);
  if (y != nullptr) pick_strided(u.data(0), *y, strides_as(u.shape(0), out));
}

void tile(Use& u) {
  List times = u.integers(1);
  if (u.node.version < 6) {  // so often along one axis
    u.require(times.size() == 1, "repeats one axis");
    const std::size_t axis = axis_of(u.integers(2).at(0), u.rank(0), u.place());
    List all(u.rank(0), 1);
    all[axis] = times[0];
    times = all;
  }
  u.require(times.size() == u.rank(0), "a count for each axis");
  Shape out = u.shape(0);
  for (std::size_t k = 0; k < out.size(); ++k) {
    u.require(times[k] >= 0, "a count below 0");
    out[k] = (Saturated(out[k]) * times[k]).value();
  }
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  const Shape& in = u.shape(0);
  const List strides = strides_of(in), outer = strides_of(out);
  pick(u.data(0), *y, [&](I k) {
    I from = 0;
    for (std::size_t d = 0; d < out.size(); ++d) from += k / outer[d] % out[d] % in[d] * strides[d];
    return from;
  });
}

void concat(Use& u) {
  u.require(u.size() > 0, "joins nothing");
  const std::size_t axis = u.axis("axis", 1, u.rank(0));
  Shape out = u.shape(0);
  for (std::size_t k = 1; k < u.size(); ++k) {
    Shape next = u.shape(k);
    u.require(next.size() == out.size(), "joins tensors of different ranks");
    out[axis] = (Saturated(out[axis]) + next[axis]).value();
    next[axis] = out[axis];
    u.require(next == out,
              fmt::format("{} and {} differ beside the axis", kernels::to_string(u.shape(0)),
                          kernels::to_string(u.shape(k))));
  }
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  const Around whole = around(out, axis);
  I at = 0;
  for (std::size_t k = 0; k < u.size(); ++k) {
    const Array& x = u.data(k);
    u.require(x.type.dtype == y->type.dtype, "joins tensors of different types");
    const Around part = around(x.type.shape, axis);
    const I run = part.extent * part.after;
    for (I b = 0; b < part.before; ++b)
      for (I i = 0; i < run; ++i)
        copy_one(x, b * run + i, *y, (b * whole.extent + at) * whole.after + i);
    at += part.extent;
  }
}

void split(Use& u) {
  const std::size_t axis = u.axis("axis", 0, u.rank(0));
  List parts = u.list_or_input("split", 1);
  const I extent = u.shape(0)[axis], count = static_cast<I>(u.results());
  if (parts.empty()) {
    u.require(count > 0, "splits into nothing");
    const I each = (extent + count - 1) / count;
    for (I k = 0, left = extent; k < count; ++k, left -= std::min(left, each))
      parts.push_back(std::min(left, each));
  }
  u.require(parts.size() == u.results(), "as many parts as results");
  I all = 0;
  for (const I p : parts) {
    u.require(p >= 0, "a part below 0");
    all = (Saturated(all) + p).value();
  }
  u.require(all == extent, fmt::format("parts of {} in all from {}", all, extent));
  const Around a = around(u.shape(0), axis);
  I at = 0;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    Shape shape = u.shape(0);
    shape[axis] = parts[k];
    if (Array* y = u.out(k, u.dtype(0), shape)) {
      const I run = parts[k] * a.after;
      if (run > 0)
        pick(u.data(0), *y, [&](I i) { return (i / run * a.extent + at) * a.after + i % run; });
    }
    at += parts[k];
  }
}

void slice(Use& u) {
  const bool old = u.node.version < 10;
  const List starts = old ? u.list("starts") : u.integers(1),
             ends = old ? u.list("ends") : u.integers(2);
  List axes = old ? u.list("axes") : u.has(3) ? u.integers(3) : List{};
  List steps = !old && u.has(4) ? u.integers(4) : List(starts.size(), 1);
  if (axes.empty())
    for (std::size_t k = 0; k < starts.size(); ++k) axes.push_back(static_cast<I>(k));
  u.require(
      ends.size() == starts.size() && axes.size() == starts.size() && steps.size() == starts.size(),
      "lists of different lengths");
  Shape out = u.shape(0);
  List strides = strides_of(out);
  I start = 0;
  std::vector<bool> seen(u.rank(0), false);
  for (std::size_t k = 0; k < starts.size(); ++k) {
    const std::size_t axis = axis_of(axes[k], u.rank(0), u.place());
    u.require(!seen[axis], "names an axis twice");
    seen[axis] = true;
    const I extent = u.shape(0)[axis], step = steps[k];
    u.require(step != 0, "a step of 0");
    const auto inside = [&](I at, I low, I high) {
      return std::clamp(at < 0 ? (Saturated(at) + extent).value() : at, low, high);
    };
    const I from = inside(starts[k], 0, step > 0 ? extent : extent - 1);
    const I to = inside(ends[k], step > 0 ? 0 : -1, step > 0 ? extent : extent - 1);
    // Magnitudes beyond the extent take one element.
    const I stride = std::clamp(step, -std::max<I>(extent, 1), std::max<I>(extent, 1));
    const I span = step > 0 ? to - from : from - to, by = stride > 0 ? stride : -stride;
    out[axis] = extent == 0 || span <= 0 ? 0 : (span + by - 1) / by;
    start += from * strides[axis];
    strides[axis] *= stride;
  }
  if (out == u.shape(0) && std::ranges::all_of(steps, [](I s) { return s > 0; }))
    return u.same(0, 0);
  Array* y = u.out(0, u.dtype(0), out);
  if (y != nullptr) pick_strided(u.data(0), *y, strides, start);
}

void pad(Use& u) {
  const bool old = u.node.version < 11;
  const List given = old ? (u.says("pads") ? u.list("pads") : u.list("paddings")) : u.integers(1);
  List axes;
  if (u.has(3))
    axes = u.integers(3);
  else
    for (std::size_t k = 0; k < u.rank(0); ++k) axes.push_back(static_cast<I>(k));
  u.require(given.size() == 2 * axes.size(), "two widths for each axis");
  List before(u.rank(0), 0), after(u.rank(0), 0);
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const std::size_t axis = axis_of(axes[k], u.rank(0), u.place());
    before[axis] = given[k], after[axis] = given[k + axes.size()];
  }
  const std::string mode = u.text("mode", "constant");
  const Shape& in = u.shape(0);
  Shape out = in;
  bool none = true;
  for (std::size_t d = 0; d < out.size(); ++d) {
    out[d] = (Saturated(out[d]) + before[d] + after[d]).value();
    u.require(out[d] >= 0, "takes off more than there is");
    none = none && before[d] == 0 && after[d] == 0;
  }
  if (none) return u.same(0, 0);
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  const double fill = old ? static_cast<double>(u.real("value", 0)) : u.scalar_or(2, 0);
  if (mode == "constant" && fill != 0)
    for (I k = 0; k < y->size(); ++k) y->set(k, fill);
  const List inner = strides_of(in), outer = strides_of(out);
  u.require(mode == "constant" || mode == "reflect" || mode == "edge" || mode == "wrap",
            fmt::format("mode '{}' is not known", mode));
  pick(u.data(0), *y, [&](I k) -> I {
    I from = 0;
    for (std::size_t d = 0; d < out.size(); ++d) {
      I at = k / outer[d] % out[d] - before[d];
      if (at < 0 || at >= in[d]) {
        if (mode == "constant" || in[d] == 0) return -1;
        if (mode == "edge") {
          at = std::clamp<I>(at, 0, in[d] - 1);
        } else if (mode == "wrap") {
          at = (at % in[d] + in[d]) % in[d];
        } else {  // reflect: without the edge itself, back and forth
          const I period = std::max<I>(1, 2 * (in[d] - 1));
          at = (at % period + period) % period;
          if (at >= in[d]) at = period - at;
        }
      }
      from += at * inner[d];
    }
    return from;
  });
}

void shape_of(Use& u) {
  const I rank = static_cast<I>(u.rank(0));
  const auto place = [&](I at) { return std::clamp<I>(at < 0 ? at + rank : at, 0, rank); };
  const I start = place(u.integer("start", 0)), end = place(u.integer("end", rank));
  List extents;
  for (I k = start; k < end; ++k) extents.push_back(u.shape(0)[static_cast<std::size_t>(k)]);
  u.known_result(0, of_numbers(Dtype::i64, {static_cast<I>(extents.size())}, extents));
}

void size_of(Use& u) {
  u.known_result(0, of_numbers(Dtype::i64, {}, List{kernels::elements(u.shape(0))}));
}

// Blocks of `size` x `size` between channels and space: as reshape, permutation, reshape.
void blocks(Use& u, bool to_space) {
  u.require(u.rank(0) == 4, "takes [n, c, h, w]");
  const I b = u.integer("blocksize", 0);
  const Shape& in = u.shape(0);
  u.require(
      b >= 1 && b < 1 << 20 && (to_space ? in[1] % (b * b) == 0 : in[2] % b == 0 && in[3] % b == 0),
      "its blocks do not fit");
  const Shape out = to_space ? Shape{in[0], in[1] / (b * b), in[2] * b, in[3] * b}
                             : Shape{in[0], in[1] * b * b, in[2] / b, in[3] / b};
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  const Shape& space = to_space ? out : in;
  const Shape& depth = to_space ? in : out;
  const bool crd = u.text("mode", "DCR") == "CRD";
  const auto depth_at = [&](I n, I c, I h, I w) {
    const I block = h % b * b + w % b;
    const I channel = crd ? c * b * b + block : block * space[1] + c;
    return ((n * depth[1] + channel) * depth[2] + h / b) * depth[3] + w / b;
  };
  const Array& x = u.data(0);
  I at = 0;
  for (I n = 0; n < space[0]; ++n)
    for (I c = 0; c < space[1]; ++c)
      for (I h = 0; h < space[2]; ++h)
        for (I w = 0; w < space[3]; ++w, ++at)
          to_space ? copy_one(x, depth_at(n, c, h, w), *y, at)
                   : copy_one(x, at, *y, depth_at(n, c, h, w));
}
void depth_to_space(Use& u) {
  blocks(u, true);
}
void space_to_depth(Use& u) {
  blocks(u, false);
}

void reverse_sequence(Use& u) {
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const std::size_t time = u.axis("time_axis", 0, u.rank(0)),
                    batch = u.axis("batch_axis", 1, u.rank(0));
  const List lengths = u.integers(1), strides = strides_of(u.shape(0));
  const Shape& s = u.shape(0);
  u.require(static_cast<I>(lengths.size()) == s[batch] && time != batch,
            "a length for each sequence");
  pick(u.data(0), *y, [&](I k) {
    const I t = k / strides[time] % s[time], n = k / strides[batch] % s[batch];
    const I length = std::clamp<I>(lengths[static_cast<std::size_t>(n)], 0, s[time]);
    return t < length ? k + (length - 1 - 2 * t) * strides[time] : k;
  });
}

// What a loop's iterations gave, along a new axis.
void concat_parts(Use& u) {
  const std::size_t axis = u.axis("axis", 0, u.rank(0) + 1);
  Shape out = u.shape(0);
  for (std::size_t k = 1; k < u.size(); ++k)
    u.require(u.shape(k) == u.shape(0), "its parts differ in shape");
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(axis), static_cast<I>(u.size()));
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  const Around a = around(out, axis);
  for (std::size_t k = 0; k < u.size(); ++k) {
    const Array& x = u.data(k);
    for (I b = 0; b < a.before; ++b)
      for (I i = 0; i < a.after; ++i)
        copy_one(x, b * a.after + i, *y, (b * a.extent + static_cast<I>(k)) * a.after + i);
  }
}

// ---- on the accelerator

// Blocks of axes that a reshape turns into each other: [first, last) of both sides.
struct Block {
  std::vector<int> from, to;
};
std::vector<Block> blocks_of(const Shape& in, const Shape& out) {
  std::vector<Block> blocks;
  std::size_t i = 0, j = 0;
  while (i < in.size() || j < out.size()) {
    Block b;
    I left = 1, right = 1;
    do {
      if (left <= right && i < in.size()) {
        if (in[i] != 1) b.from.push_back(static_cast<int>(i));
        left *= in[i++];
      } else if (j < out.size()) {
        if (out[j] != 1) b.to.push_back(static_cast<int>(j));
        right *= out[j++];
      } else {
        left *= in[i++];
      }
    } while (left != right);
    if (!b.from.empty() || !b.to.empty()) blocks.push_back(std::move(b));
  }
  return blocks;
}

// Where a block lies together, its new axes lie there instead; else the data go into their own
// order first.
std::optional<Why> map_view(const Use&, Mapper& m) {
  const Shape &in = m.shape(0), &out = m.result_shape();
  const std::vector<Block> blocks = blocks_of(in, out);
  const Layout now = m.layout_or_natural(0);
  Layout to;
  bool together = kernels::elements(in) > 0;
  for (std::size_t g = 0; g < 4 && together; ++g)
    for (std::size_t k = 0; k < now.of[g].size() && together;) {
      const auto block = std::ranges::find_if(blocks, [&](const Block& b) {
        return !b.from.empty() && b.from.front() == now.of[g][k];
      });
      together = block != blocks.end() && k + block->from.size() <= now.of[g].size() &&
                 std::equal(block->from.begin(), block->from.end(),
                            now.of[g].begin() + static_cast<std::ptrdiff_t>(k));
      if (!together) break;
      to.of[g].insert(to.of[g].end(), block->to.begin(), block->to.end());
      k += block->from.size();
    }
  if (together) {
    m.result(0, m.operand(0, now), to);
    return std::nullopt;
  }
  // In order over all four axes: another shape of the same data.
  std::vector<int> row_major = now.order();
  std::ranges::sort(row_major);
  const Layout plain = now.order() == row_major ? now : natural_layout(in);
  const Layout target = natural_layout(out);
  m.result(0, m.reshape(m.operand(0, plain), extents_of(out, target)), target);
  return std::nullopt;
}

// The mask is ones wherever it is read.
std::optional<Why> map_dropout(const Use& u, Mapper& m) {
  if (u.wants(1)) {
    const Layout layout = natural_layout(u.shape(0));
    const Extents e = extents_of(u.shape(0), layout);
    m.result(
        1,
        m.constant("mask", e,
                   std::vector<float>(m.values() ? static_cast<std::size_t>(e.count()) : 0, 1)),
        layout);
  }
  return map_view(u, m);
}

std::optional<Why> map_transpose(const Use& u, Mapper& m) {
  List order = u.list("perm");
  if (order.empty())
    for (std::size_t k = u.rank(0); k-- > 0;) order.push_back(static_cast<I>(k));
  Layout layout = m.layout_or_natural(0);
  const ValueId x = m.operand(0, layout);
  for (auto& group : layout.of)
    for (int& d : group) d = static_cast<int>(std::ranges::find(order, d) - order.begin());
  m.result(0, x, layout);
  return std::nullopt;
}

// A layout of operand k with `axis` outermost where it stands, and where that is; axes of extent 1
// get a place.
struct Outermost {
  Layout layout;
  std::size_t group = 0;
};
Outermost outermost(Mapper& m, std::size_t k, int axis) {
  const Layout now = m.layout_or_natural(k);
  for (std::size_t g = 0; g < 4; ++g)
    if (!now.of[g].empty() && now.of[g].front() == axis) return {now, g};
  if (m.shape(k)[static_cast<std::size_t>(axis)] == 1) {
    for (const std::size_t g : {std::size_t{Layout::c}, std::size_t{Layout::h},
                                std::size_t{Layout::w}, std::size_t{Layout::n}})
      if (now.of[g].empty()) return {now, g};
    return {now, Layout::n};  // in front of all
  }
  const Layout wanted = m.layout_with(k, {axis});
  for (std::size_t g = 0; g < 4; ++g)
    if (!wanted.of[g].empty() && wanted.of[g].front() == axis) return {wanted, g};
  throw InputError(m.use().place(), "an axis that has no place");
}
// The same for a tensor of another extent along the axis.
Layout with_axis(Layout l, const Outermost& at, int axis, I extent) {
  auto& group = l.of[at.group];
  const bool there = !group.empty() && group.front() == axis;
  if (extent == 1 && there) group.erase(group.begin());
  if (extent != 1 && !there) group.insert(group.begin(), axis);
  return l;
}

std::optional<Why> map_concat(const Use& u, Mapper& m) {
  const auto axis = static_cast<int>(u.axis("axis", 1, u.rank(0)));
  // That of the largest operand which has one.
  std::size_t lead = 0;
  I most = -1;
  for (std::size_t k = 0; k < u.size(); ++k)
    if (!u.known(k) && m.layout(k) && kernels::elements(u.shape(k)) > most)
      lead = k, most = kernels::elements(u.shape(k));
  if (most < 0)
    for (std::size_t k = u.size(); k-- > 0;)
      if (!u.known(k)) lead = k;
  const Outermost at = outermost(m, lead, axis);
  std::vector<ValueId> parts;
  for (std::size_t k = 0; k < u.size(); ++k) {
    const I extent = u.shape(k)[static_cast<std::size_t>(axis)];
    if (extent == 0) continue;
    const Layout own = with_axis(at.layout, at, axis, extent);
    parts.push_back(u.known(k) ? m.constant(k, u.shape(k), own) : m.operand(k, own));
  }
  const Layout to =
      with_axis(at.layout, at, axis, m.result_shape()[static_cast<std::size_t>(axis)]);
  m.result(0, parts.size() == 1 ? parts[0] : m.concat(parts, at.group), to);
  return std::nullopt;
}

I inner_of(const Shape& shape, const Outermost& at, int axis) {
  I inner = 1;
  for (const int d : at.layout.of[at.group])
    if (d != axis) inner *= shape[static_cast<std::size_t>(d)];
  return inner;
}

std::optional<Why> map_split(const Use& u, Mapper& m) {
  const auto axis = static_cast<int>(u.axis("axis", 0, u.rank(0)));
  const Outermost at = outermost(m, 0, axis);
  const ValueId x = m.operand(0, at.layout);
  const I inner = inner_of(u.shape(0), at, axis);
  I begin = 0;
  for (std::size_t k = 0; k < u.results(); ++k) {
    const I count = m.result_shape(k)[static_cast<std::size_t>(axis)];
    if (u.wants(k) && count > 0)
      m.result(k, m.slice(x, at.group, begin * inner, count * inner),
               with_axis(at.layout, at, axis, count));
    begin += count;
  }
  return std::nullopt;
}

std::optional<Why> map_slice(const Use& u, Mapper& m) {
  const bool old = u.node.version < 10;
  const auto list = [&](const char* name, std::size_t k) {
    if (old) return u.list(name);
    return u.has(k) ? values_of(u.in(k))->i : List{};
  };
  const List starts = list("starts", 1), steps = old ? List{} : list("", 4);
  List axes = list("axes", 3);
  for (const I s : steps)
    if (s != 1)
      return Why{"S1",
                 "a slice with steps, or backwards: strides of copies are those of whole tensors",
                 "", "a convolution or pool of that stride, or Reshape and a slice of one"};
  if (axes.empty())
    for (std::size_t k = 0; k < starts.size(); ++k) axes.push_back(static_cast<I>(k));
  // One axis after the other; the result's shape says how many.
  Shape now = u.shape(0);
  Layout layout = m.layout_or_natural(0);
  bool first = true;
  ValueId x = 0;
  for (std::size_t k = 0; k < starts.size(); ++k) {
    const auto axis = static_cast<int>(axis_of(axes[k], u.rank(0), u.place()));
    const auto d = static_cast<std::size_t>(axis);
    const I extent = now[d], count = m.result_shape()[d];
    if (count == extent) continue;
    if (count == 0) return Why{"S2", "a slice of nothing", "", ""};
    const I begin = std::clamp<I>(starts[k] < 0 ? starts[k] + extent : starts[k], 0, extent);
    Outermost at{layout, 0};
    bool found = false;
    for (std::size_t g = 0; g < 4; ++g)
      if (!layout.of[g].empty() && layout.of[g].front() == axis) at.group = g, found = true;
    if (!found) {
      if (!first)
        return Why{"R1", "a slice of axes that lie inside each other", "",
                   "one axis at a time, the outer one last"};
      at = outermost(m, 0, axis);
    }
    if (first) x = m.operand(0, at.layout), layout = at.layout, first = false;
    const I inner = inner_of(now, at, axis);
    x = m.slice(x, at.group, begin * inner, count * inner);
    layout = with_axis(layout, at, axis, count);
    now[d] = count;
  }
  if (first) x = m.operand(0, layout);
  m.result(0, x, layout);
  return std::nullopt;
}

// Zeros beside the tensor, an axis after the other.
std::optional<Why> map_pad(const Use& u, Mapper& m) {
  const bool old = u.node.version < 11;
  const List given =
      old ? (u.says("pads") ? u.list("pads") : u.list("paddings")) : values_of(u.in(1))->i;
  if (u.text("mode", "constant") != "constant")
    return Why{"P2", "padding that repeats or reflects: the tile DMA pads with one value", "",
               "padding with zeros inside the convolution"};
  if (u.has(2) && !u.known(2))
    return Why{"P2", "padding with a value that is computed: the tile DMA pads with a constant", "",
               "a constant value"};
  const double fill = old        ? static_cast<double>(u.real("value", 0))
                      : u.has(2) ? values_of(u.in(2))->number(0)
                                 : 0;
  if (!(std::fabs(fill) <= 65504))
    return Why{"W1", "padding with a value that has no finite fp16", "", "a finite value"};
  List axes;
  if (u.has(3))
    axes = values_of(u.in(3))->i;
  else
    for (std::size_t k = 0; k < u.rank(0); ++k) axes.push_back(static_cast<I>(k));
  Shape now = u.shape(0);
  Layout layout = m.layout_or_natural(0);
  bool first = true;
  ValueId x = 0;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const auto axis = static_cast<int>(axis_of(axes[k], u.rank(0), u.place()));
    const auto d = static_cast<std::size_t>(axis);
    const I before = given[k], after = given[k + axes.size()];
    if (before == 0 && after == 0) continue;
    if (before < 0 || after < 0) return Why{"P2", "padding that takes off", "", "Slice"};
    Outermost at{layout, 4};
    for (std::size_t g = 0; g < 4; ++g)
      if (!layout.of[g].empty() && layout.of[g].front() == axis) at.group = g;
    if (at.group == 4 && now[d] == 1) {
      for (const std::size_t g : {std::size_t{Layout::w}, std::size_t{Layout::h},
                                  std::size_t{Layout::c}, std::size_t{Layout::n}})
        if (layout.of[g].empty() && at.group == 4) at.group = g;
    }
    if (at.group == 4) {
      if (!first) return Why{"R1", "padding of axes that lie inside each other", "", ""};
      at = outermost(m, 0, axis);
    }
    if (first) x = m.operand(0, at.layout), layout = at.layout, first = false;
    const auto zeros = [&](I count) {
      Shape s = now;
      s[d] = count;
      const Extents e = extents_of(s, with_axis(layout, at, axis, count));
      return m.constant("padding", e,
                        std::vector<float>(m.values() ? static_cast<std::size_t>(e.count()) : 0,
                                           static_cast<float>(fill)));
    };
    std::vector<ValueId> parts;
    if (before > 0) parts.push_back(zeros(before));
    parts.push_back(x);
    if (after > 0) parts.push_back(zeros(after));
    x = m.concat(parts, at.group);
    now[d] += before + after;
    layout = with_axis(layout, at, axis, now[d]);
  }
  if (first) x = m.operand(0, layout);
  m.result(0, x, layout);
  return std::nullopt;
}

// A sum with zeros of the result's extents.
std::optional<Why> map_expand(const Use&, Mapper& m) {
  const Shape& out = m.result_shape();
  const Broadcast b(m, {0}, out);
  const Extents e = extents_of(out, b.layout());
  const ValueId zeros = m.constant(
      "zeros", e, std::vector<float>(m.values() ? static_cast<std::size_t>(e.count()) : 0, 0));
  m.result(0, m.elementwise("add", b.operand(0), zeros), b.layout());
  return std::nullopt;
}

constexpr Cost view{.kind = kernels::WorkKind::copy, .flops = 0, .free = true};
constexpr Cost moved{.kind = kernels::WorkKind::copy, .flops = 0};

}  // namespace

Family shapes() {
  static const std::vector<Operator> all{
      {.name = "Identity", .run = identity, .takes = takes(1), .cost = view, .map = map_view},
      {.name = "Dropout",
       .run = dropout,
       .takes = takes(1).from(12, 1, 3).with(
           {flag("is_test").until(6), real("ratio").until(11), whole("seed").from(12)}),
       .cost = view,
       .map = map_dropout},
      {.name = "Reshape",
       .run = reshape,
       .takes = takes(1).from(5, 2, 2).with({wholes("shape").until(4), flag("allowzero").from(14)}),
       .cost = view,
       .map = map_view},
      {.name = "Flatten",
       .run = flatten,
       .takes = takes(1).with({whole("axis")}),
       .cost = view,
       .map = map_view},
      {.name = "Squeeze",
       .run = squeeze,
       .takes = takes(1).from(13, 1, 2).with({wholes("axes").until(12)}),
       .cost = view,
       .map = map_view},
      {.name = "Unsqueeze",
       .run = unsqueeze,
       .takes = takes(1).from(13, 2, 2).with({wholes("axes").until(12)}),
       .cost = view,
       .map = map_view},
      {.name = "Transpose",
       .run = transpose,
       .takes = takes(1).with({wholes("perm")}),
       .cost = moved,
       .map = map_transpose},
      {.name = "Expand",
       .since = 8,
       .run = expand,
       .takes = takes(2),
       .cost = moved,
       .map = map_expand},
      {.name = "Tile", .run = tile, .takes = takes(3).from(6, 2, 2), .cost = moved},
      {.name = "Concat",
       .run = concat,
       .takes = takes(1, any_number).with({whole("axis")}),
       .cost = moved,
       .map = map_concat},
      {.name = "Split",
       .run = split,
       .takes = takes(1).from(13, 1, 2).with(
           {whole("axis"), wholes("split").until(12), whole("num_outputs", 1).from(18)}),
       .cost = moved,
       .map = map_split},
      {.name = "Slice",
       .run = slice,
       .takes = takes(1).from(10, 3, 5).with(
           {wholes("axes").until(9), wholes("ends").until(9), wholes("starts").until(9)}),
       .cost = moved,
       .map = map_slice},
      {.name = "Pad",
       .run = pad,
       .takes = takes(1).from(11, 2, 3).from(18, 2, 4).with(
           {text("mode", "constant reflect edge").until(18),
            text("mode", "constant reflect edge wrap").from(19), wholes("paddings").until(1),
            wholes("pads").from(2).until(10), real("value").until(10)}),
       .cost = moved,
       .map = map_pad},
      {.name = "Shape",
       .run = shape_of,
       .takes = takes(1).with({whole("start").from(15), whole("end").from(15)}),
       .cost = view},
      {.name = "Size", .run = size_of, .takes = takes(1), .cost = view},
      {.name = "DepthToSpace",
       .run = depth_to_space,
       .takes = takes(1).with({whole("blocksize"), text("mode", "DCR CRD").from(11)}),
       .cost = moved},
      {.name = "SpaceToDepth",
       .run = space_to_depth,
       .takes = takes(1).with({whole("blocksize")}),
       .cost = moved},
      {.name = "ReverseSequence",
       .since = 10,
       .run = reverse_sequence,
       .takes = takes(2).with({whole("batch_axis", 0, 1), whole("time_axis", 0, 1)}),
       .cost = moved},
      {.name = "ConcatFromParts",
       .run = concat_parts,
       .takes = takes(1, any_number).with({whole("axis")}),
       .cost = moved},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
