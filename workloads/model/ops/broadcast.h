// Operands of one elementwise operation, brought to one layout of its result.
#pragma once
#include <map>
#include <vector>

#include "workloads/model/mapping.h"

namespace ane::workloads::model::ops {

class Broadcast {
 public:
  // InputError (as unmapped) where no layout serves all of them.
  Broadcast(Mapper& mapper, const std::vector<std::size_t>& operands, const Shape& result);
  const Layout& layout() const { return layout_; }
  ValueId operand(std::size_t k) const { return placed_.at(k); }

 private:
  Layout layout_;
  std::map<std::size_t, ValueId> placed_;
};

}  // namespace ane::workloads::model::ops
