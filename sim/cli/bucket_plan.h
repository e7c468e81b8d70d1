// Buckets from a distribution of lengths: where each protein goes and what padding wastes.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "results/report.h"

namespace ane::sim {

// A file of lengths in residues, one a line; blank lines and lines that start with # do not count.
// InputError with its line for anything else.
std::vector<std::int64_t> read_lengths(const std::string& path);

// The routing of these lengths into `usual` and into the best `count` buckets (multiples of 16) by
// padded places: one table each, with waste in padded places over residues.
results::Report bucket_plan(const std::vector<std::int64_t>& lengths,
                            const std::vector<std::int64_t>& usual, int count);

}  // namespace ane::sim
