// A graph's program, as a compiler that knows the machine's timing chooses it.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "sim/ane/schedule.h"
#include "sim/chips/chip.h"
#include "workloads/compile/compile.h"

namespace ane::sim {

// Whether the compiler would write the same for another chip of the same limits (MachineKey), whose
// rates differ.
using SamePlan = std::function<bool(const Chip&)>;

struct Plan {
  isa::Machine machine;  // that the program was compiled for: the chip's, perhaps with less L2
  workloads::Compiled compiled;
  std::shared_ptr<const Schedule> schedule;
  bool spills = false;  // tensors between operators pass through memory
  std::vector<kernels::Choice> choices{};
  std::size_t kept = 0;  // tasks, about, that `same` keeps
};
// Tilings are chosen by the chip's law, task by task; where tensors pass through memory, the plans
// for three, two and one quarters of L2 are tried as well, since what just fits leaves no room for
// chains, and the quickest is taken. Without values.
// `same`, where it is given, is set.
Plan quickest_plan(const workloads::Graph& graph, const Chip& chip, bool keep_in_l2,
                   SamePlan* same = nullptr);
// The same program with its weights, to be executed.
workloads::Compiled compile_with_values(const workloads::Graph& graph, const Chip& chip,
                                        const kernels::arith::Profile& profile, bool keep_in_l2);

}  // namespace ane::sim
