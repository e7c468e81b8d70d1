// The example of docs/isa/assembler.md does what its text says, on the machine.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "isa/assembler.h"
#include "isa/container.h"
#include "kernels/arith/half.h"
#include "sim/ane/machine.h"

namespace ane::sim {
namespace {

TEST(DocumentedProgram, AddsTwoRowsAndTakesTheSquareRoot) {
  std::ostringstream page;
  page << std::ifstream(SOURCE_DIR "/docs/isa/assembler.md").rdbuf();
  const std::string text = page.str();
  const std::size_t begin = text.find("```asm\n") + 7;
  isa::Program program =
      isa::assemble(text.substr(begin, text.find("```", begin) - begin), "assembler.md");
  // Through a file, as a user would.
  program = isa::from_container(isa::to_container(program), "");
  AneMachine machine(load_chip("M4"), program);
  EXPECT_TRUE(machine.races().empty());
  machine.execute();
  const kernels::Tensor z = machine.read("z");
  const auto halves = z.as<const kernels::arith::Half>();
  std::vector<float> values;
  for (const auto h : halves) values.push_back(kernels::arith::to_float(h));
  EXPECT_EQ(values, (std::vector<float>{0, 1, 2, 2, 2, 4, 4, 4}));
}

}  // namespace
}  // namespace ane::sim
