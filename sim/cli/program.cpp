#include "sim/cli/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "sim/cli/command.h"
#include "sim/cli/options.h"
#include "sim/cli/subject/subject.h"
#include "sim/price/version.h"

namespace ane::sim {
namespace {

void print_usage() {
  fmt::print(
      "anesim: what a model costs on an Apple-Neural-Engine-like accelerator, bit for bit\n\n"
      "usage: anesim COMMAND [options]     anesim help COMMAND     anesim version\n\n"
      "commands:\n");
  for (const Command& c : commands()) fmt::print("  {:<10} {}\n", c.name, c.summary);
  fmt::print("\nwhat `anesim run` and `anesim compare` take:\n{}{}", subjects_text(),
             help_end({"anesim run resnet50 --chip M4", "anesim help run"},
                      "a mismatch that was looked for"));
}

const Command& command_named(const std::string& name) {
  std::vector<std::string> names{"help", "version"};
  for (const Command& c : commands()) {
    if (c.name == name) return c;
    names.emplace_back(c.name);
  }
  // Who forgets the command has often said all else.
  std::vector<std::string> subjects = subject_names();
  const bool subject = std::ranges::find(subjects, name) != subjects.end();
  throw InputError("", fmt::format("unknown command '{}'", name),
                   subject ? fmt::format("anesim run {}", name) : choice_note(name, names));
}

bool is_one_of(const std::string& word, std::initializer_list<const char*> names) {
  return std::ranges::find(names, word) != names.end();
}

// `anesim help run readqc` is `anesim run readqc --help`.
int help(const Arguments& words) {
  if (words.empty() || is_one_of(words[0], {"help", "version", "--help", "-h"})) {
    print_usage();
    return 0;
  }
  Arguments rest(words.begin() + 1, words.end());
  rest.emplace_back("--help");
  return command_named(words[0]).run(rest);
}

}  // namespace

int run_program(const Arguments& words) {
  if (words.empty() || is_one_of(words[0], {"help", "--help", "-h"}))
    return help(words.empty() ? words : Arguments(words.begin() + 1, words.end()));
  if (is_one_of(words[0], {"version", "--version", "-v", "-V"})) {
    if (words.size() > 1)
      throw InputError("anesim version", fmt::format("'{}' is a word too many", words[1]),
                       "`anesim version` alone");
    fmt::print("anesim {}\n", code_version());
    return 0;
  }
  if (words[0].starts_with('-'))
    throw InputError("", fmt::format("unknown option '{}'", words[0]),
                     "before a command: --help or --version");
  return command_named(words[0]).run({words.begin() + 1, words.end()});
}

}  // namespace ane::sim
