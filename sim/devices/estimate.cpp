#include "sim/devices/estimate.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"

namespace ane::sim {

Precision precision_of(std::string_view f) {
  if (f == "fp32") return Precision::fp32;
  if (f == "int8") return Precision::int8;
  if (f == "fp16" || f == "bf16") return Precision::fp16;
  throw InputError("", fmt::format("activations={}: no device computes in it", f),
                   "fp32, fp16, int8");
}

results::Cause DeviceEstimate::bound() const {
  return static_cast<results::Cause>(std::ranges::max_element(causes) - causes.begin());
}

}  // namespace ane::sim
