// A graph on a chip's CPU or GPU, as a record: its operators' work priced by the device's model.
#pragma once
#include "results/record.h"
#include "sim/price/target.h"
#include "workloads/graph/graph.h"

namespace ane::sim {

// The operators' work with every byte in `precision` (the graph's types count binary16).
std::vector<kernels::Work> work_list(const workloads::Graph& graph, const std::string& precision);

// target.unit is cpu or gpu. precision: fp32, fp16 or int8.
results::Record device_record(results::Run run, const workloads::Graph& graph, const Target& target,
                              const std::string& precision);

}  // namespace ane::sim
