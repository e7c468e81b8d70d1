// Names and numbers of the unary functions (activation tables and planar post-operations) and of
// the planar engine's operations. The position in the list is the number in the instruction's
// field.
#pragma once
#include <array>
#include <string_view>

namespace ane::isa {

inline constexpr std::array<std::string_view, 23> unary_functions{
    "none", "relu",   "relu6", "leaky_relu", "sigmoid", "tanh",      "gelu",       "silu",
    "erf",  "sin",    "exp",   "log",        "sqrt",    "rsqrt",     "reciprocal", "abs",
    "sign", "square", "neg",   "softplus",   "elu",     "hardswish", "hardsigmoid"};

inline constexpr std::array<std::string_view, 10> elementwise_operations{
    "add", "sub", "mul", "max", "min", "eq", "lt", "le", "gt", "ge"};

inline constexpr std::array<std::string_view, 7> reduction_operations{
    "sum", "mean", "max", "min", "sumsq", "meansq", "argmax"};

inline constexpr std::array<std::string_view, 2> pool_operations{"max", "avg"};

}  // namespace ane::isa
