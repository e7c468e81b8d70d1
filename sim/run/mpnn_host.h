// What ProteinMPNN leaves to the CPU, as work that is priced there.
#pragma once
#include "kernels/operator.h"
#include "results/record.h"
#include "sim/price/target.h"

namespace ane::sim {

// Features of all pairs and the selection of k neighbours, of so many residues.
kernels::Work feature_work(std::int64_t length, std::int64_t k);
// hidden x 21 products and log-softmax of so many places.
kernels::Work head_work(std::int64_t places, std::int64_t hidden);

// Adds `count` runs of this work on the chip's CPU to the record, as time under `cause` and joules
// under "cpu". Nothing where the chip's CPU is not known.
void add_host(results::Record& record, const char* cause, const kernels::Work& work,
              const Target& target, double count = 1);

}  // namespace ane::sim
