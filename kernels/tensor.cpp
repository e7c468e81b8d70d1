#include "kernels/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ane::kernels {

std::int64_t elements(const Shape& shape) {
  std::int64_t n = 1;
  for (const std::int64_t extent : shape) n *= extent;
  return n;
}

std::string to_string(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace ane::kernels
