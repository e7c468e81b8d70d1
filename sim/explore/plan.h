// A sweep as it is asked: a request, what of it and of its machine varies, which of the points are
// taken, and what they are judged by. Point i of a plan is a pure function of the plan and i, so
// that any process computes any part of it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/explore/axis.h"
#include "sim/explore/expression.h"
#include "workloads/request/request.h"

namespace ane::sim {

// grid: all combinations, the last axis fastest. random: independent. lhs: Latin hypercube, each
// axis in as many strata as there are points, each once (McKay, Beckman, Conover, Technometrics
// 21:239, 1979). sobol: a low-discrepancy sequence (Boost.Random, directions of Joe and Kuo, 2008).
enum class Sampling { grid, random, lhs, sobol };
Sampling sampling_named(const std::string& name, const std::string& place);  // InputError

struct SweepPlan {
  std::string request;  // canonical text
  std::string chip = "M4";
  std::vector<std::string> set{};  // of every point
  std::vector<Axis> axes{};
  Sampling sampling = Sampling::grid;
  std::int64_t samples = 0;  // of the others than grid
  std::uint64_t seed = 1;
  std::vector<Condition> where{};
  std::vector<std::string> objectives{};  // the first decides; empty: latency, energy
  std::string answers{};  // to what inputs answers are compared with float32's; empty: none are

  std::int64_t points() const;
  // The values of point i, one an axis, as text.
  std::vector<std::string> values(std::int64_t i) const;
  // The whole of it as JSON with keys in one order: equal texts are equal sweeps.
  std::string text() const;
  bool operator==(const SweepPlan& other) const { return text() == other.text(); }
};

constexpr std::int64_t most_points = 100'000'000;

// What a plan may be judged by: "latency" and "energy" of a call, "energy_per_item", "edp" (energy
// x delay), "power", "memory", "throughput"; "agreement" of one that has answers.
struct Objective {
  std::string_view name, unit;
  bool largest;  // is best
};
std::span<const Objective> objectives();
const Objective& objective_named(std::string_view name);  // InputError with the nearest

// InputError where axes or conditions name what neither a chip nor the request has, an axis is
// there twice, or there are more than most_points points; each value of a list is tried once.
void check(const SweepPlan& plan);

// The JSON of text(), or of a file that a person wrote (docs/explore.md). InputError at `place`
// with the key.
SweepPlan plan_of_json(const std::string& json, const std::string& place);

}  // namespace ane::sim
