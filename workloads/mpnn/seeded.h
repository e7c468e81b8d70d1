// A backbone that needs no file.
#pragma once
#include "workloads/mpnn/structure/features.h"

namespace ane::workloads::mpnn {

// It turns like a helix, 100 degrees and 1.5 angstrom a residue, each of another type. The same on
// every host.
Input seeded_helix(std::int64_t length);

}  // namespace ane::workloads::mpnn
