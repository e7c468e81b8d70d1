#include "sim/price/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"

namespace ane::sim {

Unit unit_on(const Chip& chip, Unit asked) {
  return asked != Unit::memory ? asked : chip.has_cpu() ? Unit::cpu : Unit::gpu;
}

bool has_unit(const Chip& chip, Unit unit) {
  switch (unit_on(chip, unit)) {
    case Unit::ane:
      return chip.has_ane();
    case Unit::gpu:
      return chip.has_gpu();
    default:
      return chip.has_cpu();
  }
}

bool drives(const Runtime& runtime, Unit unit) {
  const RuntimeParameters& r = runtime.costs();
  return unit == Unit::ane ? r.ane : unit == Unit::gpu ? r.gpu : r.cpu;
}

std::string usual_host(const Chip& chip) {
  if (chip.has_cpu()) return {};
  const auto at = chip.description().about.find("cores_as");
  return at == chip.description().about.end() ? std::string() : at->second;
}

std::string usual_runtime(const Chip& chip, Unit unit) {
  return unit == Unit::ane   ? "coreml"
         : unit == Unit::cpu ? "accelerate"
         : chip.pcie()       ? "cuda_torch"
                             : "mlx";
}

Target make_target(Chip chip, Unit asked, const std::string& runtime) {
  const Unit unit = unit_on(chip, asked);
  // Absent units are told now, before any work.
  if (unit == Unit::ane) chip.ane();
  if (unit == Unit::gpu) chip.gpu();
  if (unit == Unit::cpu) chip.cpu();
  const std::string software = runtime.empty() ? usual_runtime(chip, unit) : runtime;
  Runtime loaded = load_runtime(software);
  if (!drives(loaded, unit)) {
    std::vector<std::string> able;
    for (const std::string& other : runtime_names())
      if (drives(load_runtime(other), unit)) able.push_back(other);
    throw InputError("runtime",
                     fmt::format("'{}' does not drive the {}", software, workloads::name(unit)),
                     choice_note(software, able));
  }
  return {std::move(chip), std::move(loaded), unit};
}

Target make_target(const std::string& chip, Unit unit, const std::string& runtime,
                   const std::vector<std::string>& overrides) {
  return make_target(load_chip(chip, overrides), unit, runtime);
}

Target target_of(const workloads::Request& request, Chip chip) {
  return make_target(std::move(chip), request.conditions.unit.value_or(Unit::ane),
                     request.conditions.runtime);
}

}  // namespace ane::sim
