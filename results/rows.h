// The rows of one run below its identity: totals and parts, operators, tasks, notes.
#pragma once
#include <cstdint>

#include "results/record.h"
#include "results/sqlite.h"

namespace ane::results {

// To be called inside a transaction. `tasks`: those of the record too.
void insert_rows(Database& database, std::int64_t run, const Record& record, bool tasks);
void load_rows(Database& database, std::int64_t run, Record& record);

}  // namespace ane::results
