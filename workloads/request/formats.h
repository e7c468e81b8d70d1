// Number formats by name: of weights as they are stored, and of activations as they are computed.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "isa/machine.h"
#include "workloads/graph/layers.h"

namespace ane::workloads {

struct Formats {
  std::string weights =
      "fp16";  // fp32 fp16 bf16 int8 int4 lut1..8 sparse<percent> q8_0 q4_0 q4_k_m
  std::string activations = "fp16";  // fp32 fp16 bf16 int8
  double zeros = 0;                  // percent of exact zeros among densely stored weights
  friend bool operator==(const Formats&, const Formats&) = default;
};

// "fp16", or "int8 weights, fp16" where the two differ.
std::string label(const Formats& formats);

// A precision by the name that commands use, for both: fp32, fp16, int8w (8-bit weights, fp16
// activations), int8 and w8a8 (both), and the stream formats: pal4 or lut4, int4b, sparse.
// InputError at `place` with the nearest.
Formats formats_named(const std::string& precision, const std::string& place = "--precision");

// Bytes of one value: fp32 4, fp16 2, int8 1; weights as stored, with the scales of their blocks
// (llama.cpp's q8_0 34 bytes for 32, q4_0 18 for 32, q4_k_m 4.85 bits). InputError if unknown.
double bytes_of(std::string_view format);

// Format, zeros and activations as this chip's accelerator runs them: weights that it cannot stream
// compressed are folded to fp16, INT8 activations without INT8 arithmetic are fp16. InputError if
// unknown.
Numbers numbers_of(const Formats& formats, const isa::Machine& machine);
// The stream format of weights; InputError for one that the accelerator does not stream.
isa::KernelFormat stream_format(std::string_view weights);

}  // namespace ane::workloads
