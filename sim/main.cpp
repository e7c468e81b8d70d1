// The program: find the command, run it, say the user's errors in one line.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <new>
#include <system_error>

#include "isa/error.h"
#include "sim/cli/command.h"
#include "sim/price/version.h"

namespace {

void print_usage() {
  fmt::print(
      "anesim: what a model costs on an Apple-Neural-Engine-like accelerator, bit for bit\n\n"
      "usage: anesim COMMAND [options]     anesim COMMAND --help     anesim --version\n\n"
      "commands:\n");
  for (const ane::sim::Command& c : ane::sim::commands())
    fmt::print("  {:<10} {}\n", c.name, c.summary);
}

int dispatch(const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_usage();
    return 0;
  }
  if (words[0] == "--version") {
    fmt::print("anesim {}\n", ane::sim::code_version());
    return 0;
  }
  std::vector<std::string> names;
  for (const ane::sim::Command& c : ane::sim::commands()) {
    if (c.name == words[0]) return c.run({words.begin() + 1, words.end()});
    names.emplace_back(c.name);
  }
  if (words[0].starts_with('-'))
    throw ane::InputError("", fmt::format("unknown option '{}'", words[0]),
                          "before a command: --help or --version");
  throw ane::InputError("", fmt::format("unknown command '{}'", words[0]),
                        ane::choice_note(words[0], names));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int status = dispatch({argv + 1, argv + argc});
    if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category());
    return status;
  } catch (const ane::InputError& e) {
    fmt::print(stderr, "error: {}{}{}\n", e.place(), e.place().empty() ? "" : ": ", e.what());
    if (!e.note().empty()) fmt::print(stderr, "note: {}\n", e.note());
    return 2;
  } catch (const std::system_error& e) {
    // fmt on a full disk, or a file system that refuses.
    fmt::print(stderr, "error: the output cannot be written: {}\n", e.code().message());
    return 2;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "error: out of memory\nnote: a smaller batch, length or model\n");
    return 2;
  }
}
