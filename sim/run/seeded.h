// Deterministic reads and models that need no file: for the numeric regression and for figures
// about read-QC models. The same on every host.
#pragma once
#include <cstdint>

#include "workloads/mpnn/structure/features.h"
#include "workloads/readqc/model.h"

namespace ane::sim {

// `count` reads of 40 to 150 bases. Each has its own mean quality, 8 to 38, from which qualities
// fall along the read and scatter, and a few unknown bases: about as many pass the rules as fail.
workloads::readqc::ReadBatch seeded_reads(std::int64_t count, std::uint64_t seed);

// The model of a kind with seeded parameters instead of trained ones: uniform in +-sqrt(6 / (in x
// kernel + out)), biases in +-0.1. Untrained: its decisions mean nothing, its arithmetic is the
// same.
workloads::readqc::Model seeded_model(workloads::readqc::ModelKind kind, std::uint64_t seed);

// A backbone that turns like a helix, 100 degrees and 1.5 angstrom a residue, each of another type.
workloads::mpnn::Input seeded_helix(std::int64_t length);

}  // namespace ane::sim
