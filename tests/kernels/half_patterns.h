// Inputs in which binary16 arithmetic goes wrong if it goes wrong, as TestFloat chooses them: every
// exponent, with significands of few ones, few zeros, and both neighbours of every power of two.
#pragma once
#include <set>
#include <vector>

#include "kernels/arith/half.h"

namespace ane::kernels::arith {

inline std::vector<Half> half_patterns() {
  std::set<unsigned> fractions{0, 1, 2, 3, 1023, 1022, 1021, 0x155, 0x2aa};
  for (unsigned bit = 1; bit < 1024; bit *= 2)
    for (const unsigned f : {bit, bit - 1, bit + 1, 1023 ^ bit, (1024 - bit) & 1023})
      fractions.insert(f & 1023);
  std::vector<Half> patterns;
  for (unsigned exponent = 0; exponent < 32; ++exponent)
    for (const unsigned f : fractions)
      for (const unsigned sign : {0u, 0x8000u})
        patterns.push_back({static_cast<std::uint16_t>(sign | exponent << 10 | f)});
  return patterns;
}

}  // namespace ane::kernels::arith
