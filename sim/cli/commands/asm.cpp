// anesim asm: text to a program file.
#include "isa/assembler.h"
#include "isa/container.h"
#include "isa/error.h"
#include "isa/file.h"
#include "isa/status.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"

namespace ane::sim {

namespace po = boost::program_options;

int run_asm(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("output,o", po::value<std::string>()->value_name("FILE"),
                        "the program file to write");
  const auto given =
      parse({.name = "asm",
             .usage = "FILE.s -o FILE.anex\n\nAssembles a program. The language: "
                      "docs/isa/assembler.md. `anesim disasm` is the reverse,\n`anesim exec` "
                      "runs the result.",
             .options = options,
             .positional = "FILE.s",
             .examples = {"anesim asm sum.s -o sum.anex", "anesim asm sum.s --output=/dev/null"}},
            arguments);
  if (!given) return 0;
  const std::string input = only_word(*given, "FILE.s", "asm", "which file is to be assembled?");
  if (!given->count("output")) throw InputError("anesim asm", "-o FILE says where to write");
  const auto output = (*given)["output"].as<std::string>();
  check_file_to_write(*given, "output");
  const isa::Program program = isa::assemble(read_file(input), input);
  isa::save_program(program, output);
  print_status("{}: {} words, {} sections, {} tensors\n", output, program.words.size(),
               program.sections.size(), program.tensors.size());
  return 0;
}

}  // namespace ane::sim
