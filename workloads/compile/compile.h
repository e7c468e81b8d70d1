// A graph, or a run of its nodes, to one program. Intermediate tensors stay in L2 while they fit
// there for their whole life; the others, and the graph's inputs and outputs, lie in memory at
// offsets that are reused once a tensor is dead.
#pragma once
#include "isa/machine.h"
#include "isa/program.h"
#include "kernels/arith/profile.h"
#include "kernels/lowering.h"
#include "workloads/graph/graph.h"

namespace ane::workloads {

struct CompileOptions {
  bool with_values = true;  // false: sizes and addresses only, for timing alone
  bool keep_in_l2 = true;   // false: every intermediate goes through memory
  bool keep_all = false;    // every intermediate is an output (to compare layer by layer)
  const kernels::TaskLaw* law = nullptr;  // which tilings are chosen by
};

struct Compiled {
  isa::Program program;
  std::vector<int> tasks_of_node;     // tasks that each node became
  std::vector<bool> resident;         // by value: it lies in L2
  std::int64_t activation_bytes = 0;  // memory for tensors and scratch
  std::int64_t weight_bytes = 0;
};

// Throws InputError with the operator's refusal when the accelerator does not take a node.
Compiled compile(const Graph& graph, const isa::Machine& machine,
                 const kernels::arith::Profile& profile, const CompileOptions& options = {});

}  // namespace ane::workloads
