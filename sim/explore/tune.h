// The best of what a user may choose for given work on a given machine, under bounds: automated
// tuning per hardware. Small grids of choices are priced whole; of larger ones a coordinate descent
// from several starts, which says what it has tried. Each point is one of a SweepPlan, priced as
// any sweep prices it.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "results/report.h"
#include "results/sweep.h"
#include "sim/explore/plan.h"
#include "sim/explore/point.h"
#include "sim/price/target.h"

namespace ane::sim {

// A bound of an objective: at most, of throughput at least; in base units.
struct Bound {
  std::string objective;
  double value = 0;
};

inline constexpr std::string_view agreement_objective = "agreement";

struct TunePlan {
  SweepPlan grid;  // of the choices; objectives: the one that is best, empty for agreement
  std::vector<Bound> bounds{};
  std::optional<double> min_agreement{};
  bool most_agreement = false;  // agreement is what is best
  std::int64_t whole = 4096;    // grids of so many points are priced whole
  int starts = 4;               // of a descent
};

struct Tried {
  results::SweepPoint point;
  std::optional<double> agreement{};  // none: not asked for
};

struct Tuning {
  bool whole = true;           // the whole grid
  int starts = 0, rounds = 0;  // of a descent; rounds: passes over all choices, of all starts
  std::map<std::int64_t, Tried> tried{};  // by index of the grid
  Tried asked;                            // as the request is without a word: the first values
  std::optional<std::int64_t> best{};     // none: nothing is within the bounds
  std::int64_t nearest = 0;               // where there is no best: what misses the bounds least
  // Of each axis, the best point with that choice as it is without a word; none where that is
  // refused or left out.
  std::vector<std::optional<Tried>> without{};
};

struct TuneRun {
  int threads = 1;
  const std::atomic<bool>* stop = nullptr;
  Agreement agreement{};  // needed where the plan holds it to something
  // Points that were priced before, by index; taken as they are.
  std::vector<results::SweepPoint> known{};
  std::function<void(std::span<const results::SweepPoint>)> keep{};
};
// InputError for a plan without choices or with a fault of a sweep's plan.
void check_choices(const TunePlan& plan);
// The same, and InputError where nothing that is tried has a cost. A stop returns what there is.
Tuning tune(const TunePlan& plan, const TuneRun& run);

// Layers that stay in FP16 so that shorter numbers agree enough.
struct LayerChoice {
  SweepPlan grid;  // one axis, fp16_layers: more layers from value to value
  std::vector<Tried> tried{};
  std::optional<std::size_t> best{};  // of `tried`
  std::vector<std::string> layers{};  // all that have weights, the most sensitive first
};
// request: with all other choices made, in numbers that do not agree enough. Layers are taken in
// the order of what each alone gives; the first set that agrees enough and keeps the bounds is the
// best. None where all layers in FP16 agree too little. InputError where its kind keeps no layers.
LayerChoice tune_layers(const TunePlan& plan, const workloads::Request& request,
                        const TuneRun& run);

results::Report tuning_report(const TunePlan& plan, const Tuning& tuning,
                              const std::optional<LayerChoice>& layers);

}  // namespace ane::sim
