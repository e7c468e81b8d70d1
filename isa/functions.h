// Names and numbers of the unary functions (activation tables and planar post-operations) and of
// the planar engine's operations. The position in the list is the number in the instruction's
// field.
#pragma once
#include <array>
#include <string_view>

namespace ane::isa {

inline constexpr std::array<std::string_view, 28> unary_functions{
    "none",    "relu",   "relu6", "leaky_relu", "clip",     "hard_sigmoid", "hard_swish",
    "abs",     "negate", "sign",  "square",     "floor",    "ceil",         "round",
    "sigmoid", "tanh",   "gelu",  "silu",       "softplus", "elu",          "erf",
    "sin",     "cos",    "exp",   "log",        "sqrt",     "rsqrt",        "reciprocal"};

inline constexpr std::array<std::string_view, 10> elementwise_operations{
    "add", "sub", "mul", "max", "min", "eq", "lt", "le", "gt", "ge"};

inline constexpr std::array<std::string_view, 7> reduction_operations{
    "sum", "mean", "max", "min", "sumsq", "meansq", "argmax"};

inline constexpr std::array<std::string_view, 2> pool_operations{"max", "avg"};

}  // namespace ane::isa
