// A workload that `anesim run` and `anesim compare` know: one file in sim/workloads/ and one line
// in sim/cli/workloads.cpp. Each reads its own options; what they share is in sim/cli/session.h.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ane::sim {

struct Workload {
  std::string_view name, summary;
  // Arguments after the workload's name; return the exit status.
  int (*run)(const std::vector<std::string>& arguments);
  int (*compare)(const std::vector<std::string>& arguments);
};
std::span<const Workload> workloads();

}  // namespace ane::sim
