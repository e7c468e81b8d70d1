// Records and reports as JSON documents (results/document.h). Numbers are in SI units with every
// digit; what has no meaning is null.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "results/report.h"

namespace ane::results {

// {"records": [...]}: of each its question, latency, energy, memory, accuracy and counts, operators
// and notes. Of one record also its figures as they stood at the top in versions before 0.2, for
// one version more.
std::string records_json(std::span<const Record> records);

// A list for each table. Tables of one run stand in its entry of "records", with its id and
// question; those of several runs, or of none, at the top, beside the records.
std::string reports_json(std::span<const Record> records, const std::vector<Report>& reports);

}  // namespace ane::results
