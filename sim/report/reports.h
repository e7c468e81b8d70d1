// Reports of what this program knows: each draws the tables that its command prints.
#pragma once
#include <span>
#include <string>

#include "results/record.h"
#include "results/sweep.h"
#include "sim/claims/tables.h"
#include "sim/profile/profile.h"
#include "sim/report/page.h"
#include "sim/silicon/validate.h"

namespace ane::sim {

// Of one run all its views; of several how they compare, and each by itself where they are four or
// fewer. `records` must not be empty. `again`: the command that makes the report again.
Page report_of_runs(std::span<const results::Record> records, const std::string& again);
Page report_of_sweep(const results::Sweep& sweep, const std::string& again);
Page report_of_tables(const std::vector<Answer>& answers, const std::string& again);
Page report_of_validation(const Validation& validation, const std::string& again);
Page report_of_model(const Profile& profile, const std::string& again);

}  // namespace ane::sim
