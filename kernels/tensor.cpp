#include "kernels/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "isa/saturated.h"

namespace ane::kernels {

std::int64_t elements(const Shape& shape) {
  Saturated n = 1;
  for (const std::int64_t extent : shape) n = n * extent;
  return n.value();
}

std::string to_string(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace ane::kernels
