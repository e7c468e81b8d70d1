#include "sim/chips/bind.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "isa/error.h"
#include "sim/chips/unit_text.h"

namespace ane::sim {

std::optional<double> checked_value(const Description& d, std::string_view path,
                                    std::string_view dimension, double least, double most,
                                    bool whole, bool optional) {
  const auto found = d.parameters.find(path);
  if (found == d.parameters.end()) {
    if (optional) return std::nullopt;
    throw InputError(d.name, fmt::format("the parameter '{}' is missing", path));
  }
  const Parameter& p = found->second;
  if (p.dimension != dimension)
    throw InputError(std::string(p.place),
                     fmt::format("{}: '{}' is no unit of {}", path, p.unit,
                                 dimension == "1" ? "a plain number" : dimension));
  if (!(p.value >= least && p.value <= most))
    throw InputError(
        std::string(p.place),
        fmt::format("{}: {} is out of range", path, with_unit(p.value, dimension)),
        fmt::format("{} to {}", with_unit(least, dimension), with_unit(most, dimension)));
  if (whole && p.value != std::floor(p.value))
    throw InputError(std::string(p.place), fmt::format("{}: {} is not whole", path, p.value));
  return p.value;
}

void refuse_unknown(const Description& d, const KnownPaths& known) {
  const auto named = std::ranges::count_if(
      known, [&](std::string_view path) { return d.parameters.contains(path); });
  if (named == std::ssize(d.parameters)) return;
  const std::vector<std::string> names(known.begin(), known.end());
  for (const auto& [path, p] : d.parameters)
    if (std::ranges::find(known, path) == known.end()) {
      const std::string near = nearest(path, names);
      throw InputError(std::string(p.place), fmt::format("{}: unknown parameter", path),
                       near.empty() ? "" : fmt::format("did you mean '{}'?", near));
    }
}

bool has_section(const Description& d, std::string_view section) {
  const std::string front = std::string(section) + ".";
  const auto at = d.parameters.lower_bound(front);
  return at != d.parameters.end() && at->first.starts_with(front);
}

}  // namespace ane::sim
