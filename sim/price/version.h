// The program's version and commit, part of every stored run (scripts/version.cmake).
#pragma once
#include <string>

namespace ane::sim {

std::string code_version();
std::string build_type();  // CMake's: Release, Debug, ...

}  // namespace ane::sim
