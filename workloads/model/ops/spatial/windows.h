// Sliding windows over any number of spatial axes: strides, dilations and padding as convolutions
// and pools of ONNX say them.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "workloads/model/mapping.h"

namespace ane::workloads::model::ops {

inline constexpr std::string_view automatic_padding = "NOTSET SAME_UPPER SAME_LOWER VALID";

struct Windows {
  std::vector<std::int64_t> kernel, stride, dilation, before, after;  // a value a spatial axis
  std::vector<std::int64_t> in, out;
  std::size_t axes() const { return kernel.size(); }
};

// Of an operand [n, c, spatial...]. `rounds_up`: ceil_mode of pools.
Windows windows_of(const Use& use, std::vector<std::int64_t> kernel, const Shape& operand,
                   bool rounds_up = false);

// Taps [first, last) along axis d whose places are from `low` on and below `high`, of the window
// at output position `at`.
struct Reach {
  std::int64_t first = 0, last = 0;
  std::int64_t count() const { return last - first; }
};
inline Reach reach_of(const Windows& w, std::size_t d, std::int64_t at, std::int64_t low,
                      std::int64_t high) {
  const std::int64_t start = at * w.stride[d] - w.before[d], by = w.dilation[d];
  const auto taps_below = [&](std::int64_t place) {  // those whose places are below it
    return place <= start ? 0 : std::min(w.kernel[d], (place - start + by - 1) / by);
  };
  const std::int64_t first = taps_below(low);
  return {first, std::max(first, taps_below(high))};
}

// Calls visit(tap in order, offset in the operand's plane) for what a window sees inside: as many
// times as there are elements at most, however large the window is.
template <class Visit>
void each_tap(const Windows& w, const std::vector<std::int64_t>& at, Visit visit) {
  const std::size_t n = w.axes();
  std::vector<Reach> reach(n);
  std::vector<std::int64_t> tap(n);
  for (std::size_t d = 0; d < n; ++d) {
    reach[d] = reach_of(w, d, at[d], 0, w.in[d]);
    if (reach[d].count() == 0) return;
    tap[d] = reach[d].first;
  }
  for (;;) {
    std::int64_t t = 0, from = 0;
    for (std::size_t d = 0; d < n; ++d) {
      t = t * w.kernel[d] + tap[d];
      from = from * w.in[d] + at[d] * w.stride[d] - w.before[d] + tap[d] * w.dilation[d];
    }
    visit(t, from);
    std::size_t d = n;
    while (d > 0 && ++tap[d - 1] == reach[d - 1].last) --d, tap[d] = reach[d].first;
    if (d == 0) return;
  }
}

// A list of an attribute, `otherwise` everywhere where it is not said. InputError for one of
// another length.
Wholes list_or(const Use& use, const char* name, std::size_t size, std::int64_t otherwise);
// Operands [n, c, l] with l along columns, [n, c, h, w] as they are.
Layout planes(const Shape& shape);

// Advances a position; false behind the last.
inline bool next(std::vector<std::int64_t>& at, const std::vector<std::int64_t>& extents) {
  for (std::size_t d = at.size(); d-- > 0;) {
    if (++at[d] < extents[d]) return true;
    at[d] = 0;
  }
  return false;
}

}  // namespace ane::workloads::model::ops
