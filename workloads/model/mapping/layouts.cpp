// Where tensors lie in the machine's four axes, and how they get from one layout to another.
#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "workloads/model/mapping/unmapped.h"

namespace ane::workloads::model {
namespace {

constexpr const char* no_axes = "R1";

}  // namespace

std::vector<int> Layout::order() const {
  std::vector<int> all;
  for (const auto& group : of) all.insert(all.end(), group.begin(), group.end());
  return all;
}

Layout natural_layout(const Shape& shape) {
  Layout l;
  const auto rank = static_cast<int>(shape.size());
  for (int d = 0; d < rank; ++d)
    if (shape[static_cast<std::size_t>(d)] != 1)
      l.of[static_cast<std::size_t>(std::max(0, 4 - rank + d))].push_back(d);
  return l;
}

Extents extents_of(const Shape& shape, const Layout& layout) {
  std::array<std::int64_t, 4> e{1, 1, 1, 1};
  for (std::size_t g = 0; g < 4; ++g)
    for (const int d : layout.of[g]) e[g] *= shape[static_cast<std::size_t>(d)];
  return {.w = e[3], .h = e[2], .c = e[1], .n = e[0]};
}

int code_shift(Dtype dtype) {
  return dtype == Dtype::u8 ? 128 : 0;
}

int machine_axis(std::size_t group) {
  constexpr int axes[] = {kernels::axis_n, kernels::axis_c, kernels::axis_h, kernels::axis_w};
  return axes[group];
}

std::optional<Layout> Mapper::layout(std::size_t k) const {
  const int v = use_->in(k).id;
  if (v < 0 || places_[static_cast<std::size_t>(v)].id < 0) return std::nullopt;
  return places_[static_cast<std::size_t>(v)].layout;
}

Layout Mapper::layout_or_natural(std::size_t k) const {
  return layout(k).value_or(natural_layout(shape(k)));
}

Layout Mapper::layout_with(std::size_t k, const std::vector<int>& wanted) const {
  const Shape& s = shape(k);
  std::vector<int> axes;
  for (const int d : wanted) {
    if (d < 0 || d >= static_cast<int>(s.size()))
      throw InputError(use_->place(), "an axis that its operand lacks");
    if (s[static_cast<std::size_t>(d)] != 1) axes.push_back(d);
  }
  const auto in = [&](int d) { return std::ranges::find(axes, d) != axes.end(); };
  const auto whole = [&](const Layout& l) {
    return std::ranges::all_of(l.of, [&](const std::vector<int>& group) {
      return std::ranges::all_of(group, in) || std::ranges::none_of(group, in);
    });
  };
  const Layout now = layout_or_natural(k);
  if (whole(now)) return now;
  const Layout plain = natural_layout(s);
  if (whole(plain)) return plain;
  // What is in front of the axes is batch, what is behind stands along columns; the axes between.
  Layout l;
  const int first = *std::ranges::min_element(axes);
  for (int d = 0; d < static_cast<int>(s.size()); ++d) {
    if (s[static_cast<std::size_t>(d)] == 1) continue;
    if (in(d))
      l.of[Layout::c].push_back(d);
    else
      l.of[d < first ? Layout::n : Layout::w].push_back(d);
  }
  if (l.of[Layout::w].empty()) std::swap(l.of[Layout::w], l.of[Layout::c]);
  return l;
}

ValueId Mapper::moved(ValueId x, const Layout& from, const Layout& to, const Shape& shape) {
  const std::vector<int> a = from.order(), b = to.order();
  const Extents want = extents_of(shape, to);
  if (a == b) return reshape(x, want);
  if (graph_.type(x).format == Format::i32)
    unmapped("I1", "whole numbers of more than eight bits do not move on the accelerator");
  // Runs of axes that stay together, in the order of `from`.
  std::vector<std::vector<int>> runs;
  for (const int d : a) {
    const auto place = [&](int axis) { return std::ranges::find(b, axis) - b.begin(); };
    if (!runs.empty() && place(runs.back().back()) + 1 == place(d))
      runs.back().push_back(d);
    else
      runs.push_back({d});
  }
  if (runs.size() > 4)
    unmapped(
        no_axes,
        fmt::format("its axes change places in {} pieces; the accelerator's tensors have four axes",
                    runs.size()),
        "a layout in which fewer axes change places");
  const auto size = [&](const std::vector<int>& axes) {
    std::int64_t n = 1;
    for (const int d : axes) n *= shape[static_cast<std::size_t>(d)];
    return n;
  };
  // Which run each machine axis of the source holds, where each holds one or none.
  std::array<int, 4> held{-1, -1, -1, -1};
  bool fits = true;
  std::size_t at = 0;
  for (std::size_t g = 0; g < 4 && fits; ++g) {
    if (from.of[g].empty()) continue;
    fits = at < runs.size() && from.of[g] == runs[at];
    held[g] = static_cast<int>(at++);
  }
  if (!fits || at != runs.size()) {
    std::array<std::int64_t, 4> e{1, 1, 1, 1};
    held = {-1, -1, -1, -1};
    for (std::size_t r = 0; r < runs.size(); ++r) {
      const std::size_t g = 4 - runs.size() + r;
      e[g] = size(runs[r]);
      held[g] = static_cast<int>(r);
    }
    x = reshape(x, {.w = e[3], .h = e[2], .c = e[1], .n = e[0]});
  }
  // Straight to the target's axes where each takes one run; else side by side, then a reshape.
  std::vector<int> wanted;  // runs in the order of `to`
  for (std::size_t i = 0; i < b.size();) {
    const auto run = std::ranges::find_if(runs, [&](const auto& r) { return r.front() == b[i]; });
    wanted.push_back(static_cast<int>(run - runs.begin()));
    i += run->size();
  }
  std::array<int, 4> order{-1, -1, -1, -1};
  bool direct = true;
  std::size_t next = 0;
  for (std::size_t g = 0; g < 4 && direct; ++g) {
    if (to.of[g].empty()) continue;
    direct = next < wanted.size() && to.of[g] == runs[static_cast<std::size_t>(wanted[next])];
    if (direct) order[g] = static_cast<int>(std::ranges::find(held, wanted[next++]) - held.begin());
  }
  if (!direct) {
    order = {-1, -1, -1, -1};
    for (std::size_t r = 0; r < wanted.size(); ++r)
      order[4 - wanted.size() + r] =
          static_cast<int>(std::ranges::find(held, wanted[r]) - held.begin());
  }
  for (int& o : order)
    if (o < 0)
      for (int g = 0; g < 4; ++g)
        if (held[static_cast<std::size_t>(g)] < 0 && std::ranges::find(order, g) == order.end()) {
          o = g;
          break;
        }
  return reshape(transpose(x, order), want);
}

ValueId Mapper::relaid(ValueId x, const Shape& shape, const Layout& to) {
  const ValueId y = laid_ == to ? x : moved(x, laid_, to, shape);
  laid_ = to;
  return y;
}

}  // namespace ane::workloads::model
