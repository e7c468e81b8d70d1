// What a request costs, asked in one line.
#pragma once
#include <string>
#include <vector>

#include "sim/price/price.h"

namespace ane::sim {

struct PricedText {
  double seconds = 0, joules = 0;
  double macs = 0, dram_bytes = 0;
  results::Parts causes{}, energy{};
  std::string bound{};
  std::vector<std::string> notes{};
};

// The text's path, or `coreml` where it names none; unit=ane where it names none.
inline PricedText priced_text(const std::string& text, const Chip& chip) {
  workloads::Request r = workloads::parse_request(text);
  const results::Cost c = price(r, target_of(r, chip));
  const results::Totals& t = c.totals;
  return {t.latency_s,
          t.energy_j,
          static_cast<double>(t.macs),
          static_cast<double>(t.dram_bytes),
          t.causes,
          t.energy_parts,
          t.bound,
          c.notes};
}
inline PricedText priced_text(const std::string& text, const std::string& chip = "M4",
                              const std::vector<std::string>& settings = {}) {
  return priced_text(text, load_chip(chip, settings));
}

}  // namespace ane::sim
