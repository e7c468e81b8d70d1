// Which operators of a graph the accelerator takes, and the runs of nodes that each unit gets.
#pragma once
#include <string>
#include <vector>

#include "isa/machine.h"
#include "sim/price/target.h"
#include "workloads/graph/graph.h"
#include "workloads/mil/program.h"
#include "workloads/request/job.h"

namespace ane::sim {

// Where a node runs and why: the label and sentence of the operator's refusal, or "takes".
struct Placement {
  bool on_ane = true;
  std::string label, reason;
};
std::vector<Placement> place(const workloads::Graph& graph, const isa::Machine& machine);
// The same, and off the accelerator what Core ML's planner leaves on the CPU, by its own estimates.
// program: that of the file which the graph is made of, whose operators bear the nodes' names;
// none: the graph's own. `assumed`: what stands for constants that are not published.
struct Planned {
  std::vector<Placement> placements;
  std::string assumed;
};
Planned place_by_coreml(const workloads::Graph& graph, const Chip& chip,
                        const workloads::mil::Program* program);

// The placement that costs least by this program's own laws: each node's time in the program of all
// that the accelerator takes or on the CPU, and a call for each stretch on one of them.
std::vector<Placement> place_best(const workloads::Graph& graph, const Target& target,
                                  bool keep_in_l2);

// A run of nodes on one unit as a graph of its own: what it reads from outside are its inputs, what
// is read after it its outputs. Values keep their names, by which segments exchange them.
struct Segment {
  bool on_ane = true;
  workloads::Graph graph;
  std::vector<Placement> placements;
};
std::vector<Segment> segments_of(const workloads::Graph& graph, const isa::Machine& machine);
std::vector<Segment> segments_of(const workloads::Graph& graph,
                                 const std::vector<Placement>& placements);

// The segments of a stage's graph on this target by the rule that is asked for. `assumed`: as of
// Planned; empty by other rules.
struct Segmented {
  std::vector<Segment> segments;
  std::string assumed;
};
Segmented segmented(const workloads::Stage& stage, const workloads::Graph& graph,
                    const Target& target, workloads::Placing placing);
// Those of a request that is one program. InputError for the others.
std::vector<Segment> segments_of(const workloads::Request& request, const Target& target);

// Whether this software places what the accelerator refuses elsewhere: Core ML does, in float32 on
// the CPU, each run of accepted operators between being a program with a call of its own. A direct
// call has nothing to fall back to.
bool falls_back(const Runtime& runtime);

}  // namespace ane::sim
