#include "sim/explore/point.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "sim/chips/description.h"
#include "sim/price/price.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

enum class Role { chip, runtime, precision, parameter, key };

Role role_of(const Axis& axis) {
  if (axis.parameter()) return Role::parameter;
  if (axis.name == "chip") return Role::chip;
  if (axis.name == "runtime" || axis.name == "path") return Role::runtime;
  if (axis.name == "precision") return Role::precision;
  return Role::key;
}

// What an axis says of a key, as the request takes it.
std::string value_of_key(const std::string& key, std::string value) {
  if (value == usual_value) return {};
  // The names of layers are parted by commas, as the values of an axis are.
  if (key == "fp16_layers") std::ranges::replace(value, '+', ',');
  return value;
}

// What of a machine its values can hang on: its number formats, and the limits that shape a graph
// and send operators to the CPU. Rates and sizes of memories move no bit.
std::string formats_and_limits(const isa::Machine& m) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {}", m.int8_macs, m.texture_unit,
                     m.streams_int8_weights, m.max_extent, m.max_channels, m.max_kernel_width,
                     m.max_kernel_height, m.max_pool, m.kernel_memory.count, m.default_profile);
}

bool is_objective(const std::string& name) {
  return std::ranges::any_of(objectives(), [&](const Objective& o) { return o.name == name; });
}

}  // namespace

struct PointMaker::Impl {
  const SweepPlan& plan;
  workloads::Request base;
  std::vector<Role> roles{};
  std::map<std::string, Description> chips{};  // with the plan's own settings
  std::map<std::string, Target> targets{};     // by chip, unit and runtime: what drives what
  std::map<std::string, workloads::Request> requests{};  // by what differs from the plan's
  std::vector<const Condition*> before{}, after{};       // of what is asked; of its cost too
  Agreement agreement{};
  std::map<std::string, double> agreements{};  // by request, chip, its formats and limits, unit

  const Description& description(const std::string& name) {
    const auto known = chips.find(name);
    if (known != chips.end()) return known->second;
    Description d = load_description("chips", "chip", name);
    for (const std::string& s : plan.set) apply_override(d, s);
    return chips.emplace(name, std::move(d)).first->second;
  }

  std::string chip_name(const std::vector<std::string>& values) const {
    for (std::size_t a = 0; a < roles.size(); ++a)
      if (roles[a] == Role::chip) return values[a];
    return plan.chip;
  }
};

PointMaker::PointMaker(const SweepPlan& plan, Agreement agreement)
    : impl_(std::make_unique<Impl>(
          Impl{.plan = plan, .base = workloads::parse_request(plan.request)})) {
  impl_->agreement = std::move(agreement);
  for (const Axis& a : plan.axes) impl_->roles.push_back(role_of(a));
  for (const Condition& c : plan.where)
    (std::ranges::any_of(c.names(), is_objective) ? impl_->after : impl_->before).push_back(&c);
}
PointMaker::~PointMaker() = default;

workloads::Request PointMaker::request_of(const std::vector<std::string>& values) {
  Impl& m = *impl_;
  std::string differs;
  for (std::size_t a = 0; a < m.roles.size(); ++a)
    if (m.roles[a] != Role::chip && m.roles[a] != Role::parameter) differs += values[a] + "\n";
  if (const auto known = m.requests.find(differs); known != m.requests.end()) return known->second;
  workloads::Request r = m.base;
  for (std::size_t a = 0; a < m.roles.size(); ++a) {
    const Axis& axis = m.plan.axes[a];
    if (m.roles[a] == Role::key)
      r = workloads::with(r, axis.name, value_of_key(axis.name, values[a]));
    if (m.roles[a] == Role::runtime) r = workloads::with(r, "path", values[a]);
    if (m.roles[a] == Role::precision) {
      const workloads::Formats f = workloads::formats_named(values[a], "--axis precision");
      if ((r.kind->takes & workloads::takes_weights) != 0)
        r = workloads::with(r, "weights", f.weights);
      if ((r.kind->takes & workloads::takes_activations) != 0)
        r = workloads::with(r, "activations", f.activations);
    }
  }
  constexpr std::size_t most_kept = 4096;
  if (m.requests.size() == most_kept) m.requests.clear();
  return m.requests.emplace(std::move(differs), std::move(r)).first->second;
}

