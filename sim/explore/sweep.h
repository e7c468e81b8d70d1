// A plan's points computed on all cores and kept as they come.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "results/sweep.h"
#include "sim/explore/plan.h"

namespace ane::sim {

struct Shard {
  std::int64_t number = 1, of = 1;  // from 1
  // Whether it computes point i: by a hash, so that each has its part of every axis.
  bool has(std::int64_t i) const;
};
Shard parse_shard(const std::string& text);  // "2/8"; InputError at --shard

struct SweepRun {
  int threads = 1;
  Shard shard{};
  std::vector<bool> done{};                 // points that are there already
  const std::atomic<bool>* stop = nullptr;  // set: no further point is begun
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
