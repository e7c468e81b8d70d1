// Products of rows with a constant matrix: on the accelerator a 1x1 convolution with the last axis
// as channels.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "workloads/model/mapping.h"

namespace ane::workloads::model::ops {

struct Rows {
  std::size_t x = 0;                       // operand [.., m, k]
  bool turned_left = false;                // or [.., k, m]
  std::shared_ptr<kernels::Parameters> p;  // n channels of k
  Attributes attributes{};
  // Operand x in a layout, as the product reads it; empty: as it is.
  std::function<ValueId(const Layout&)> placed{};
};
// A matrix [k, n], or [n, k] where it is turned, times a factor as weights [n, k] of that.
Reals as_rows(const Reals& matrix, std::int64_t n, std::int64_t k, bool turned, float factor);
// Makes result 0.
std::optional<Why> map_rows(const Use& use, Mapper& mapper, const Rows& rows);

}  // namespace ane::workloads::model::ops
