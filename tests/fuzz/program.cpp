// Assembler text run on a chip: the machine may refuse a program, and else runs it inside its
// memory.
#include "isa/assembler.h"
#include "isa/error.h"
#include "sim/ane/machine.h"
#include "tests/fuzz/target.h"

namespace ane::fuzz {
namespace {

// What a program may ask for without being slow; how much it asks is its own affair.
constexpr std::int64_t most_bytes = 1 << 22, most_work = 1 << 22;

}  // namespace

void read(std::string_view bytes) {
  isa::Program program = isa::assemble(bytes, "x.s");
  Saturated sections(0);
  for (const isa::Section& s : program.sections) sections = sections + s.size.count;
  if (sections.value() > most_bytes) return;
  static const sim::Chip chip = sim::load_chip("M4", {"ane.l2=64KiB"});
  sim::AneMachine machine(chip, std::move(program));
  const sim::Execution run = machine.time();
  require(run.duration.count >= 0, "a negative time");
  double causes = 0;
  for (const double c : run.causes) causes += c;
  require(std::abs(causes - seconds(run.duration)) <= 1e-9 * causes + 1e-11, "causes sum");
  const sim::TaskWork& w = run.work;
  if ((Saturated(w.macs) + w.weight_bytes + w.kernel_bytes + w.load_bytes + w.store_bytes +
       w.l2_bytes + w.planar_elements)
          .value() > most_work)
    return;
  machine.execute();
  for (const isa::TensorSymbol& s : machine.program().tensors)
    require(machine.read(s.name).size() > 0, "a tensor without elements");
}

std::vector<std::string> seeds() {
  return {};
}

}  // namespace ane::fuzz
