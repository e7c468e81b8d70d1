#include "workloads/model/ops/broadcast.h"

#include <algorithm>

namespace ane::workloads::model::ops {
namespace {

// Axes of the operand as those of the result, which are right-aligned; those of extent 1 fall away.
Layout shifted(Layout l, int by) {
  for (auto& group : l.of)
    for (int& d : group) d += by;
  return l;
}
bool has(const Layout& l, int axis) {
  return std::ranges::any_of(l.of,
                             [&](const auto& g) { return std::ranges::find(g, axis) != g.end(); });
}

// The result's layout as the operand's: axes that the operand repeats fall away.
Layout own_part(const Layout& l, const Shape& shape, int shift) {
  Layout own;
  for (std::size_t g = 0; g < 4; ++g)
    for (const int d : l.of[g])
      if (d >= shift && shape[static_cast<std::size_t>(d - shift)] != 1)
        own.of[g].push_back(d - shift);
  return own;
}
// Each machine axis is there whole, or not at all.
bool serves(const Layout& l, const Shape& shape, int shift) {
  const Layout own = own_part(l, shape, shift);
  for (std::size_t g = 0; g < 4; ++g)
    if (!own.of[g].empty() && own.of[g].size() != l.of[g].size()) return false;
  return true;
}

}  // namespace

Broadcast::Broadcast(Mapper& m, const std::vector<std::size_t>& operands, const Shape& out) {
  const Use& u = m.use();
  const auto shift = [&](std::size_t k) { return static_cast<int>(out.size() - u.rank(k)); };
  // That of the largest operand, with what it lacks along axes that are free.
  Layout best = natural_layout(out);
  std::int64_t most = -1;
  for (const std::size_t k : operands) {
    const auto now = u.known(k) ? std::nullopt : m.layout(k);
    const std::int64_t size = kernels::elements(u.shape(k));
    if (!now || size <= most) continue;
    Layout l = shifted(*now, shift(k));
    bool whole = true;
    for (int d = 0; d < static_cast<int>(out.size()) && whole; ++d) {
      if (out[static_cast<std::size_t>(d)] == 1 || has(l, d)) continue;
      std::size_t g = 4;
      for (const std::size_t free : {std::size_t{Layout::w}, std::size_t{Layout::h},
                                     std::size_t{Layout::c}, std::size_t{Layout::n}})
        if (l.of[free].empty()) {
          g = free;
          break;
        }
      whole = g < 4;
      if (whole) l.of[g].push_back(d);
    }
    if (whole) best = l, most = size;
  }
  const auto all = [&](const Layout& l) {
    return std::ranges::all_of(
        operands, [&](std::size_t k) { return u.known(k) || serves(l, u.shape(k), shift(k)); });
  };
  layout_ = all(best) ? best : natural_layout(out);
  if (!all(layout_))
    throw InputError(u.place(),
                     "its operands repeat along more axes than the accelerator's tensors have");
  for (const std::size_t k : operands) {
    if (!u.known(k)) {
      placed_[k] = m.operand(k, own_part(layout_, u.shape(k), shift(k)));
      continue;
    }
    // A constant repeats by itself where a whole machine axis does; else it is written out.
    Layout part;
    const Layout own = own_part(layout_, u.shape(k), shift(k));
    for (std::size_t g = 0; g < 4; ++g)
      if (!own.of[g].empty()) part.of[g] = layout_.of[g];
    placed_[k] = m.constant(k, out, part);
  }
}

}  // namespace ane::workloads::model::ops
