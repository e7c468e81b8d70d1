// Operators that share a task, joined before a graph is compiled.
#pragma once
#include "workloads/graph/graph.h"

namespace ane::workloads {

// An addition joins the convolution or linear layer that makes one of its operands, where nothing
// else reads that operand: the planar engine adds what the neural engines make, in one task
// ("bias, activation and one addition join their producer" [S1, S2]). The result stays the same bit
// for bit. Of two such producers the later one takes the addition, in the place of the addition.
Graph joined(const Graph& graph);

}  // namespace ane::workloads
