// A graph by its operators' scalar references: bit for bit what the machine must give
// (bit_arithmetic), the model's own float32 answer (float_arithmetic), or what a framework gives
// (framework_arithmetic). Slow and independent of lowering, of the machine and of the fast
// arithmetic.
#pragma once
#include <map>
#include <string>

#include "kernels/arithmetic.h"
#include "workloads/graph/graph.h"

namespace ane::workloads {

// Inputs by name, dense [n, c, h, w]: float32 (rounded to binary16 where the arithmetic is), or
// i32.
using Tensors = std::map<std::string, Tensor>;

// The graph's outputs by name; every node's result by the node's name with `all`.
Tensors evaluate(const Graph& graph, const kernels::Arithmetic& arithmetic, const Tensors& inputs,
                 bool all = false);

}  // namespace ane::workloads
