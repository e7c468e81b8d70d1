#include "workloads/networks/op_names.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iterator>
#include <utility>

#include "isa/error.h"

namespace ane::workloads {
namespace {

constexpr std::pair<std::string_view, std::string_view> same[] = {
    {"maximum", "max"},
    {"minimum", "min"},
    {"real_div", "div"},
    {"divide", "div"},
    {"multiply", "mul"},
    {"subtract", "sub"},
    {"swish", "silu"},
    {"inverse", "reciprocal"},
    {"neg", "negate"},
    {"relu_6", "relu6"},
    {"leakyrelu", "leaky_relu"},
    {"hardswish", "hard_swish"},
    {"hswish", "hard_swish"},
    {"sigmoid_hard", "hard_sigmoid"},
    {"hardsigmoid", "hard_sigmoid"},
    {"layernorm", "layer_norm"},
    {"rmsnorm", "rms_norm"},
    {"topk", "top_k"},
    {"attention", "sdpa"},
    {"scaled_dot_product_attention", "sdpa"},
    {"permute", "transpose"},
    {"sum", "reduce_sum"},
    {"mean", "reduce_mean"},
    {"identity", "none"},
    {"slice_by_index", "slice"},
    {"average_pool", "avg_pool"},
};
// Of the same time, through another table: another function.
constexpr std::pair<std::string_view, std::string_view> stand_ins[] = {
    {"exp2", "exp"}, {"log2", "log"}, {"gelu_tanh", "gelu"}};
constexpr std::string_view moves[] = {
    "copy", "cast", "concat",  "reshape",        "slice",          "split",        "stack",
    "pad",  "tile", "reverse", "space_to_depth", "depth_to_space", "pixel_shuffle"};
constexpr std::string_view functions[] = {"asin",  "acos",  "atan",  "tan",   "sinh",       "cosh",
                                          "asinh", "acosh", "atanh", "log10", "logical_not"};
constexpr std::string_view of_two[] = {"mod",   "pow",   "floor_div",   "select",
                                       "where", "prelu", "logical_and", "logical_or"};
constexpr std::string_view scans[] = {"cumsum", "cumprod", "one_hot", "band_part"};
constexpr std::string_view orders[] = {"sort", "argsort", "non_zero"};

bool in(const auto& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

std::string plain_op(std::string_view name) {
  for (const auto& [alias, plain] : same)
    if (alias == name) return std::string(plain);
  for (const auto& [function, priced_as] : stand_ins)
    if (function == name) return std::string(priced_as);
  return std::string(name);
}

void refuse_values_of_stand_in(std::string_view name) {
  for (const auto& [function, priced_as] : stand_ins)
    if (function == name)
      throw InputError("request",
                       "op=" + std::string(name) + " has a price, that of " +
                           std::string(priced_as) + ", but no values here",
                       "op=" + std::string(priced_as));
}

std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool is_move(std::string_view name) {
  return in(moves, name);
}

int operands_elsewhere(std::string_view name) {
  return in(functions, name) ? 1 : in(of_two, name) ? 2 : 0;
}

double steps_elsewhere(std::string_view name, double length) {
  if (in(scans, name) || name == "reduce_prod" || name == "reduce_l1" || name == "reduce_l2")
    return 1;
  return in(orders, name) ? std::max(1.0, std::log2(length)) : 0;
}

double written_elsewhere(std::string_view name, double length) {
  return name.starts_with("reduce_") ? 1 / length : 1;
}

}  // namespace ane::workloads
