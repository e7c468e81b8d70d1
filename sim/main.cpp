// The program: find the command, run it, say the user's errors in one line.
#include <fmt/format.h>

#include "isa/error.h"
#include "sim/command.h"

namespace {

void print_usage() {
  fmt::print(
      "anesim: what a model costs on an Apple-Neural-Engine-like accelerator, bit for bit\n\n"
      "usage: anesim COMMAND [options]     anesim COMMAND --help\n\ncommands:\n");
  for (const ane::sim::Command& c : ane::sim::commands())
    fmt::print("  {:<10} {}\n", c.name, c.summary);
}

int dispatch(const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_usage();
    return 0;
  }
  std::vector<std::string> names;
  for (const ane::sim::Command& c : ane::sim::commands()) {
    if (c.name == words[0]) return c.run({words.begin() + 1, words.end()});
    names.emplace_back(c.name);
  }
  throw ane::InputError("", fmt::format("unknown command '{}'", words[0]),
                        ane::choice_note(words[0], names));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return dispatch({argv + 1, argv + argc});
  } catch (const ane::InputError& e) {
    fmt::print(stderr, "error: {}{}{}\n", e.place(), e.place().empty() ? "" : ": ", e.what());
    if (!e.note().empty()) fmt::print(stderr, "note: {}\n", e.note());
    return 2;
  }
}
