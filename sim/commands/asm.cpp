// anesim asm: text to a program file.
#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "isa/assembler.h"
#include "isa/container.h"
#include "isa/error.h"
#include "sim/commands.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  std::ostringstream text;
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (file.bad() || !text) throw InputError(path, "cannot be read");
  return text.str();
}

}  // namespace

int run_asm(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("help,h", "this text")(
      "output,o", po::value<std::string>()->value_name("FILE"), "the program file to write");
  po::options_description all;
  all.add(options).add_options()("input", po::value<std::string>());
  po::positional_options_description positional;
  positional.add("input", 1);
  po::variables_map given;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(positional).run(), given);
  } catch (const po::error& e) {
    throw InputError("anesim asm", e.what(), "`anesim asm --help` lists the options");
  }
  if (given.count("help")) {
    std::ostringstream text;
    text << options;
    fmt::print(
        "usage: anesim asm FILE.s -o FILE.anex\n\n"
        "Assembles a program. The language: docs/isa/assembler.md. `anesim disasm` is the "
        "reverse,\n`anesim exec` runs the result.\n\n{}",
        text.str());
    return 0;
  }
  if (!given.count("input")) throw InputError("anesim asm", "which file is to be assembled?");
  if (!given.count("output")) throw InputError("anesim asm", "-o FILE says where to write");
  const auto input = given["input"].as<std::string>(), output = given["output"].as<std::string>();
  const isa::Program program = isa::assemble(read_text(input), input);
  isa::save_program(program, output);
  fmt::print(stderr, "{}: {} words, {} sections, {} tensors\n", output, program.words.size(),
             program.sections.size(), program.tensors.size());
  return 0;
}

}  // namespace ane::sim
