// A workload that `anesim run` and `anesim compare` know: one file in sim/cli/workloads/, one line
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
  std::string_view request;  // one that stands for it in `anesim models`; empty: it is not there
  // Whether a file that begins so (unpacked) is an input of this workload, handed to it as a bare
  // word; none: it has no inputs.
  bool (*reads)(std::string_view start) = nullptr;
  std::string_view input = "";  // what such a file is, by name: "reads.fastq.gz"
  // The text of the request that such a file stands for; none: it has more to it than a request.
  std::string (*request_of)(const std::string& path) = nullptr;
};
std::span<const Workload> workloads();

}  // namespace ane::sim
