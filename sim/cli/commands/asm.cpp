// anesim asm: text to a program file.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "isa/assembler.h"
#include "isa/container.h"
#include "isa/error.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"

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
  options.add_options()("output,o", po::value<std::string>()->value_name("FILE"),
                        "the program file to write");
  const auto given = parse({"asm",
                            "FILE.s -o FILE.anex\n\nAssembles a program. The language: "
                            "docs/isa/assembler.md. `anesim disasm` is the reverse,\n`anesim exec` "
                            "runs the result.",
                            options, "FILE.s"},
                           arguments);
  if (!given) return 0;
  const std::string input = only_word(*given, "FILE.s", "asm", "which file is to be assembled?");
  if (!given->count("output")) throw InputError("anesim asm", "-o FILE says where to write");
  const auto output = (*given)["output"].as<std::string>();
  const isa::Program program = isa::assemble(read_text(input), input);
  isa::save_program(program, output);
  fmt::print(stderr, "{}: {} words, {} sections, {} tensors\n", output, program.words.size(),
             program.sections.size(), program.tensors.size());
  return 0;
}

}  // namespace ane::sim
