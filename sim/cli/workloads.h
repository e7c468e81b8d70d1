// The workloads' entry points, one line each.
#pragma once
#include "sim/cli/commands.h"

namespace ane::sim {

int run_mpnn(const Arguments& arguments);
int compare_mpnn(const Arguments& arguments);
int run_readqc(const Arguments& arguments);
int compare_readqc(const Arguments& arguments);
int run_vision_language(const Arguments& arguments);
int compare_vision_language(const Arguments& arguments);
int run_spec(const Arguments& arguments);
int compare_spec(const Arguments& arguments);

}  // namespace ane::sim
