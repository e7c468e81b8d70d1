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

inline constexpr std::array<std::string_view, 12> elementwise_operations{
    "add",   "sub",       "mul",  "div",        "max",     "min",
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"};

inline constexpr std::array<std::string_view, 7> reduction_operations{
    "sum", "mean", "max", "min", "sum_squares", "mean_squares", "argmax"};

inline constexpr std::array<std::string_view, 2> pool_operations{"max", "avg"};

}  // namespace ane::isa
