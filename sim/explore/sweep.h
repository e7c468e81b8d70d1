// A plan's points computed on all cores and kept as they come.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "results/sweep.h"
#include "sim/explore/plan.h"
#include "sim/explore/point.h"
#include "sim/explore/shares.h"

namespace ane::sim {

struct SweepRun {
  int threads = 1;
  Shard shard{};
  std::vector<bool> done{};                 // points that are there already
  std::span<const std::int64_t> only{};     // of these points alone; empty: of all
  const std::atomic<bool>* stop = nullptr;  // set: no further point is begun
  Agreement agreement{};                    // of each point's answers; none: nothing is answered
  // Called on the caller's thread, at least five times a second while there are points.
  std::function<void(std::span<const results::SweepPoint>)> keep{};
};
struct SweepSum {
  std::int64_t computed = 0, refused = 0;
  std::int64_t left_out = 0;  // by conditions on what is asked alone
  bool stopped = false;
};
// The first fault of a thread or of `keep` is thrown, once all have ended.
SweepSum run_sweep(const SweepPlan& plan, const SweepRun& run);

// The plan as the store keeps it, without points.
results::Sweep sweep_of(const SweepPlan& plan);

}  // namespace ane::sim
