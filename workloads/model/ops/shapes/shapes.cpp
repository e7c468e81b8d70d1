// The same elements under other shapes and in another order.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "isa/error.h"
#include "isa/saturated.h"
#include "workloads/model/ops/families.h"
#include "workloads/model/ops/pick.h"
#include "workloads/model/ops/shapes/mapping.h"

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
  if (y == nullptr) return;
  pick_strided(u.data(0), *y, strides);
  // Turned codes, for products that take them.
  if (const Coded* c = u.in(0).coded.get()) {
    auto codes = std::make_shared<Array>(c->codes.type.dtype, out);
    pick_strided(*values_of(c->codes), *codes, strides);
    const auto axis = std::ranges::find(order, static_cast<I>(c->axis)) - order.begin();
    Coded turned{.codes = {},
                 .scales = c->scales,
                 .zeros = c->zeros,
                 .axis = static_cast<std::size_t>(axis)};
    turned.codes.type = codes->type;
    turned.codes.data = std::move(codes);
    u.coded_result(0, std::move(turned));
  }
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

constexpr Cost view{.kind = kernels::WorkKind::copy, .flops = 0, .free = true};
constexpr Cost moved{.kind = kernels::WorkKind::copy, .flops = 0};

}  // namespace

Family shapes() {
  static const std::vector<Operator> all{
      {.name = "Identity",
       .run = identity,
       .takes = takes(1),
       .cost = view,
       .map = map_view,
       .mapped_wholes = WholeNumbers::of_8_bits},
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
       .map = map_view,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "Flatten",
       .run = flatten,
       .takes = takes(1).with({whole("axis")}),
       .cost = view,
       .map = map_view,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "Squeeze",
       .run = squeeze,
       .takes = takes(1).from(13, 1, 2).with({wholes("axes").until(12)}),
       .cost = view,
       .map = map_view,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "Unsqueeze",
       .run = unsqueeze,
       .takes = takes(1).from(13, 2, 2).with({wholes("axes").until(12)}),
       .cost = view,
       .map = map_view,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "Transpose",
       .run = transpose,
       .takes = takes(1).with({wholes("perm")}),
       .cost = moved,
       .map = map_transpose,
       .mapped_wholes = WholeNumbers::of_8_bits},
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
       .map = map_concat,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "Split",
       .run = split,
       .takes = takes(1).from(13, 1, 2).with(
           {whole("axis"), wholes("split").until(12), whole("num_outputs", 1).from(18)}),
       .cost = moved,
       .map = map_split,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "Slice",
       .run = slice,
       .takes = takes(1).from(10, 3, 5).with(
           {wholes("axes").until(9), wholes("ends").until(9), wholes("starts").until(9)}),
       .cost = moved,
       .map = map_slice,
       .mapped_wholes = WholeNumbers::of_8_bits},
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
       .cost = moved,
       .map = map_blocks,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "SpaceToDepth",
       .run = space_to_depth,
       .takes = takes(1).with({whole("blocksize")}),
       .cost = moved,
       .map = map_blocks,
       .mapped_wholes = WholeNumbers::of_8_bits},
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
