// From a graph to the operators that a framework on a CPU or GPU runs for it. One description of a
// network serves all devices: the accelerator's compiler and these lists read the same graph.
#pragma once
#include "workloads/graph/graph.h"
#include "workloads/request/spec_work.h"

namespace ane::workloads {

// One entry a node, in order. Graphs count two bytes a value; here values take `activation` bytes
// and constants of convolutions and products `weight` bytes. An activation that a node carries
// becomes an operator of its own, which runtimes that fuse drop again. Reshapes, slices and
// transpositions are strides of the tensor they look at: no operator.
WorkList graph_work(const Graph& graph, double activation, double weight);

}  // namespace ane::workloads
