// softmax and log-softmax over axes: maximum, subtraction, exp, sum, then reciprocal and product
// (or logarithm and subtraction): five tasks, each with binary16 results [P3].
#include "kernels/ops/composite.h"

namespace ane::kernels {
namespace {

TensorType shape(const Call& call) {
  require(call.attributes.axes != 0, call, "softmax needs an axis");
  return call.inputs[0];
}

Attributes with(const char* operation, const char* function, unsigned axes = 0) {
  Attributes a;
  a.operation = operation;
  a.activation = function;
  a.axes = axes;
  return a;
}

std::vector<Step> softmax_steps(const Call& call) {
  const unsigned axes = call.attributes.axes;
  return {{&reduce_operator, with("max", "none", axes), {0}},
          {&elementwise_operator, with("sub", "none"), {0, -1}},
          {&unary_operator, with("", "exp"), {-2}},
          {&reduce_operator, with("sum", "reciprocal", axes), {-3}},
          {&elementwise_operator, with("mul", "none"), {-3, -4}}};
}

std::vector<Step> log_softmax_steps(const Call& call) {
  const unsigned axes = call.attributes.axes;
  return {{&reduce_operator, with("max", "none", axes), {0}},
          {&elementwise_operator, with("sub", "none"), {0, -1}},
          {&unary_operator, with("", "exp"), {-2}},
          {&reduce_operator, with("sum", "log", axes), {-3}},
          {&elementwise_operator, with("sub", "none"), {-2, -4}}};
}

template <auto steps>
constexpr Operator composite(std::string_view name, std::string_view summary) {
  return {.name = name,
          .summary = summary,
          .shape = shape,
          .refuse = refuse_extents,
          .work = [](const Call& c) { return steps_work(c, steps(c), WorkKind::softmax); },
          .reference = [](const Call& c, const Arithmetic& a, std::span<const Tensor* const> in,
                          Tensor& out) { reference_steps(c, steps(c), a, in, out); },
          .lower = [](const Call& c, Lowering& l) { lower_steps(c, steps(c), l); },
          .temporaries = true};
}

}  // namespace

const Operator softmax_operator =
    composite<softmax_steps>("softmax", "exp(x - max) over its sum, in five tasks");
const Operator log_softmax_operator =
    composite<log_softmax_steps>("log_softmax", "x - max - log of the sum of exp, in five tasks");

}  // namespace ane::kernels
