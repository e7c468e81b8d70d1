// anesim disasm: a program file to text that assembles to the same file.
#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <sstream>

#include "isa/container.h"
#include "isa/disassembler.h"
#include "isa/error.h"
#include "sim/commands.h"

namespace ane::sim {

namespace po = boost::program_options;

int run_disasm(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("help,h", "this text")(
      "no-data", "leave out the contents of sections (then the text is not the whole program)");
  po::options_description all;
  all.add(options).add_options()("input", po::value<std::string>());
  po::positional_options_description positional;
  positional.add("input", 1);
  po::variables_map given;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(positional).run(), given);
  } catch (const po::error& e) {
    throw InputError("anesim disasm", e.what(), "`anesim disasm --help` lists the options");
  }
  if (given.count("help")) {
    std::ostringstream text;
    text << options;
    fmt::print(
        "usage: anesim disasm FILE.anex [--no-data]\n\n"
        "Prints a program as text. `anesim asm` makes the same file from it again.\n\n{}",
        text.str());
    return 0;
  }
  if (!given.count("input")) throw InputError("anesim disasm", "which file is to be read?");
  const auto input = given["input"].as<std::string>();
  const isa::Program program = isa::load_program(input);
  fmt::print("{}", isa::disassemble(program, input, {.data = given.count("no-data") == 0}));
  return 0;
}

}  // namespace ane::sim
