#include "sim/price/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"

namespace ane::sim {

std::string canonical(std::vector<std::string> overrides) {
  std::ranges::sort(overrides);
  std::string text;
  for (const std::string& o : overrides) text += (text.empty() ? "" : " ") + o;
  return text;
}

Target make_target(const std::string& chip_name, const std::string& unit,
                   const std::string& runtime, const std::vector<std::string>& overrides) {
  const std::vector<std::string> units{"ane", "gpu", "cpu"};
  if (std::ranges::find(units, unit) == units.end())
    throw InputError("--unit", fmt::format("unknown unit '{}'", unit), choice_note(unit, units));
  Chip chip = load_chip(chip_name, overrides);
  // Absent units are told now, before any work.
  if (unit == "ane") chip.ane();
  if (unit == "gpu") chip.gpu();
  if (unit == "cpu") chip.cpu();
  std::string name = runtime;
  if (name.empty())
    name = unit == "ane"   ? "coreml"
           : unit == "cpu" ? "accelerate"
           : chip.pcie()   ? "cuda_torch"
                           : "mlx";
  Runtime loaded = load_runtime(name);
  const RuntimeParameters& r = loaded.costs();
  if (unit == "ane" ? !r.ane : unit == "gpu" ? !r.gpu : !r.cpu) {
    std::vector<std::string> able;
    for (const std::string& other : runtime_names()) {
      const Runtime candidate = load_runtime(other);
      const RuntimeParameters& c = candidate.costs();
      if (unit == "ane" ? c.ane : unit == "gpu" ? c.gpu : c.cpu) able.push_back(other);
    }
    throw InputError("--runtime", fmt::format("'{}' does not drive the {}", name, unit),
                     choice_note(name, able));
  }
  return {std::move(chip), std::move(loaded), unit};
}

}  // namespace ane::sim
