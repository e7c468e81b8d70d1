// The stored results of the numeric regression: what is read is written again as the same text.
#include "sim/regression/check.h"
#include "tests/fuzz/target.h"

namespace ane::fuzz {

void read(std::string_view bytes) {
  const std::vector<sim::CheckCase> cases = sim::parse_check(bytes, "check.txt");
  const std::string text = sim::to_text(cases);
  const std::vector<sim::CheckCase> again = sim::parse_check(text, "again.txt");
  require(sim::to_text(again) == text, "another text when written again");
  for (std::size_t i = 0; i < std::min(cases.size(), again.size()); ++i)
    sim::compare_case(cases[i], again[i]);
}

std::vector<std::string> seeds() {
  return {};
}

}  // namespace ane::fuzz
