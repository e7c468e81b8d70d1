// A graph on the accelerator with what it has no path for on the CPU: placement with reasons, one
// program a segment, values that cross between them, and the cost of all of it as one record.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "kernels/arith/profile.h"
#include "results/record.h"
#include "sim/price/target.h"
#include "workloads/graph/evaluate.h"

namespace ane::sim {

// Where a node runs and why: the label and sentence of the operator's refusal, or "takes".
struct Placement {
  std::string unit, label, reason;
};
std::vector<Placement> place(const workloads::Graph& graph, const isa::Machine& machine);

struct GraphRunOptions {
  bool with_values = true;  // false: cost alone
  bool keep_in_l2 = true;
};

class GraphRun {
 public:
  // target.unit is ane. InputError for a node that neither unit takes.
  GraphRun(const workloads::Graph& graph, const Target& target,
           const kernels::arith::Profile& profile, const GraphRunOptions& options = {});
  ~GraphRun();
  GraphRun(GraphRun&&) noexcept;

  // The graph's outputs by name. Nodes on the CPU compute in float32; what crosses back to the
  // accelerator is rounded to binary16.
  // Inputs are given up as soon as the last segment that reads them has them: pass them by move
  // where they are large.
  workloads::Tensors run(workloads::Tensors values);

  // One call: totals, operator rows with placement and reason, task rows. `run` gives the identity.
  results::Record record(results::Run run) const;

  int segments() const;  // of both units

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Adds `count` calls of `part` behind each other to `whole`: times, joules, traffic, operator rows
// (their times multiplied); memory is the larger of the two. For jobs of several calls.
void append_calls(results::Record& whole, const results::Record& part, double count);

}  // namespace ane::sim