Target PointMaker::target_of(const std::vector<std::string>& values) {
  Impl& m = *impl_;
  const workloads::Request request = request_of(values);
  const std::string name = m.chip_name(values);
  Description d = m.description(name);
  for (std::size_t a = 0; a < m.roles.size(); ++a)
    if (m.roles[a] == Role::parameter)
      apply_override(d, fmt::format("{}={}", m.plan.axes[a].name, values[a]));
  Chip chip(std::move(d));
  const Unit unit = request.conditions.unit.value_or(Unit::ane);
  const std::string key =
      fmt::format("{}\n{}\n{}", name, workloads::name(unit), request.conditions.runtime);
  auto known = m.targets.find(key);
  if (known == m.targets.end()) known = m.targets.emplace(key, sim::target_of(request, chip)).first;
  return {std::move(chip), known->second.runtime, known->second.unit};
}

std::optional<results::SweepPoint> PointMaker::price(std::int64_t index) {
  Impl& m = *impl_;
  results::SweepPoint p{.index = index, .values = m.plan.values(index)};
  try {
    const workloads::Request request = request_of(p.values);
    const Target target = target_of(p.values);
    const auto asked = [&](const std::string& name) -> double {
      if (is_objective(name)) return p.objective(name);
      if (target.chip.has(name)) return target.chip.get(name);
      if (name == "batch") return static_cast<double>(request.batch);
      const auto said = workloads::said(workloads::to_text(request), name);
      return said ? parse_quantity(*said, name).value : results::unknown;
    };
    for (const Condition* c : m.before)
      if (!c->holds(asked)) return std::nullopt;
    const results::Totals t = sim::price(request, target).totals;
    p.latency_s = t.latency_s;
    p.energy_j = t.energy_j;
    p.throughput_items_per_s = t.throughput_items_per_s;
    p.peak_memory_bytes = t.peak_memory_bytes;
    p.dram_bytes = t.dram_bytes;
    p.bound = t.bound;
    if (m.agreement) {
      const std::string key =
          fmt::format("{}\n{}\n{}\n{}", workloads::to_text(request), target.chip.name(),
                      workloads::name(target.unit), formats_and_limits(target.chip.machine()));
      auto known = m.agreements.find(key);
      if (known == m.agreements.end())
        known = m.agreements.emplace(key, m.agreement(request, target)).first;
      p.agreement = known->second;
    }
    p.feasible = std::ranges::all_of(m.after, [&](const Condition* c) { return c->holds(asked); });
  } catch (const InputError& e) {
    p.refused = e.what();
    p.feasible = false;
  }
  return p;
}

void PointMaker::check_axis(std::size_t axis, const std::string& value,
                            const std::vector<std::string>& others) {
  Impl& m = *impl_;
  const std::string place = "--axis " + m.plan.axes[axis].name;
  std::vector<std::string> values = others;
  values[axis] = value;
  try {
    switch (m.roles[axis]) {
      case Role::chip:
        m.description(value);
        return;
      case Role::parameter: {
        // Of any of the chips: a phone has no value of a card.
        Description d = m.description(m.chip_name(values));
        apply_override(d, fmt::format("{}={}", m.plan.axes[axis].name, value));
        Chip(std::move(d));
        return;
      }
      default:
        request_of(values);
    }
  } catch (const InputError& e) {
    throw InputError(place, e.what(), e.note());
  }
}

void PointMaker::check_name(const std::string& name, const std::string& condition) {
  Impl& m = *impl_;
  if (is_objective(name)) return;
  const std::vector<std::string> first = m.plan.values(0);
  if (m.description(m.chip_name(first)).has(name)) return;
  if (name == "batch" || workloads::said(workloads::to_text(request_of(first)), name)) return;
  std::vector<std::string> names;
  for (const Objective& o : objectives()) names.emplace_back(o.name);
  for (const Axis& a : m.plan.axes) names.push_back(a.name);
  throw InputError("--where",
                   fmt::format("'{}' in '{}' is nothing of these points", name, condition),
                   choice_note(name, names));
}

}  // namespace ane::sim
