// What the ANE is capable of, operator by operator, as its compiler's validators say (S1; where a
// row names no other source).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "sim/place/planner.h"

namespace ane::sim {
namespace {

using workloads::mil::Dtype;
using workloads::mil::Op;
using workloads::mil::Tensor;

constexpr std::array maths{"asin", "acos",  "asinh", "acosh",       "tan",   "sinh",
                           "cosh", "atanh", "mod",   "reduce_prod", "cumsum"};
constexpr std::array structure{"lstm",
                               "gru",
                               "rnn",
                               "band_part",
                               "one_hot",
                               "non_zero",
                               "range_1d",
                               "random_normal",
                               "sliding_windows",
                               "crop_resize",
                               "scatter",
                               "scatter_nd",
                               "scatter_along_axis",
                               "slice_by_size",
                               "while_loop",
                               "non_maximum_suppression",
                               "reverse_sequence",
                               "resize_cubic",
                               "argsort"};

template <std::size_t N>
bool among(const std::array<const char*, N>& all, std::string_view name) {
  return std::ranges::any_of(all, [&](std::string_view one) { return one == name; });
}

std::int64_t row_extent(const std::vector<std::int64_t>& window) {
  return window.size() < 2 ? 1 : window[window.size() - 2];
}

std::optional<Incapable> of_types(const Op& op) {
  // Operators that read whole numbers at run time: their casts are not capable, they are.
  const bool reads_indices = op.mil == "gather_nd" || op.mil == "gather_along_axis";
  for (std::size_t k = 0; k < op.inputs.size(); ++k) {
    const Tensor& t = op.inputs[k];
    if (t.dtype != Dtype::int32 || t.constant || (reads_indices && k == 1)) continue;
    return Incapable{"int32", "int32 operands: the ANE computes in fp16", "S1"};
  }
  for (const Tensor& t : op.outputs)
    if (t.dtype == Dtype::int32)
      return Incapable{"int32", "an int32 result: the ANE computes in fp16", "S1"};
  if (op.mil == "cast") return std::nullopt;  // at the program's ends
  const auto single = [](const Tensor& t) { return t.dtype == Dtype::fp32; };
  if (std::ranges::any_of(op.inputs, single) || std::ranges::any_of(op.outputs, single))
    return Incapable{"fp32", "float32: the ANE computes in fp16", "S1"};
  return std::nullopt;
}

std::optional<Incapable> of_extents(const Op& op, const PlannerLimits& limits) {
  for (const auto* all : {&op.inputs, &op.outputs})
    for (const Tensor& t : *all) {
      for (std::size_t k = 0; k < t.shape.size() && !t.constant; ++k) {
        const bool side = t.shape.size() >= 3 && k + 2 >= t.shape.size();
        const double most = side ? limits.side : limits.extent;
        if (static_cast<double>(t.shape[k]) > most)
          return Incapable{"extent", fmt::format("an extent of {}, above {:.0f}", t.shape[k], most),
                           "S1"};
      }
      if (static_cast<double>(t.shape.size()) > limits.rank)
        return Incapable{"rank", fmt::format("{} axes, above {:.0f}", t.shape.size(), limits.rank),
                         "S36"};
    }
  const bool linear = op.mil == "linear";
  if ((linear || op.mil == "matmul") && !op.inputs.empty() && !op.inputs[0].shape.empty()) {
    const std::int64_t k = op.inputs[0].shape.back();
    const double most = linear ? limits.linear_inner : limits.inner;
    if (static_cast<double>(k) > most)
      return Incapable{"inner", fmt::format("an inner extent of {}, above {:.0f}", k, most),
                       linear ? "S69" : "S1"};
  }
  return std::nullopt;
}

std::optional<Incapable> of_windows(const Op& op, const PlannerLimits& limits) {
  const std::vector<std::int64_t> window = workloads::mil::window_of(op);
  if (window.empty()) return std::nullopt;
  const std::int64_t width = window.back(), height = row_extent(window);
  const auto w = static_cast<double>(width), h = static_cast<double>(height);
  const auto refusal = [&](const char* limit) {
    return Incapable{"kernel", fmt::format("a window of {}x{}: {}", height, width, limit), "S1"};
  };
  if (op.mil == "conv") {
    const bool square = width == height && w <= limits.kernel_square;
    if (w > limits.kernel_width && !square) return refusal("too wide");
    if (h > limits.kernel_height) return refusal("too high");
  }
  if (op.mil == "max_pool" && w > limits.max_pool_width) return refusal("too wide for a maximum");
  return std::nullopt;
}

}  // namespace

Incapable incapable(const Op& op, const PlannerLimits& limits) {
  if (among(structure, op.mil))
    return {"operator", fmt::format("the ANE's compiler has no '{}'", op.mil), "S1"};
  if (among(maths, op.mil))
    return {"operator", fmt::format("the ANE has no table for '{}'", op.mil), "S1"};
  if (op.mil == "gather" && op.inputs.size() > 1 && !op.inputs[1].constant)
    return {"indices", "gather with indices that are computed", "S1"};
  if (op.mil == "slice_by_index" &&
      std::ranges::any_of(op.inputs.begin() + (op.inputs.empty() ? 0 : 1), op.inputs.end(),
                          [](const Tensor& t) { return !t.constant; }))
    return {"begin", "a slice that begins or ends where a tensor says", "S1"};
  if (op.mil == "select" && op.inputs.size() == 3 && op.inputs[0].shape != op.outputs[0].shape)
    return {"broadcast", "a choice whose condition is repeated over its operands", "S69"};
  if (auto why = of_types(op)) return *why;
  if (auto why = of_extents(op, limits)) return *why;
  if (auto why = of_windows(op, limits)) return *why;
  return {};
}

}  // namespace ane::sim
