// A graph's program, as a compiler that knows the machine's timing chooses it.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "sim/ane/schedule.h"
#include "sim/chips/chip.h"
#include "workloads/compile/compile.h"

namespace ane::sim {

// Whether the compiler would write the same for another chip that is planned for alike
// (Chip::plans_key) and has the same limits (MachineKey).
using SamePlan = std::function<bool(const Chip&)>;

struct Plan {
  Bytes l2{};              // that the program was compiled for: no more than the chip's
  bool keep_in_l2 = true;  // intermediates stay there
  workloads::Compiled compiled;
  std::shared_ptr<const Schedule> schedule;
  bool spills = false;   // tensors between operators pass through memory
  std::size_t kept = 0;  // tasks, about, that `same` keeps
};

// Sizes of L2 that plans are made for, the smallest first, up to what the chip has of it: by
// quarters of what it is sold with, and beyond that by halves of its doublings. They do not depend
// on what the chip has, so that what a smaller L2 is given, a larger one is offered too.
std::vector<Bytes> plan_sizes(Bytes sold, Bytes has);

// Tilings and chains are chosen by the law of the chip as sold, so that plans do not depend on what
// is set. Where tensors pass through memory, the plans for smaller sizes of L2 are tried as well,
// since what just fits leaves no room for chains, and of a chip that has more L2 than it is sold
// with those for larger ones, until all fits; of a program of more than 2^14 tasks there is one
// plan, since each is lowered whole. The quickest by the chip's own law is taken: it is of
// a fixed list, so more of any rate, of cores or of memory is never slower. Without values.
// `same`, where it is given, is set.
Plan quickest_plan(const workloads::Graph& graph, const Chip& chip, bool keep_in_l2,
                   SamePlan* same = nullptr);
// The same program with its weights, to be executed.
workloads::Compiled compile_with_values(const workloads::Graph& graph, const Chip& chip,
                                        const kernels::arith::Profile& profile, bool keep_in_l2);

}  // namespace ane::sim
