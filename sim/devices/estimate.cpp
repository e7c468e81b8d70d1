#include "sim/devices/estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "isa/error.h"

namespace ane::sim {

Precision precision_of(std::string_view f) {
  if (f == "fp32") return Precision::fp32;
  if (f == "int8") return Precision::int8;
  if (f == "fp16" || f == "bf16") return Precision::fp16;
  throw InputError("", fmt::format("activations={}: no device computes in it", f),
                   "fp32, fp16, int8");
}

std::string_view DeviceEstimate::bound() const {
  const std::array<std::pair<double, std::string_view>, 6> causes = {{{compute, "compute"},
                                                                      {memory, "memory"},
                                                                      {overhead, "overhead"},
                                                                      {dispatch, "dispatch"},
                                                                      {wait, "wait"},
                                                                      {copy, "copy"}}};
  return std::max_element(causes.begin(), causes.end())->second;
}

}  // namespace ane::sim
