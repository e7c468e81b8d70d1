// Where the goldens of the ProteinMPNN tests are, and how far two answers differ.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "workloads/files/npy.h"
#include "workloads/mpnn/structure/features.h"

namespace ane::workloads::mpnn {

inline const std::string golden_folder = SOURCE_DIR "/../shared/mpnn/";

inline double farthest(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return HUGE_VAL;
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(d <= most)) most = d;  // NaN counts
  }
  return most;
}

// A helix-like backbone of `length` residues that needs no file.
inline Input made_up_protein(std::int64_t length) {
  Input in;
  in.real = length;
  for (std::int64_t i = 0; i < length; ++i) {
    const auto atom = [&](double phase, double radius, double rise) {
      const double t = 1.7453 * static_cast<double>(i) + phase;
      const double bend = 0.05 * static_cast<double>(i);
      in.atoms.push_back(static_cast<float>(radius * std::cos(t) + 12 * std::cos(bend)));
      in.atoms.push_back(static_cast<float>(radius * std::sin(t) + 9 * std::sin(2 * bend)));
      in.atoms.push_back(static_cast<float>(0.4 * static_cast<double>(i) + rise));
    };
    atom(-0.5, 1.6, -0.9), atom(0, 2.3, 0), atom(0.45, 1.7, 1.1), atom(0.5, 2.0, 2.3);
    in.mask.push_back(1);
    in.designed.push_back(1);
    in.residue_index.push_back(static_cast<std::int32_t>(i));
    in.chain_code.push_back(1);
    in.sequence.push_back(static_cast<std::int32_t>((i * 7) % 20));
  }
  return in;
}

}  // namespace ane::workloads::mpnn
