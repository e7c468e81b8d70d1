// Operators as a framework on a CPU or GPU runs them, one after the other, and the same of a graph.
#pragma once
#include <vector>

#include "kernels/work.h"
#include "workloads/graph/graph.h"

namespace ane::workloads {

using WorkList = std::vector<kernels::Work>;

// [m, k] x [k, n], `batch` times. Bytes an element of activations and of weights; weights of less
// than two bytes are decoded on their way.
kernels::Work product(std::int64_t m, std::int64_t n, std::int64_t k, double activation,
                      double weight, std::int64_t batch = 1, bool own_right_hand = false);
// `elements` written, `operands` tensors of that size read, `flops` for each element.
kernels::Work pointwise(std::int64_t elements, double bytes, int operands = 1, double flops = 1);
Bytes whole_bytes(double count);  // rounded

// One entry a node, in order. Graphs count two bytes a value; here values take `activation` bytes
// and constants of convolutions and products `weight` bytes. An activation that a node carries
// becomes an operator of its own, which runtimes that fuse drop again. Reshapes, slices and
// transpositions are strides of the tensor they look at: no operator.
WorkList graph_work(const Graph& graph, double activation, double weight);
WorkList node_work(const Graph& graph, const Node& node, double activation, double weight);

// Sums over a list, each entry as often as it counts.
struct WorkSums {
  double macs = 0, weight_bytes = 0;
  double widest = 0;  // bytes that one operator reads and writes, at most
};
WorkSums sums_of(const WorkList& work);

}  // namespace ane::workloads
