// Symmetric INT8 quantisation of a layer for the integer MACs: weights per output channel,
// activations per tensor from a calibrated range. The scales are binary16 values, as the machine
// holds them [Q3].
#pragma once
#include "kernels/types.h"

namespace ane::workloads {

struct QuantisedLayer {
  kernels::Parameters parameters;  // codes
  double input_scale = 1;          // a binary16 value
};

// range: the largest magnitude of the layer's input over calibration data; 0 counts as 1/127.
// format: i8, or one whose codes are of a palette.
QuantisedLayer quantise_layer(const kernels::Parameters& layer, float range,
                              isa::KernelFormat format = isa::KernelFormat::i8);

}  // namespace ane::workloads
