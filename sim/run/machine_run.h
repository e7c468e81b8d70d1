// A graph's values on the simulated accelerator, with what it has no path for on the CPU: one
// program a segment, values that cross between them. What it costs is price's to say.
#pragma once
#include <memory>

#include "kernels/arith/profile.h"
#include "sim/chips/chip.h"
#include "workloads/graph/evaluate.h"

namespace ane::sim {

struct MachineOptions {
  bool keep_in_l2 = true;
  int threads = 1;  // of the host; they never change a bit
};

class MachineRun {
 public:
  // InputError for a node that neither unit takes, and for races.
  MachineRun(const workloads::Graph& graph, const Chip& chip,
             const kernels::arith::Profile& profile, const MachineOptions& options = {});
  ~MachineRun();
  MachineRun(MachineRun&&) noexcept;

  // The graph's outputs by name. Nodes on the CPU compute in float32; what crosses back to the
  // accelerator is rounded to binary16.
  // Inputs are given up as soon as the last segment that reads them has them: pass them by move
  // where they are large.
  workloads::Tensors run(workloads::Tensors values);

  int segments() const;   // of both units
  bool uses_cpu() const;  // for any of them

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ane::sim
