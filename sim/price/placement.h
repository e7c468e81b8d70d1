// Which operators of a graph the accelerator takes, and the runs of nodes that each unit gets.
#pragma once
#include <string>
#include <vector>

#include "isa/machine.h"
#include "sim/runtimes/runtime.h"
#include "workloads/graph/graph.h"

namespace ane::sim {

// Where a node runs and why: the label and sentence of the operator's refusal, or "takes".
struct Placement {
  bool on_ane = true;
  std::string label, reason;
};
std::vector<Placement> place(const workloads::Graph& graph, const isa::Machine& machine);

// A run of nodes on one unit as a graph of its own: what it reads from outside are its inputs, what
// is read after it its outputs. Values keep their names, by which segments exchange them.
struct Segment {
  bool on_ane = true;
  workloads::Graph graph;
  std::vector<Placement> placements;
};
std::vector<Segment> segments_of(const workloads::Graph& graph, const isa::Machine& machine);

// Whether this software places what the accelerator refuses elsewhere: Core ML does, in float32 on
// the CPU, each run of accepted operators between being a program with a call of its own. A direct
// call has nothing to fall back to.
bool falls_back(const Runtime& runtime);

}  // namespace ane::sim
