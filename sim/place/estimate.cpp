// The planner's estimates: rules that fit the 31 of S1 (data/03_compile/opdispatch), a rate a kind
// of operator. They are decision trees, no physics: dilated kernels are cheaper than dense ones, a
// linear layer without a bias costs ten times one with it.
#include <algorithm>
#include <array>
#include <string_view>

#include "sim/place/planner.h"

namespace ane::sim {
namespace {

using workloads::mil::Op;
using workloads::mil::Tensor;

enum class Form {
  bytes,          // in, out and weights over the rate
  result_bytes,   // out alone
  flop,           // two a multiply-add
  inner_squared,  // s for each pair of input features
};
struct Rule {
  Form form;
  double PlannerRates::*rate;
};

double bytes(const std::vector<Tensor>& all) {
  double sum = 0;
  for (const Tensor& t : all) sum += t.bytes();
  return sum;
}

constexpr double few_channels = 16;

Rule rule_of_conv(const Op& op) {
  const auto& w = op.inputs[1].shape;
  const auto window = workloads::mil::window_of(op);
  const bool point = std::ranges::all_of(window, [](std::int64_t k) { return k == 1; });
  const bool depthwise = op.groups > 1 && w.size() > 1 && w[1] == 1;
  if (depthwise) return {Form::flop, &PlannerRates::conv_depthwise};
  if (point || op.groups > 1 ||
      (w.size() > 1 && static_cast<double>(std::min(w[0], w[1])) < few_channels))
    return {Form::flop, &PlannerRates::conv_plain};
  if (!op.dilations.empty()) return {Form::flop, &PlannerRates::conv_dilated};
  return {Form::flop, &PlannerRates::conv};
}

Rule rule_of(const Op& op) {
  const std::string_view name = op.mil;
  if (name == "conv" && op.inputs.size() > 1) return rule_of_conv(op);
  if (name == "conv_transpose" && op.inputs.size() > 1)
    // Only one over two axes is known to be dear.
    return {Form::flop, workloads::mil::window_of(op).size() == 2 ? &PlannerRates::conv_transpose
                                                                  : &PlannerRates::conv};
  if (name == "linear")
    return op.inputs.size() > 2 ? Rule{Form::flop, &PlannerRates::linear}
                                : Rule{Form::inner_squared, &PlannerRates::linear_plain};
  if (name == "relu") return {Form::bytes, &PlannerRates::relu};
  if (name == "concat" || name == "stack") return {Form::result_bytes, &PlannerRates::concat};
  if (name == "add" || name == "sub") return {Form::bytes, &PlannerRates::add};
  if (name == "mul") return {Form::bytes, &PlannerRates::mul};
  if (name == "transpose") return {Form::bytes, &PlannerRates::transpose};
  if (name == "upsample_bilinear") return {Form::result_bytes, &PlannerRates::bilinear};
  return {Form::bytes, &PlannerRates::bytes};
}

double by_rule(const Op& op, const Rule& rule, const PlannerRates& rates) {
  switch (rule.form) {
    case Form::bytes:
      return (bytes(op.inputs) + bytes(op.outputs)) / (rates.*rule.rate);
    case Form::result_bytes:
      return bytes(op.outputs) / (rates.*rule.rate);
    case Form::flop:
      return 2 * workloads::mil::macs_of(op) / (rates.*rule.rate);
    default: {
      const auto& w = op.inputs.size() > 1 ? op.inputs[1].shape : op.inputs[0].shape;
      const double inner = w.empty() ? 1 : static_cast<double>(w.back());
      return inner * inner * rates.*rule.rate;
    }
  }
}

}  // namespace

double ane_estimate(const Op& op, const PlannerRates& rates) {
  return by_rule(op, rule_of(op), rates);
}

double cpu_estimate(const Op& op, const PlannerRates& rates) {
  if (op.mil == "matmul")
    return std::max(2 * workloads::mil::macs_of(op) / rates.product,
                    (bytes(op.inputs) + bytes(op.outputs)) / rates.bytes);
  if (op.mil == "gather") return (bytes(op.inputs) + bytes(op.outputs)) / rates.gather;
  return by_rule(op, rule_of(op), rates);
}

}  // namespace ane::sim
