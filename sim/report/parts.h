// Parts that reports of several kinds share.
#pragma once
#include <string>

#include "results/record.h"
#include "sim/report/page.h"

namespace ane::sim {

// A run taken apart: causes, operators, roofline, timeline, energy, memory, distances. Names of its
// figures begin with `prefix`.
Section section_of_run(const results::Record& record, const std::string& prefix);

// The version of this program and the command that makes the report again.
void add_program(Page& page, const std::string& again);

}  // namespace ane::sim
