// A protein of any length for benchmarks, without a file.
#pragma once
#include <cmath>

#include "workloads/mpnn/graph/graph.h"

namespace ane::bench {

inline workloads::mpnn::Example helix(std::int64_t length) {
  workloads::mpnn::Example e;
  workloads::mpnn::Input& in = e.input;
  in.real = length;
  for (std::int64_t i = 0; i < length; ++i) {
    for (const double phase : {-0.5, 0.0, 0.45, 0.5}) {
      const double t = 1.7453 * static_cast<double>(i) + phase;
      in.atoms.push_back(static_cast<float>(2.3 * std::cos(t) + 12 * std::cos(0.05 * t)));
      in.atoms.push_back(static_cast<float>(2.3 * std::sin(t)));
      in.atoms.push_back(static_cast<float>(0.4 * static_cast<double>(i) + phase));
    }
    in.residue_index.push_back(static_cast<std::int32_t>(i));
    in.sequence.push_back(static_cast<std::int32_t>(i * 7 % 20));
    e.rank.push_back(static_cast<std::int32_t>(i));
  }
  in.mask.assign(static_cast<std::size_t>(length), 1.0F);
  in.designed = in.mask;
  in.chain_code.assign(static_cast<std::size_t>(length), 1);
  e.sequence = in.sequence;
  return e;
}

}  // namespace ane::bench
