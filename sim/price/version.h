// The program's version and commit, part of every stored run (scripts/version.cmake).
#pragma once
#include <string>

namespace ane::sim {

std::string code_version();

}  // namespace ane::sim
