// How complex a structure is, and the precision that the `adaptive` variant takes for it. Measures,
// weights and thresholds of the published rule (ktretina/ProteinMPNN_apx @7a1da20,
// models/adaptive_precision.py, described in its v0.4.0 summary):
//   length      min(N / 500, 1)
//   structure   min(0.4 contact density + 0.3 distance variance / 100 + 0.3 Rg / 50, 1)
//   complexity  (length + structure) / 2;  < 0.3 FP16, < 0.6 mixed, else FP32
// over the CA atoms of unmasked residues. Distances are all N x N, diagonal included; a contact is
// a pair nearer than 8 angstrom; the variance is the unbiased one (N^2 - 1).
#pragma once
#include <span>
#include <string_view>

#include "workloads/mpnn/structure/features.h"

namespace ane::workloads::mpnn {

struct Complexity {
  std::int64_t residues = 0;
  double radius_of_gyration = 0;  // angstrom
  double contact_density = 0;     // contacts / N^2, 0 to 1
  double distance_variance = 0;   // square angstrom
  double length_score = 0, structure_score = 0, score = 0;
};
Complexity complexity(const Input& input);

enum class AdaptivePrecision { fp16, mixed, fp32 };
struct AdaptiveThresholds {
  double fp16_below = 0.3, mixed_below = 0.6;
};
// InputError unless 0 <= fp16_below <= mixed_below.
AdaptivePrecision choose_precision(const Complexity& complexity,
                                   const AdaptiveThresholds& thresholds = {});
std::string_view name(AdaptivePrecision precision);  // "fp16", "mixed", "fp32"
// The numbers that the network is run in, by the name of formats_named: between the two the rule's
// own code takes float32.
std::string_view numbers(AdaptivePrecision precision);

}  // namespace ane::workloads::mpnn
