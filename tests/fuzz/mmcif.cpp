// Structures in mmCIF, a language of its own with quotes, text fields and loops.
#include "tests/fuzz/structure.h"

namespace ane::fuzz {

void read(std::string_view bytes) {
  read_structure(bytes, "x.cif");
}

std::vector<std::string> seeds() {
  return {};
}

}  // namespace ane::fuzz
