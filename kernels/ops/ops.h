// The operators, one line each, and what several of their files need.
#pragma once
#include <algorithm>

#include "isa/error.h"
#include "isa/functions.h"
#include "kernels/arith/activation.h"
#include "kernels/arithmetic.h"
#include "kernels/operator.h"

namespace ane::kernels {

extern const Operator conv_operator, linear_operator, matmul_operator, elementwise_operator,
    unary_operator, reduce_operator, pool_operator, softmax_operator, log_softmax_operator,
    layer_norm_operator, gather_operator, concat_operator, slice_operator, reshape_operator,
    transpose_operator, quantise_operator, dequantise_operator, cast_operator;

// Index of a name in one of the lists of isa/functions.h; InputError with the nearest name.
template <class List>
int function_index(const List& list, std::string_view name, const std::string& place) {
  const auto at = std::find(list.begin(), list.end(), name);
  if (at != list.end()) return static_cast<int>(at - list.begin());
  std::vector<std::string> choices(list.begin(), list.end());
  throw InputError(place, "unknown function '" + std::string(name) + "'",
                   choice_note(name, choices));
}

// The call's fused unary function with its parameters.
arith::Activation activation_of(const Call& call);

inline void require(bool condition, const Call& call, const std::string& what) {
  if (!condition) throw InputError(call.name, what);
}

// fp16, or i8 where the call quantises its result (attribute `scale` greater than zero).
Format quantised_format(const Call& call);
// One element of the result, quantised where the call asks for it.
void set_result(const Call& call, const Arithmetic& arithmetic, Tensor& output, std::int64_t index,
                double value);

// [A1] Every extent of every operand is inside the chip's limits.
std::optional<Refusal> refuse_extents(const Call& call, const isa::Machine& machine);

inline Bytes input_bytes(const Call& call) {
  Bytes sum;
  for (const TensorType& t : call.inputs) sum += Bytes{t.bytes()};
  return sum;
}

// Row-major position of (n, c, h, w).
inline std::int64_t position(const Extents& e, std::int64_t n, std::int64_t c, std::int64_t h,
                             std::int64_t w) {
  return ((n * e.c + c) * e.h + h) * e.w + w;
}

}  // namespace ane::kernels
