// What a file on the command line is, by its first bytes; by its name where it is not there, or not
// read here.
#pragma once
#include <string>

#include "sim/cli/workload.h"

namespace ane::sim {

// Whether the word is meant as a file: one is there, it has a folder in front, or an ending of
// files.
bool means_file(const std::string& word);

// The workload that takes the file. InputError where none does, saying what the file is and what
// takes it: a model file is not read yet, a program is for `anesim exec`.
const Workload& workload_of_file(const std::string& path);

}  // namespace ane::sim
