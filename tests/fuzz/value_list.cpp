// Lists of numbers as the command line takes them.
#include "sim/cli/value_list.h"

#include "isa/error.h"
#include "tests/fuzz/target.h"

namespace ane::fuzz {

void read(std::string_view bytes) {
  const std::vector<sim::ListedValue> list = sim::parse_list(bytes, "--x");
  require(sim::value_count(list) >= list.size() && !list.empty(), "as many values as items");
  for (const sim::ListedValue& v : list) require(v.value == v.value, "a value that is none");
  if (sim::value_count(list) > 4096) return;
  try {
    require(sim::as_halves(list).size() == sim::value_count(list), "all values");
  } catch (const InputError&) {
  }
  sim::as_int8(list);
}

std::vector<std::string> seeds() {
  return {};
}

}  // namespace ane::fuzz
