// Our figure beside somebody else's: a published claim with its verdict, a measurement on silicon.
#pragma once
#include <cstdint>
#include <string>

#include "results/record.h"

namespace ane::results {

struct Claim {
  std::string id{}, source{}, metric{};  // "chip.M1.tops", "seed 001", "peak_ops"
  double published_low = unknown, published_high = unknown;
  std::string value_unit{};  // of all five values
  double simulated = unknown, simulated_low = unknown, simulated_high = unknown;
  std::string verdict{}, reason{};  // "reproduced", and why in one sentence
  std::string judge{};              // who says so: "model", "bound", "provenance"
  std::int64_t run = 0;             // the run that answers it, 0 when none does
  std::string code_version{};
};

struct Silicon {
  std::string file{};  // the table that holds the measurement, and its line there
  std::int64_t line = 0;
  std::string chip{}, kind{}, spec{}, quantity{}, source{}, trust{};
  double measured = unknown;  // SI units of the quantity
  double predicted = unknown, predicted_low = unknown, predicted_high = unknown;
  std::string skipped{};  // why there is no prediction; empty when there is one
  std::string code_version{};
};

}  // namespace ane::results
