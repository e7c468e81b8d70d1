#include "workloads/mpnn/structure/complexity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "isa/error.h"

namespace ane::workloads::mpnn {

Complexity complexity(const Input& input) {
  constexpr double contact = 8;  // angstrom
  std::vector<std::array<double, 3>> ca;
  std::array<double, 3> centre{};
  for (std::size_t i = 0; i < input.mask.size(); ++i) {
    if (input.mask[i] == 0.0f) continue;
    std::array<double, 3> p{};
    for (std::size_t d = 0; d < 3; ++d) {
      p[d] = static_cast<double>(input.atoms[i * 12 + 3 + d]);
      centre[d] += p[d];
    }
    ca.push_back(p);
  }
  Complexity out;
  out.residues = std::ssize(ca);
  if (ca.empty()) return out;
  const auto n = static_cast<double>(ca.size());
  for (double& c : centre) c /= n;
  // Sums over pairs; each pair i < j stands for two entries of the matrix, the diagonal is 0.
  double spread = 0, near = n, sum = 0, squares = 0;
  for (std::size_t i = 0; i < ca.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) spread += std::pow(ca[i][d] - centre[d], 2);
    for (std::size_t j = i + 1; j < ca.size(); ++j) {
      const double square = std::pow(ca[i][0] - ca[j][0], 2) + std::pow(ca[i][1] - ca[j][1], 2) +
                            std::pow(ca[i][2] - ca[j][2], 2);
      sum += 2 * std::sqrt(square);
      squares += 2 * square;
      if (square < contact * contact) near += 2;
    }
  }
  out.radius_of_gyration = std::sqrt(spread / n);
  out.contact_density = near / (n * n);
  if (ca.size() > 1) out.distance_variance = (squares - sum * sum / (n * n)) / (n * n - 1);
  out.length_score = std::min(n / 500, 1.0);
  out.structure_score = std::min(0.4 * out.contact_density + 0.3 * out.distance_variance / 100 +
                                     0.3 * out.radius_of_gyration / 50,
                                 1.0);
  out.score = 0.5 * out.length_score + 0.5 * out.structure_score;
  return out;
}

AdaptivePrecision choose_precision(const Complexity& c, const AdaptiveThresholds& t) {
  if (!(t.fp16_below >= 0 && t.fp16_below <= t.mixed_below))
    throw InputError("", fmt::format("adaptive thresholds {} and {}", t.fp16_below, t.mixed_below),
                     "the first must be 0 or more and not above the second");
  if (c.score < t.fp16_below) return AdaptivePrecision::fp16;
  return c.score < t.mixed_below ? AdaptivePrecision::mixed : AdaptivePrecision::fp32;
}

std::string_view name(AdaptivePrecision p) {
  return p == AdaptivePrecision::fp16 ? "fp16" : p == AdaptivePrecision::mixed ? "mixed" : "fp32";
}

std::string_view numbers(AdaptivePrecision p) {
  return p == AdaptivePrecision::fp16 ? "fp16" : "fp32";
}

}  // namespace ane::workloads::mpnn
