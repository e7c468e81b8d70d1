// The first words of the command line: a command, help or the version.
#pragma once
#include <string>
#include <vector>

namespace ane::sim {

// Returns the exit status; InputError for a word that is none of these.
int run_program(const std::vector<std::string>& words);

}  // namespace ane::sim
