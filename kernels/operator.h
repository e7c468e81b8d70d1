// An operator: what is computed, how much work that is, whether the accelerator takes it, and how
// it becomes tasks. One file in ops/ an operator and one line in operators.cpp.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isa/machine.h"
#include "kernels/tensor.h"
#include "kernels/types.h"
#include "kernels/work.h"

namespace ane::kernels {

class Arithmetic;
class Lowering;

// One use of an operator. `name` is the node's, for reports.
struct Call {
  std::string name;
  std::vector<TensorType> inputs;
  TensorType output;
  Attributes attributes;
  std::shared_ptr<const Parameters> parameters;  // of conv and linear
};

// Why the accelerator does not take a call: the label of the constraint and a sentence for the
// user.
struct Refusal {
  std::string label, reason;
};

struct Operator {
  std::string_view name, summary;
  int min_inputs = 1, max_inputs = 1;
  // Type of the result; throws InputError (place: the node's name) for inputs that do not fit.
  TensorType (*shape)(const Call& call);
  // Empty when the accelerator takes the call. `call.output` is set.
  std::optional<Refusal> (*refuse)(const Call& call, const isa::Machine& machine);
  Work (*work)(const Call& call);
  // The scalar reference: dense tensors in, dense tensor out, every number by `arithmetic`.
  void (*reference)(const Call& call, const Arithmetic& arithmetic,
                    std::span<const Tensor* const> inputs, Tensor& output);
  // Emits the tasks of the call (lowering.h).
  void (*lower)(const Call& call, Lowering& lowering);
  // It makes temporaries of the result's size, which need L2 or pass through it.
  bool temporaries = false;
};

std::span<const Operator* const> operators();
// Throws InputError with the nearest name.
const Operator& operator_named(std::string_view name);

}  // namespace ane::kernels
