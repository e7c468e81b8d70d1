#include "workloads/request/terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "isa/error.h"

namespace ane::workloads {

std::span<const std::string_view> names_of(Unit) {
  static constexpr std::string_view names[] = {"ane", "gpu", "cpu", "memory"};
  return names;
}
std::span<const std::string_view> names_of(Form) {
  static constexpr std::string_view names[] = {"framework", "accelerator"};
  return names;
}
std::span<const std::string_view> names_of(Quantity) {
  static constexpr std::string_view names[] = {
      "latency", "throughput_items", "throughput_calls", "throughput_flops", "bandwidth",
      "power",   "energy",           "efficiency"};
  return names;
}

std::size_t term_index(std::string_view what, std::string_view text,
                       std::span<const std::string_view> names, const std::string& place) {
  const auto at = std::ranges::find(names, text);
  if (at == names.end())
    throw InputError(place, fmt::format("{}: unknown value '{}'", what, text),
                     choice_note(text, std::vector<std::string>(names.begin(), names.end())));
  return static_cast<std::size_t>(at - names.begin());
}

std::string_view measure_of(Quantity q) {
  return q == Quantity::power || q == Quantity::energy || q == Quantity::efficiency ? "energy"
                                                                                    : "time";
}

}  // namespace ane::workloads
