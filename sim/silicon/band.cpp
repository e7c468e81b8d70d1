#include "sim/silicon/band.h"

#include <fmt/format.h>

#include <cmath>
#include <tuple>

#include "isa/error.h"
#include "sim/chips/derive.h"
#include "sim/silicon/residuals.h"
#include "workloads/request/kind.h"

namespace ane::sim {
namespace {

// Subjects with one parameter at its low and at its high, and whether it is one of energy alone.
template <class Subject>
std::vector<std::tuple<Subject, Subject, bool>> varied(const Description& description,
                                                       const std::vector<std::string>& prefixes) {
  std::vector<std::tuple<Subject, Subject, bool>> out;
  for (const auto& [path, p] : description.parameters) {
    if (!p.low || !p.high || *p.low == *p.high) continue;
    bool wanted = false;
    for (const std::string& prefix : prefixes) wanted = wanted || path.starts_with(prefix);
    if (!wanted) continue;
    const std::string& name = path;  // clang 14 and 15 capture no structured binding
    const auto at = [&](double value) {
      Description d = description;
      keep_sold(d);
      d.parameters.at(name).value = value;
      derive(d);
      return Subject(std::move(d));
    };
    const bool energy = p.dimension == "J" || p.dimension == "W";
    const auto add = [&](double low, double high) {
      try {
        out.emplace_back(at(low), at(high), energy);
      } catch (const InputError&) {
        return false;  // beyond what the parameter may be
      }
      return true;
    };
    const bool wider = p.kind == "inherited" && *p.low > 0;
    // A band that reaches beyond what the parameter may be says nothing new.
    if (!wider || !add(*p.low * *p.low / p.value, *p.high * *p.high / p.value))
      add(*p.low, *p.high);
  }
  return out;
}

double residual(const workloads::Request& request, const Target& target, workloads::Quantity q,
                bool known) {
  return expected_residual(workloads::name(target.unit), request.kind->name,
                           workloads::measure_of(q), known);
}

}  // namespace

std::vector<Bands::Pair<Chip>>& Bands::chip_pairs(const Target& target) {
  const Description& d = target.chip.description();
  std::string key = fmt::format("{} {}", target.chip.name(), workloads::name(target.unit));
  for (const auto& [path, p] : d.parameters)
    if (p.kind == "set") key += fmt::format(" {}={}", path, p.value);
  const auto known = chips_.find(key);
  if (known != chips_.end()) return known->second;
  auto& pairs = chips_[key];
  for (auto& [low, high, energy] :
       varied<Chip>(d, {std::string(workloads::name(target.unit)) + ".", "memory."}))
    pairs.push_back({std::move(low), std::move(high), energy});
  return pairs;
}

std::vector<Bands::Pair<Runtime>>& Bands::runtime_pairs(const Runtime& runtime) {
  std::string key = runtime.name();
  for (const auto& [path, p] : runtime.description().parameters)
    if (p.kind == "set") key += fmt::format(" {}={}", path, p.value);
  const auto known = runtimes_.find(key);
  if (known != runtimes_.end()) return known->second;
  auto& pairs = runtimes_[key];
  for (auto& [low, high, energy] : varied<Runtime>(runtime.description(), {""}))
    pairs.push_back({std::move(low), std::move(high), energy});
  return pairs;
}

template <class ValueAt>
double Bands::spread(const Target& target, std::string_view measure, const ValueAt& value) {
  double squares = 0;
  const auto add = [&](double low, double high) {
    if (low > 0 && high > 0) squares += std::pow(0.5 * std::log(high / low), 2);
  };
  Target moved = target;
  for (const Pair<Chip>& p : chip_pairs(target)) {
    if (p.energy_alone && measure == "time") continue;
    moved.chip = p.low;
    const double low = value(moved);
    moved.chip = p.high;
    add(low, value(moved));
  }
  moved.chip = target.chip;
  for (const Pair<Runtime>& p : runtime_pairs(target.runtime)) {
    moved.runtime = p.low;
    const double low = value(moved);
    moved.runtime = p.high;
    add(low, value(moved));
  }
  return squares;
}

results::Band Bands::around(double value, const workloads::Request& request, const Target& target,
                            workloads::Quantity q) {
  const Lowered work = lower(request, target);
  const bool known =
      is_calibrated(target.chip.name(), workloads::name(target.unit), target.runtime.name());
  const double squares = std::pow(residual(request, target, q, known), 2) +
                         spread(target, workloads::measure_of(q), [&](const Target& moved) {
                           return quantity(price(work, moved, request.conditions), work.job(), q);
                         });
  const double factor = std::exp(std::sqrt(squares));
  return {value / factor, value * factor};
}

double Bands::of_ratio(const workloads::Request& request, const workloads::Request& base,
                       const Target& target, workloads::Quantity q) {
  if (workloads::to_text(request) == workloads::to_text(base)) return 1;
  const Lowered work = lower(request, target), base_work = lower(base, target);
  const double squares =
      std::pow(residual(request, target, q, true), 2) +
      std::pow(residual(base, target, q, true), 2) +
      spread(target, workloads::measure_of(q), [&](const Target& moved) {
        return quantity(price(work, moved, request.conditions), work.job(), q) /
               quantity(price(base_work, moved, base.conditions), base_work.job(), q);
      });
  return std::exp(std::sqrt(squares));
}

void Bands::add(results::Record& record, const workloads::Request& request, const Target& target) {
  using workloads::Quantity;
  results::Totals& t = record.totals;
  t.latency_band_s = around(t.latency_s, request, target, Quantity::latency);
  if (t.energy_j > 0) t.energy_band_j = around(t.energy_j, request, target, Quantity::energy);
}

}  // namespace ane::sim
