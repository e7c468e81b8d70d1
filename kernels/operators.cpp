#include <array>

#include "kernels/arith/round.h"
#include "kernels/ops/ops.h"

namespace ane::kernels {

std::span<const Operator* const> operators() {
  static constexpr std::array table{
      &conv_operator,        &linear_operator,     &matmul_operator,    &elementwise_operator,
      &unary_operator,       &reduce_operator,     &pool_operator,      &softmax_operator,
      &log_softmax_operator, &layer_norm_operator, &gather_operator,    &concat_operator,
      &slice_operator,       &reshape_operator,    &transpose_operator, &quantise_operator,
      &dequantise_operator,  &cast_operator};
  return table;
}

const Operator& operator_named(std::string_view name) {
  std::vector<std::string> names;
  for (const Operator* o : operators()) {
    if (o->name == name) return *o;
    names.emplace_back(o->name);
  }
  throw InputError("", "unknown operator '" + std::string(name) + "'", choice_note(name, names));
}

arith::Activation activation_of(const Call& call) {
  const Attributes& a = call.attributes;
  const int f = function_index(isa::unary_functions, a.activation, call.name);
  arith::Activation act = arith::activation(static_cast<arith::Function>(f));
  if (a.alpha != 0 || a.beta != 0) {
    act.alpha = arith::to_half(a.alpha);
    act.beta = arith::to_half(a.beta);
  }
  return act;
}

Format quantised_format(const Call& call) {
  const Attributes& a = call.attributes;
  if (a.scale == 0) return Format::fp16;
  require(a.scale > 0, call, "a scale must be greater than zero");
  require(a.zero >= -128 && a.zero <= 127, call, "a zero point is -128 to 127");
  return Format::i8;
}

void set_result(const Call& call, const Arithmetic& arithmetic, Tensor& output, std::int64_t index,
                double value) {
  const Attributes& a = call.attributes;
  set_element(
      output, index,
      a.scale > 0 ? arithmetic.quantise(value, arithmetic.constant(a.scale), a.zero) : value);
}

std::optional<Refusal> refuse_extents(const Call& call, const isa::Machine& machine) {
  const auto inside = [&](const TensorType& t) {
    return t.e.w <= machine.max_extent && t.e.h <= machine.max_extent &&
           t.e.c <= machine.max_channels && t.e.n <= machine.max_channels;
  };
  bool ok = inside(call.output);
  for (const TensorType& t : call.inputs) ok = ok && inside(t);
  if (ok) return std::nullopt;
  return Refusal{"A1", "an extent is beyond the accelerator's limit (" +
                           std::to_string(machine.max_extent) + " rows or columns, " +
                           std::to_string(machine.max_channels) + " channels)"};
}

}  // namespace ane::kernels
