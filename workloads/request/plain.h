// Graphs of single operators and chains: inputs and outputs as the request's host tensors are, and
// tensors that are wider than the machine's limits folded into more rows and channels.
#pragma once
#include <string>
#include <vector>

#include "workloads/graph/layers.h"
#include "workloads/request/job.h"

namespace ane::workloads {

class Plain {
 public:
  Plain(const Request& r, const JobFor& target);

  ValueId input(const std::string& name, const Extents& e);
  void output(ValueId x);
  Graph finish(ValueId x);
  Graph finish() { return layers.graph().finish(); }
  // `elements`, or a shape with its last axis along columns, as one tensor.
  Extents plane(std::int64_t elements, const std::string& shape) const;
  // Columns beyond the machine's limit become rows.
  void split_columns(Extents& e) const;
  // One operator of the accelerator by its name; functions of two tensors take another input.
  ValueId apply(const std::string& op, ValueId x);

  Layers layers;

 private:
  const Request& request_;
  const isa::Machine& machine_;
  int outputs_ = 0, operands_ = 0;
};

// InputError at `place` for a tensor of more than 1e15 elements, the most that a key says: whatever
// is counted of it stays within 64 bits. Extents are multiplied as real numbers.
void check_elements(std::string_view what, double elements, const std::string& place);
// The same for a shape ("64x128x128"), as many times as the batch says.
void check_shape(std::string_view shape, std::int64_t batch, const std::string& place);

}  // namespace ane::workloads
