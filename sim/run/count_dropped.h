// The counters of workloads/graph/mac_counters.h for a graph on the simulated machine, and as a
// report.
#pragma once
#include <span>

#include "results/report.h"
#include "sim/chips/chip.h"
#include "workloads/graph/mac_counters.h"

namespace ane::sim {

// Runs the graph as one program that keeps every intermediate. InputError unless the profile is
// ane16 and the accelerator takes every node.
std::vector<workloads::MacCounters> count_on_machine(const workloads::Graph& graph,
                                                     const Chip& chip,
                                                     const kernels::arith::Profile& profile,
                                                     const workloads::Tensors& inputs,
                                                     int threads = 1);

// A row a layer and one for all: products, dropped, share, infinities.
results::Report counters_report(const std::string& heading,
                                std::span<const workloads::MacCounters> counters);

}  // namespace ane::sim
