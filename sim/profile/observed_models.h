// Shares of whole models that others saw on the accelerator, and those of `anesim profile`.
#pragma once
#include <string>
#include <vector>

#include "results/report.h"
#include "sim/profile/profile.h"

namespace ane::sim {

struct ObservedModel {
  std::string id, request, chip, system, trust, source;
  Units units = Units::all;
  double on_ane_share = 0;  // of the operators, 0 to 1
};
// results/placement/models.csv. InputError with table and line.
std::vector<ObservedModel> observed_models();

struct JudgedModel {
  ObservedModel observed;
  double predicted_share = 0;
  std::string why;  // of what is predicted
  // As near as ten operators in a hundred.
  bool right() const;
};
// As Core ML's planner places them.
std::vector<JudgedModel> judge_models();

results::Report model_placements_report(const std::vector<JudgedModel>& judged);

}  // namespace ane::sim
