// A command of the program: one file in sim/commands/ and one line in sim/cli/commands.cpp.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ane::sim {

struct Word {
  std::string text, summary;
};

struct Command {
  std::string_view name, summary;
  // Arguments after the command's name. Returns the exit status: 0 done, 1 mismatch found.
  // The user's faults are thrown as InputError (exit 2).
  int (*run)(const std::vector<std::string>& arguments);
  // What the first word may be, where it chooses the options: a workload, an operation.
  std::vector<Word> (*words)() = nullptr;
};

std::span<const Command> commands();

}  // namespace ane::sim
