// Whether a task stays inside memory and L2: checked once, when its program is scheduled, so that a
// timed run refuses what a run for values would.
#pragma once
#include "isa/program.h"
#include "isa/task.h"
#include "isa/units.h"

namespace ane::sim {

// InputError (place: the task) for an operand outside its section or L2, an extent of 0, an
// operator that the program does not name (0 where it names none).
void check_operands(const isa::Task& task, const isa::Program& program, Bytes l2);

}  // namespace ane::sim
