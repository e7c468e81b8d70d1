#include "workloads/mpnn/seeded.h"

#include <cmath>

namespace ane::workloads::mpnn {

Input seeded_helix(std::int64_t length) {
  Input in;
  in.real = length;
  for (std::int64_t i = 0; i < length; ++i) {
    for (const double phase : {-0.5, 0.0, 0.45, 0.5}) {  // N, CA, C, O along the turn
      const double t = 1.7453 * static_cast<double>(i) + phase;
      in.atoms.push_back(static_cast<float>(2.3 * std::cos(t)));
      in.atoms.push_back(static_cast<float>(2.3 * std::sin(t)));
      in.atoms.push_back(static_cast<float>(1.5 * static_cast<double>(i) + phase));
    }
    in.residue_index.push_back(static_cast<std::int32_t>(i));
    in.sequence.push_back(static_cast<std::int32_t>(i % 20));
  }
  in.mask.assign(static_cast<std::size_t>(length), 1.0F);
  in.designed = in.mask;
  in.chain_code.assign(static_cast<std::size_t>(length), 1);
  return in;
}

}  // namespace ane::workloads::mpnn
