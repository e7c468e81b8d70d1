#include "sim/silicon/band.h"

#include <cmath>
#include <set>
#include <tuple>

#include "isa/error.h"
#include "sim/chips/derive.h"
#include "sim/price/predict.h"
#include "sim/silicon/residuals.h"
#include "sim/silicon/silicon_rows.h"
#include "sim/silicon/validate.h"

namespace ane::sim {
namespace {

template <class Subject>
std::vector<std::pair<Subject, Subject>> varied(const Description& description,
                                                const std::vector<std::string>& prefixes) {
  std::vector<std::pair<Subject, Subject>> out;
  for (const auto& [path, p] : description.parameters) {
    if (!p.low || !p.high || *p.low == *p.high || path.starts_with("residual.")) continue;
    bool wanted = false;
    for (const std::string& prefix : prefixes) wanted = wanted || path.starts_with(prefix);
    if (!wanted) continue;
    const auto at = [&](double value) {
      Description d = description;
      d.parameters.at(path).value = value;
      derive(d);
      return Subject(std::move(d));
    };
    try {
      out.emplace_back(at(*p.low), at(*p.high));
    } catch (const InputError&) {
      // A band that reaches beyond what the parameter may be says nothing new.
    }
  }
  return out;
}

// Chips, units and runtimes of the calibration rows.
const std::set<std::tuple<std::string, std::string, std::string>>& calibrated() {
  static const auto all = [] {
    std::set<std::tuple<std::string, std::string, std::string>> out;
    std::map<std::string, std::string> names;
    for (const char* file : {"ane_calibration.csv", "soc_calibration.csv"})
      for (const SiliconRow& r : load_silicon_rows(file)) {
        if (r.spec.empty() || !r.value || r.trust == "D" || !r.set_aside.empty()) continue;
        const workloads::Spec spec = spec_of(r);
        try {
          std::string& name = names[r.machine];
          if (name.empty()) name = chip_of_row(r.machine).name();
          out.emplace(name, spec.unit,
                      !r.runtime.empty()  ? r.runtime
                      : spec.path.empty() ? "none"
                                          : spec.path);
        } catch (const InputError&) {
          // A machine that is not described calibrates nothing.
        }
      }
    return out;
  }();
  return all;
}

}  // namespace

results::Band Bands::around(double predicted, const workloads::Spec& spec, const Chip& chip,
                            const Runtime& runtime, std::string_view quantity) {
  double squares =
      std::pow(expected_residual(spec.unit, spec.kind, measure_of(quantity),
                                 calibrated().contains({chip.name(), spec.unit, runtime.name()})),
               2);
  const auto add = [&](const Chip& low_chip, const Runtime& low_runtime, const Chip& high_chip,
                       const Runtime& high_runtime) {
    const double low = as_quantity(predict(spec, low_chip, low_runtime), spec, quantity);
    const double high = as_quantity(predict(spec, high_chip, high_runtime), spec, quantity);
    if (low > 0 && high > 0) squares += std::pow(0.5 * std::log(high / low), 2);
  };
  const std::string key = chip.name() + " " + spec.unit;
  if (!chips_.contains(key)) {
    auto& pairs = chips_[key];
    for (auto& [low, high] : varied<Chip>(chip.description(), {spec.unit + ".", "memory."}))
      pairs.push_back({std::move(low), std::move(high)});
  }
  for (const Pair<Chip>& p : chips_[key]) add(p.low, runtime, p.high, runtime);
  if (!runtimes_.contains(runtime.name())) {
    auto& pairs = runtimes_[runtime.name()];
    for (auto& [low, high] : varied<Runtime>(runtime.description(), {""}))
      pairs.push_back({std::move(low), std::move(high)});
  }
  for (const Pair<Runtime>& p : runtimes_[runtime.name()]) add(chip, p.low, chip, p.high);
  const double factor = std::exp(std::sqrt(squares));
  return {predicted / factor, predicted * factor};
}

}  // namespace ane::sim
