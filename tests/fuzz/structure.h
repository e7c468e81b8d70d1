// What a structure that was read must be, in both formats.
#pragma once
#include <cmath>

#include "tests/fuzz/target.h"
#include "workloads/mpnn/structure/structure.h"

namespace ane::fuzz {

inline void read_structure(std::string_view text, const std::string& place) {
  namespace mp = workloads::mpnn;
  const mp::Structure s = mp::parse_structure(std::string(text), place);
  const auto length = static_cast<std::size_t>(s.length());
  require(length > 0 && length < 600 + 6 * text.size(), "places out of proportion to the file");
  require(s.atoms.size() == 12 * length && s.sequence.size() == length &&
              s.residue_index.size() == length && s.chain_code.size() == length &&
              s.labels.size() == length,
          "arrays of one length");
  std::int64_t at = 0;
  for (const mp::ChainSpan& c : s.chains) {
    require(c.first == at && c.count > 0, "chains without gaps");
    at += c.count;
  }
  require(at == s.length(), "chains of all places");
  for (const float x : s.atoms) require(std::fabs(x) <= 1e6F, "a coordinate beyond all");
  for (const std::int32_t r : s.sequence) require(r >= 0 && r <= mp::unknown_residue, "a type");
  s.sequence_text();
  mp::parse_structure(std::string(text), place, {{s.chains[0].name}, {s.chains[0].name}});
}

}  // namespace ane::fuzz
