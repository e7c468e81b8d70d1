// Symmetric INT8 quantisation of a layer for the integer MACs: weights per output channel,
// activations per tensor from a calibrated range. The scales are binary16 values, as the machine
// holds them [Q3].
#pragma once
#include "kernels/types.h"

namespace ane::workloads {

struct QuantisedLayer {
  kernels::Parameters parameters;  // format i8
  double input_scale = 1;          // a binary16 value
};

// range: the largest magnitude of the layer's input over calibration data; 0 counts as 1/127.
QuantisedLayer quantise_layer(const kernels::Parameters& layer, float range);

}  // namespace ane::workloads
