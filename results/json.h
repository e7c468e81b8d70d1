// Records and reports as JSON. Numbers are in SI units with every digit; what has no meaning is
// null.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "results/report.h"

namespace ane::results {

// The figures of a run, in this order and stable: latency_s, throughput_items_per_s, energy_j,
// power_w, peak_memory_bytes, dram_bytes, macs, bound, causes{}, energy_parts{}, accuracy{},
// digest; then memory_parts{}, the bands (low and high, or null), the identity's fields,
// question_digest, notes[]. One run: an object; several: an array.
std::string records_json(std::span<const Record> records);

// One report: an object with its run's identity and an array per table; several: an array.
std::string reports_json(const std::vector<Report>& reports);

}  // namespace ane::results
