// How much of L2 is in use while a program runs.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/ane/schedule.h"

namespace ane::sim {

// Of each task, in order: bytes of L2 that it reads or writes, or that hold what a task after it
// reads before another writes over it. A strided operand counts from its first byte to its last.
std::vector<std::int64_t> l2_occupancy(const Schedule& schedule);

}  // namespace ane::sim
