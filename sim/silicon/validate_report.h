// A validation as text, JSON, CSV or the page docs/validation.md: one set of figures in four forms.
#pragma once
#include <string>
#include <vector>

#include "results/report.h"
#include "sim/silicon/validate.h"

namespace ane::sim {

struct ReportOptions {
  std::vector<std::string> by = {"file", "unit", "measure", "kind"};
  std::size_t worst = 10;
};

std::string validation_text(const Validation& v, const ReportOptions& options,
                            std::size_t columns = results::usual_columns);
// {"rows", "with_spec", "run", "all": {"n", "median", "p90"}, "by": [...], "worst": [...],
//  "skipped": [{"reason", "n"}], ...}; errors are fractions.
std::string validation_json(const Validation& v, const ReportOptions& options);
// One line a row with a spec, scored or not.
std::string validation_csv(const Validation& v);
std::string validation_markdown(const Validation& v, const ReportOptions& options);

}  // namespace ane::sim
