#include "sim/place/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "sim/chips/bind.h"

namespace ane::sim {
namespace {

using P = PlannerParameters;
using L = PlannerLimits;
using R = PlannerRates;

constexpr Field<P> own_fields[] = {
    {"launch", "s", &P::launch, 0, 1},
    {"switch", "s", &P::change, 0, 1},
    {"last_hop", "s", &P::last_hop, 0, 1},
};
constexpr Field<L> limit_fields[] = {
    {"limits.extent", "1", &L::extent, 1, 1e9},
    {"limits.rank", "1", &L::rank, 1, 64},
    {"limits.inner", "1", &L::inner, 1, 1e9},
    {"limits.linear_inner", "1", &L::linear_inner, 1, 1e9},
    {"limits.kernel_width", "1", &L::kernel_width, 1, 1e6},
    {"limits.kernel_height", "1", &L::kernel_height, 1, 1e6},
    {"limits.kernel_square", "1", &L::kernel_square, 1, 1e6},
    {"limits.max_pool_width", "1", &L::max_pool_width, 1, 1e6},
};
constexpr Field<R> ane_fields[] = {
    {"ane.bytes", "B/s", &R::bytes, 1e6, 1e14},
    {"ane.relu", "B/s", &R::relu, 1e6, 1e14},
    {"ane.concat", "B/s", &R::concat, 1e6, 1e14},
    {"ane.add", "B/s", &R::add, 1e6, 1e14},
    {"ane.mul", "B/s", &R::mul, 1e6, 1e14},
    {"ane.transpose", "B/s", &R::transpose, 1e6, 1e14},
    {"ane.bilinear", "B/s", &R::bilinear, 1e6, 1e14},
    {"ane.conv", "FLOP/s", &R::conv, 1e6, 1e16},
    {"ane.conv_plain", "FLOP/s", &R::conv_plain, 1e6, 1e16},
    {"ane.conv_dilated", "FLOP/s", &R::conv_dilated, 1e6, 1e16},
    {"ane.conv_depthwise", "FLOP/s", &R::conv_depthwise, 1e6, 1e16},
    {"ane.conv_transpose", "FLOP/s", &R::conv_transpose, 1e6, 1e16},
    {"ane.linear", "FLOP/s", &R::linear, 1e6, 1e16},
    {"ane.linear_plain", "s", &R::linear_plain, 0, 1},
};
constexpr Field<R> cpu_fields[] = {
    {"cpu.bytes", "B/s", &R::bytes, 1e6, 1e14},
    {"cpu.relu", "B/s", &R::relu, 1e6, 1e14},
    {"cpu.concat", "B/s", &R::concat, 1e6, 1e14},
    {"cpu.add", "B/s", &R::add, 1e6, 1e14},
    {"cpu.mul", "B/s", &R::mul, 1e6, 1e14},
    {"cpu.transpose", "B/s", &R::transpose, 1e6, 1e14},
    {"cpu.bilinear", "B/s", &R::bilinear, 1e6, 1e14},
    {"cpu.gather", "B/s", &R::gather, 1e6, 1e14},
    {"cpu.conv", "FLOP/s", &R::conv, 1e6, 1e16},
    {"cpu.conv_plain", "FLOP/s", &R::conv_plain, 1e6, 1e16},
    {"cpu.conv_dilated", "FLOP/s", &R::conv_dilated, 1e6, 1e16},
    {"cpu.conv_depthwise", "FLOP/s", &R::conv_depthwise, 1e6, 1e16},
    {"cpu.conv_transpose", "FLOP/s", &R::conv_transpose, 1e6, 1e16},
    {"cpu.linear", "FLOP/s", &R::linear, 1e6, 1e16},
    {"cpu.linear_plain", "s", &R::linear_plain, 0, 1},
    {"cpu.product", "FLOP/s", &R::product, 1e6, 1e16},
};

constexpr double never = std::numeric_limits<double>::infinity();
// Sums of one cost in another order are a tie.
constexpr double tie = 1e-12;  // s
constexpr std::string_view best_known = "coreml-macos27-m4";

std::string milliseconds(double s) {
  return fmt::format("{:.2g} ms", s * 1e3);
}

// What a run of capable operators would save on the ANE, and what it would have to.
void explain(std::vector<PlacedOp>& ops, std::size_t first, std::size_t last,
             const PlannerParameters& costs) {
  const bool opens = first == 0, ends = last == ops.size();
  double saves = 0;
  for (std::size_t i = first; i < last; ++i) saves += ops[i].cpu_s - ops[i].ane_s;
  const double needs =
      costs.launch + (opens ? 0 : costs.change) + (ends ? costs.last_hop : costs.change);
  const bool whole = opens && ends;
  for (std::size_t i = first; i < last; ++i) {
    ops[i].label = whole ? "small" : "island";
    ops[i].reason = saves <= 0 ? std::string("no quicker on the ANE, by the planner's estimates")
                    : whole
                        ? fmt::format("too small: the ANE saves {} of the {} that a launch takes",
                                      milliseconds(saves), milliseconds(needs))
                        : fmt::format(
                              "a stretch of {} operator{} saves {} of the {} that going to the "
                              "ANE takes",
                              last - first, last - first == 1 ? "" : "s", milliseconds(saves),
                              milliseconds(needs));
    ops[i].source = "S1";
  }
}

}  // namespace

Planner::Planner(Description description)
    : description_(std::make_shared<const Description>(std::move(description))) {
  KnownPaths known;
  bind<P>(*description_, own_fields, costs_, known);
  bind<L>(*description_, limit_fields, costs_.limits, known);
  bind<R>(*description_, ane_fields, costs_.ane, known);
  bind<R>(*description_, cpu_fields, costs_.cpu, known);
  refuse_unknown(*description_, known);
}

Planner load_planner(std::string_view name) {
  return Planner(load_description("place", "planner", name));
}

std::vector<std::string> planner_names() {
  return description_names("place");
}

ChosenPlanner planner_of(const std::string& chip) {
  // Loaded once: sweeps ask again and again.
  static const std::vector<Planner> all = [] {
    std::vector<Planner> planners;
    for (const std::string& name : planner_names()) planners.push_back(load_planner(name));
    return planners;
  }();
  const auto own = std::ranges::find_if(all, [&](const Planner& p) {
    const auto at = p.description().about.find("chip");
    return at != p.description().about.end() && at->second == chip;
  });
  if (own != all.end()) return {*own, {}};
  const auto best = std::ranges::find(all, best_known, &Planner::name);
  const auto& about = best->description().about;
  return {*best, fmt::format("placement by the estimates of {} under {}: none are published of {} "
                             "(assumed)",
                             about.at("chip"), about.at("system"), chip)};
}

PlannerLimits limits_on(const Planner& planner, const Chip& chip) {
  PlannerLimits limits = planner.costs().limits;
  limits.side = limits.extent;
  if (chip.has_ane())
    limits.side = std::min(limits.side, static_cast<double>(chip.machine().max_extent));
  return limits;
}

std::vector<PlacedOp> plan_placement(const workloads::mil::Program& program, const Planner& planner,
                                     const Chip& chip, const std::vector<Incapable>& refused) {
  const PlannerParameters& costs = planner.costs();
  const PlannerLimits limits = limits_on(planner, chip);
  const std::size_t n = program.ops.size();
  std::vector<PlacedOp> placed(n);
  if (n == 0) return placed;
  // Cost of the cheapest path that ends with operator i on each unit, and the unit before it.
  struct Step {
    double cost[2] = {never, never};  // ANE, CPU
    int from[2] = {0, 1};
  };
  std::vector<Step> steps(n);
  for (std::size_t i = 0; i < n; ++i) {
    PlacedOp& op = placed[i];
    Incapable why = incapable(program.ops[i], limits);
    if (why.label.empty() && !refused.empty()) why = refused[i];
    op.capable = why.label.empty();
    op.cpu_s = cpu_estimate(program.ops[i], costs.cpu);
    if (op.capable)
      op.ane_s = ane_estimate(program.ops[i], costs.ane);
    else
      op.label = why.label, op.reason = why.reason, op.source = why.source;
    const double own[2] = {op.capable ? op.ane_s : never, op.cpu_s};
    for (int unit = 0; unit < 2; ++unit) {
      if (i == 0) {
        steps[0].cost[unit] = own[unit] + (unit == 0 ? costs.launch : 0);
        continue;
      }
      for (const int before : {unit, 1 - unit}) {
        const double enter = before == unit ? 0 : costs.change + (unit == 0 ? costs.launch : 0);
        const double cost = steps[i - 1].cost[before] + enter + own[unit];
        if (before == unit || cost < steps[i].cost[unit] - tie)
          steps[i].cost[unit] = cost, steps[i].from[unit] = before;
      }
    }
  }
  int unit = steps[n - 1].cost[0] + costs.last_hop <= steps[n - 1].cost[1] + tie ? 0 : 1;
  for (std::size_t i = n; i-- > 0;) {
    placed[i].on_ane = unit == 0;
    unit = steps[i].from[unit];
  }
  for (std::size_t first = 0; first < n;) {
    PlacedOp& op = placed[first];
    if (op.on_ane) {
      op.label = "takes", op.reason = "Core ML's planner puts it on the accelerator";
      ++first;
      continue;
    }
    std::size_t last = first;
    while (last < n && placed[last].capable && !placed[last].on_ane) ++last;
    if (last > first) explain(placed, first, last, costs);
    first = std::max(last, first + 1);
  }
  return placed;
}

}  // namespace ane::sim
