// What a sweep left behind: its points with what each costs, plain data for the store and the
// views.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "results/record.h"

namespace ane::results {

struct SweepPoint {
  std::int64_t index = 0;             // in the plan
  std::vector<std::string> values{};  // one an axis
  double latency_s = unknown, energy_j = unknown, throughput_items_per_s = unknown;
  std::int64_t peak_memory_bytes = 0, dram_bytes = 0;
  double agreement = unknown;  // share of answers that are float32's; unknown: nobody asked
  std::string bound{};
  bool feasible = false;  // computed, and the conditions hold
  std::string refused{};  // why there is no cost; empty: there is one

  // latency, energy, energy_per_item, edp, power, memory, throughput or agreement, in base units;
  // NaN where there is none.
  double objective(std::string_view name) const;
};

struct Sweep {
  std::int64_t id = 0;         // 0: not stored
  std::string recorded_at{};   // UTC
  std::string plan{};          // JSON, canonical
  std::string code_version{};  // of the program that computed it
  std::string command{};       // that asked for it first
  std::int64_t points = 0;     // of the plan, computed or not
  std::vector<std::string> axes{}, objectives{};
  std::vector<SweepPoint> rows{};  // by index

  // 32 hex digits over plan and version: equal digests are one sweep.
  std::string digest() const { return fnv1a_128(plan + "\n" + code_version); }
};

}  // namespace ane::results
