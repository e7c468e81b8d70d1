// Backbones that need no file.
#pragma once
#include "workloads/mpnn/structure/features.h"

namespace ane::workloads::mpnn {

// It turns like a helix, 100 degrees and 1.5 angstrom a residue, each of another type. The same on
// every host.
Input seeded_helix(std::int64_t length);

// As compact as a folded protein: strands of 3.8 angstrom a residue, laid side by side and in
// layers so far apart that a residue takes 135 cubic angstrom (110 Da at 1.35 g/cm3, the mean of
// folded proteins: Fischer et al. 2004). Its radius of gyration is that of globular proteins,
// 2.2 N^0.38 angstrom, within 14 % from 50 to 500 residues, and a sixth less at 1000 (tested): long
// proteins are not one globule.
Input seeded_globule(std::int64_t length);

}  // namespace ane::workloads::mpnn
