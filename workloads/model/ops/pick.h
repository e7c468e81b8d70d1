// Results whose elements are elements of an operand.
#pragma once
#include "workloads/model/operator.h"

namespace ane::workloads::model::ops {

// y[to] = x[from]
inline void copy_one(const Array& x, std::int64_t from, Array& y, std::int64_t to) {
  if (x.real())
    y.f[static_cast<std::size_t>(to)] = x.f[static_cast<std::size_t>(from)];
  else
    y.i[static_cast<std::size_t>(to)] = x.i[static_cast<std::size_t>(from)];
}
// y in order, each element from where `from(position)` says; below 0: left as it is.
template <class From>
void pick(const Array& x, Array& y, From from) {
  const std::int64_t count = y.size();
  for (std::int64_t k = 0; k < count; ++k)
    if (const std::int64_t at = from(k); at >= 0) copy_one(x, at, y, k);
}
// y from a walk over strides of x, from `start` on.
inline void pick_strided(const Array& x, Array& y, const std::vector<std::int64_t>& strides,
                         std::int64_t start = 0) {
  if (x.real())
    walk(y.type.shape, strides, [&](std::int64_t at, std::int64_t from) {
      y.f[static_cast<std::size_t>(at)] = x.f[static_cast<std::size_t>(start + from)];
    });
  else
    walk(y.type.shape, strides, [&](std::int64_t at, std::int64_t from) {
      y.i[static_cast<std::size_t>(at)] = x.i[static_cast<std::size_t>(start + from)];
    });
}

}  // namespace ane::workloads::model::ops
