// Sliding windows over any number of spatial axes: strides, dilations and padding as convolutions
// and pools of ONNX say them.
#pragma once
#include <string>
#include <vector>

#include "workloads/model/operator.h"

namespace ane::workloads::model::ops {

struct Windows {
  std::vector<std::int64_t> kernel, stride, dilation, before, after;  // a value a spatial axis
  std::vector<std::int64_t> in, out;
  std::size_t axes() const { return kernel.size(); }
};

// Of an operand [n, c, spatial...]. `rounds_up`: ceil_mode of pools.
Windows windows_of(const Use& use, std::vector<std::int64_t> kernel, const Shape& operand,
                   bool rounds_up = false);

// Calls visit(tap in order, offset in the operand's plane) for what a window sees inside.
template <class Visit>
void each_tap(const Windows& w, const std::vector<std::int64_t>& at, Visit visit) {
  const std::size_t n = w.axes();
  std::int64_t taps = 1;
  for (const std::int64_t k : w.kernel) taps *= k;
  std::vector<std::int64_t> tap(n, 0);
  for (std::int64_t t = 0; t < taps; ++t) {
    std::int64_t from = 0;
    bool inside = true;
    for (std::size_t d = 0; d < n && inside; ++d) {
      const std::int64_t p = at[d] * w.stride[d] - w.before[d] + tap[d] * w.dilation[d];
      inside = p >= 0 && p < w.in[d];
      from = from * w.in[d] + p;
    }
    if (inside) visit(t, from);
    for (std::size_t d = n; d-- > 0;) {
      if (++tap[d] < w.kernel[d]) break;
      tap[d] = 0;
    }
  }
}

// Advances a position; false behind the last.
inline bool next(std::vector<std::int64_t>& at, const std::vector<std::int64_t>& extents) {
  for (std::size_t d = at.size(); d-- > 0;) {
    if (++at[d] < extents[d]) return true;
    at[d] = 0;
  }
  return false;
}

}  // namespace ane::workloads::model::ops
