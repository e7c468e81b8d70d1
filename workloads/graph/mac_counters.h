// What a run's fixed-point accumulators lost, layer by layer: products dropped below the alignment
// window [N2] and sums that overflowed [N4], of docs/numerics.md. Exact counts for the profile
// ane16, from the values that entered each layer.
#pragma once
#include <functional>

#include "workloads/graph/evaluate.h"

namespace ane::workloads {

struct MacCounters {
  std::string layer, op;        // the node's name and operator
  std::int64_t products = 0;    // of two nonzero factors
  std::int64_t dropped = 0;     // of them, those whose exponents sum to less than -16 [N2]
  std::int64_t infinities = 0;  // sums that reached 32768 [N4], whatever the activation made of it
};

// One row a linear or matmul node, in the graph's order. Layers of INT8 activations are left out:
// their products are exact [Q1]. `values`: inputs by their names and every node's result by the
// node's name. Dropped are counted by histograms of exponents for each inner index, over columns
// and output channels: as many products as sums that went on to their end would see (mac_oracle
// counts none behind an overflow).
std::vector<MacCounters> count_products(const Graph& graph, const Tensors& values);

}  // namespace ane::workloads
