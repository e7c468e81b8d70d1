// The answers as the tables that their sources print, published and simulated side by side, and as
// lines, JSON and CSV.
#pragma once
#include <string>
#include <vector>

#include "results/report.h"
#include "sim/claims/tables.h"

namespace ane::sim {

// Every table in the shape of the original, then one line a claim, then the counts per judge and
// verdict.
std::string tables_text(const std::vector<Answer>& answers, const std::vector<Answer>& context = {},
                        std::size_t columns = results::usual_columns);
// {"claims": [{"id", "source", "table", "metric", "value_unit", "verdict", "judge",
// "model_verdict", "published_low", "published_high", "sense", "simulated", "simulated_low",
// "simulated_high", "ratio", "as_written", "as_graph", "choices": [...], "cited", "reason"}],
// "verdicts": {"reproduced": 12, ...}, "judges": {"model": {"reproduced": 10, ...}, ...}}; values
// in value_unit, null where nothing is simulated.
std::string tables_json(const std::vector<Answer>& answers);
std::string tables_csv(const std::vector<Answer>& answers);

// The ablation (anesim tables --best); ratios are of time an item.
std::string ablation_text(const std::vector<Step>& steps,
                          std::size_t columns = results::usual_columns);
std::string ablation_json(const std::vector<Step>& steps);
std::string ablation_csv(const std::vector<Step>& steps);

}  // namespace ane::sim
