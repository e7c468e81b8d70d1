// Assembler text: what is taken comes back from its words.
#include "tests/fuzz/target.h"
#include "tests/isa/fuzz.h"

namespace ane::fuzz {

void read(std::string_view bytes) {
  isa::try_text(std::string(bytes));
}

std::vector<std::string> seeds() {
  return {isa::fuzz_seed()};
}

}  // namespace ane::fuzz
