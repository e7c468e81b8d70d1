// Measured rows (CSV) and what each of them asks.
#include "isa/error.h"
#include "sim/silicon/silicon_rows.h"
#include "tests/fuzz/target.h"

namespace ane::fuzz {

void read(std::string_view bytes) {
  for (const sim::SiliconRow& row : sim::silicon_rows(bytes, "x.csv")) {
    require(row.line > 1 && row.place().starts_with("x.csv:"), "a row has its place");
    require(!row.calibrates() || (row.scored() && *row.value > 0), "what calibrates is scored");
    try {
      if (row.asks()) workloads::to_text(sim::request_of(row));
      sim::quantity_of(row);
    } catch (const InputError&) {
    }
  }
}

std::vector<std::string> seeds() {
  return {std::string(sim::built_in_text("ane_validation").substr(0, 4000))};
}

}  // namespace ane::fuzz
