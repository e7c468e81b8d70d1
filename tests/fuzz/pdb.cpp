// Structures in the columns of PDB.
#include "tests/fuzz/structure.h"

namespace ane::fuzz {

void read(std::string_view bytes) {
  read_structure(bytes, "x.pdb");
}

std::vector<std::string> seeds() {
  return {};
}

}  // namespace ane::fuzz
