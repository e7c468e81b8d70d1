// The commands' entry points, one line each.
#pragma once
#include <string>
#include <vector>

#include "sim/cli/command.h"

namespace ane::sim {

using Arguments = std::vector<std::string>;

int run_asm(const Arguments& arguments);
int run_arith(const Arguments& arguments);
int run_calibrate(const Arguments& arguments);
int run_check(const Arguments& arguments);
int run_chips(const Arguments& arguments);
int run_completion(const Arguments& arguments);
int run_diff(const Arguments& arguments);
int run_doctor(const Arguments& arguments);
int run_disasm(const Arguments& arguments);
int run_compare(const Arguments& arguments);
int run_exec(const Arguments& arguments);
int run_export(const Arguments& arguments);
int run_merge(const Arguments& arguments);
int run_models(const Arguments& arguments);
int run_nearest(const Arguments& arguments);
int run_profile(const Arguments& arguments);
int run_report(const Arguments& arguments);
int run_run(const Arguments& arguments);
int run_runs(const Arguments& arguments);
int run_show(const Arguments& arguments);
int run_sweep(const Arguments& arguments);
int run_tables(const Arguments& arguments);
int run_train(const Arguments& arguments);
int run_tune(const Arguments& arguments);
int run_validate(const Arguments& arguments);

// The first words of those that have some.
std::vector<Word> arith_words();
std::vector<Word> completion_words();
std::vector<Word> subject_words();  // of run and compare

}  // namespace ane::sim
