// A naive model to compare with.
#pragma once
#include <optional>

#include "sim/price/target.h"

namespace ane::sim {

// The larger of nominal FLOP over 0.95 of the peak and bytes over the bandwidth, on top of one
// floor. ANE: 16 x 256 MACs a cycle (twice that for int8 x int8 where the chip has it), stored
// weights over the chip's weight bandwidth (activations where there are no weights), one published
// floor a family
// (`ane.dispatch.family`; our own floors are a chip's). GPU: one host wait as the floor, none where
// calls overlap. Marginal figures leave the floor out. nullopt where such a model says nothing:
// power, energy, idling, work without operators on a device without a floor.
std::optional<double> naive_quantity(const workloads::Request& request, const Target& target,
                                     workloads::Quantity quantity);

}  // namespace ane::sim
