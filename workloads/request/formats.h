// Number formats by name: of weights as they are stored, and of activations as they are computed;
// and what the accelerator of a chip makes of each pair of them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isa/machine.h"
#include "workloads/graph/layers.h"

namespace ane::workloads {

struct Formats {
  std::string weights =
      "fp16";  // fp32 fp16 bf16 int8 int4 lut1..8 sparse<percent> q8_0 q4_0 q4_k_m
  std::string activations = "fp16";  // fp32 fp16 bf16 int8
  double zeros = 0;                  // percent of exact zeros among densely stored weights
  // Of int8: tensor or channel; of int4: group32; of palettes: tensor, channel, group8 (output
  // channels that share one); empty: usual.
  std::string scales = {};
  std::string fp16_layers = {};  // names at commas of layers that stay in FP16
  friend bool operator==(const Formats&, const Formats&) = default;
};

// "fp16", or "int8 weights, fp16" where the two differ.
std::string label(const Formats& formats);

// A precision by the name that commands use, for both: fp32, fp16, bf16, int8w (8-bit weights, fp16
// activations), int8 and w8a8 (both), w4a8 (palettes of 4 bits, INT8 activations), and the stream
// formats: pal4 or lut4, int4b, sparse. InputError at `place` with the nearest.
Formats formats_named(const std::string& precision, const std::string& place = "--precision");

// Bytes of one value: fp32 4, fp16 2, int8 1; weights as stored, with the scales of their blocks
// (llama.cpp's q8_0 34 bytes for 32, q4_0 18 for 32, q4_k_m 4.85 bits). InputError if unknown.
double bytes_of(std::string_view format);

// The one rule for weights and activations on an accelerator: how the weights lie in memory, which
// multipliers take them, and what the chip makes of what was asked for.
struct Accelerated {
  isa::KernelFormat stream = isa::KernelFormat::fp16;  // of the weights in memory
  bool int8_macs = false;                              // INT8 multipliers; activations are codes
  std::vector<std::string> notes{};                    // where the chip does otherwise than asked
};
// InputError with the nearest pair that there is: weights that it does not stream, activations that
// it does not multiply, and INT8 activations beside weights of more than 8 bits or of a format
// without codes.
Accelerated accelerated(const Formats& formats, const isa::Machine& machine);
// Output channels that share a palette; none where all of a tensor do.
std::optional<double> palette_channels(const Formats& formats);
// The weights that the table has, a name each, for lists.
std::vector<std::string> streamed_weights();

// Format, zeros and activations of a network on this chip's accelerator, by that rule.
Numbers numbers_of(const Formats& formats, const isa::Machine& machine);
// The stream that weights of this name are decoded from where multipliers take floats (dense ones:
// fp16); InputError for a name without one.
isa::KernelFormat stream_format(std::string_view weights);
// INT8 products need weights of at most 8 bits, on any unit: InputError.
void check_pair(const Formats& formats);

}  // namespace ane::workloads
