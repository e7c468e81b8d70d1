#include "workloads/model/ops/shapes/mapping.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "isa/error.h"
#include "workloads/model/ops/broadcast.h"
#include "workloads/model/ops/spatial/windows.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using List = Wholes;

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

}  // namespace

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

namespace {

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

}  // namespace

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
    // Codes that are known lie as codes.
    const bool placed = !u.known(k) || !is_real(u.dtype(k));
    parts.push_back(placed ? m.operand(k, own) : m.constant(k, u.shape(k), own));
  }
  const Layout to =
      with_axis(at.layout, at, axis, m.result_shape()[static_cast<std::size_t>(axis)]);
  m.result(0, parts.size() == 1 ? parts[0] : m.concat(parts, at.group), to);
  return std::nullopt;
}

namespace {

I inner_of(const Shape& shape, const Outermost& at, int axis) {
  I inner = 1;
  for (const int d : at.layout.of[at.group])
    if (d != axis) inner *= shape[static_cast<std::size_t>(d)];
  return inner;
}

}  // namespace

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

// Columns of a block first, then its rows: two permutations of four axes.
std::optional<Why> map_blocks(const Use& u, Mapper& m) {
  const Shape &in = u.shape(0), &out = m.result_shape();
  const bool to_space = u.node.op == "DepthToSpace", columns_last = u.text("mode", "DCR") == "CRD";
  const I b = u.integer("blocksize", 1), n = in[0], channels = to_space ? out[1] : in[1],
          h = to_space ? in[2] : out[2], w = to_space ? in[3] : out[3];
  if (channels * h > m.machine().max_extent || w * b > m.machine().max_extent)
    return Why{"R1", "blocks whose rows of all channels are beyond the accelerator's extent", "",
               "a smaller picture, or fewer channels at a time"};
  ValueId x = m.operand(0, planes(in));
  if (to_space && columns_last) {  // [n, channels, by, bx, h, w]
    x = m.reshape(x, {.w = w, .h = h, .c = b, .n = n * channels * b});
    x = m.transpose(x, {0, 2, 3, 1});  // [.. by, h, w, bx]
    x = m.reshape(x, {.w = w * b, .h = h, .c = b, .n = n * channels});
    x = m.transpose(x, {0, 2, 1, 3});
  } else if (to_space) {  // [n, by, bx, channels, h, w]
    x = m.reshape(x, {.w = w, .h = channels * h, .c = b, .n = n * b});
    x = m.transpose(x, {0, 2, 3, 1});
    x = m.reshape(x, {.w = w * b, .h = channels * h, .c = b, .n = n});
    x = m.transpose(x, {0, 2, 1, 3});
  } else {  // [n, channels, h, by, w, bx]
    x = m.reshape(x, {.w = w * b, .h = b, .c = channels * h, .n = n});
    x = m.transpose(x, {0, 2, 1, 3});  // [n, by, channels * h, w * bx]
    x = m.reshape(x, {.w = b, .h = w, .c = channels * h, .n = n * b});
    x = m.transpose(x, {0, 3, 1, 2});
  }
  m.result(0, m.reshape(x, extents_of(out, planes(out))), planes(out));
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

}  // namespace ane::workloads::model::ops
