// What a sweep answers, from its points alone: nothing is computed again.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/report.h"
#include "results/sweep.h"

namespace ane::sim {

struct SweepViewOptions {
  std::string objective{};  // what is looked at; empty: the sweep's first, or latency
  std::string x{}, y{};     // axes of heat; empty: the first two with several values
};

struct SweepView {
  std::string_view name, summary;
  const char* reading;
  results::Report (*collect)(const results::Sweep&, const SweepViewOptions&);
};
std::span<const SweepView> sweep_views();
const SweepView& sweep_view_named(std::string_view name);  // InputError with the nearest

// Indices into `rows` of the feasible points that no other one beats in one objective without
// losing in another, by the first objective. Of equal ones the first.
std::vector<std::size_t> pareto_front(const results::Sweep& sweep,
                                      const std::vector<std::string>& objectives);
// Of a front the point farthest from the line between its ends, both objectives on logarithmic
// scales; the front's size where it has no inside.
std::size_t knee_of(const results::Sweep& sweep, const std::vector<std::size_t>& front,
                    const std::string& x, const std::string& y);
// What one more doubling from each value of an axis but the last gives, by the step behind it, as a
// share; `rates`: of what more is better.
std::vector<double> gains_of(const std::vector<double>& values, const std::vector<double>& rates);
// The first value from which on no doubling gives a twentieth; values.size() where the last one
// does.
std::size_t knee_at(const std::vector<double>& values, const std::vector<double>& gains);
// d ln(objective) / d ln(axis) of each axis of numbers, by least squares over the feasible points,
// among points that agree in all other axes' words; NaN where an axis has none or does not vary.
std::vector<double> elasticities(const results::Sweep& sweep, const std::string& objective);

}  // namespace ane::sim
