// Order statistics of errors and rows.
#pragma once
#include <optional>
#include <vector>

namespace ane::sim {

// The linear interpolation of order statistics at share q of 0 to 1; 0 for no values.
double quantile(std::vector<double> values, double q);
// Spearman's rho with mean ranks for ties; nullopt when either side is constant.
std::optional<double> rank_correlation(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace ane::sim
