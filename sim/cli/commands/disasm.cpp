// anesim disasm: a program file to text that assembles to the same file.
#include <fmt/format.h>

#include "isa/container.h"
#include "isa/disassembler.h"
#include "isa/error.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"

namespace ane::sim {

namespace po = boost::program_options;

int run_disasm(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()(
      "no-data", "leave out the contents of sections (then the text is not the whole program)");
  const auto given =
      parse({.name = "disasm",
             .usage = "FILE.anex [--no-data]\n\nPrints a program as text. `anesim asm` makes the "
                      "same file from it again.",
             .options = options,
             .positional = "FILE.anex",
             .examples = {"anesim disasm sum.anex", "anesim disasm sum.anex --no-data"}},
            arguments);
  if (!given) return 0;
  const std::string input = only_word(*given, "FILE.anex", "disasm", "which file is to be read?");
  const isa::Program program = isa::load_program(input);
  fmt::print("{}", isa::disassemble(program, input, {.data = given->count("no-data") == 0}));
  return 0;
}

}  // namespace ane::sim
