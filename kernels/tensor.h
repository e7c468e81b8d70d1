// A host tensor: shape, number format and typed bits, dense in row-major order. Tensors of the
// simulated machine live in its memory; these are what enters and leaves it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "isa/error.h"
#include "isa/format.h"
#include "isa/units.h"

namespace ane::kernels {

using Shape = std::vector<std::int64_t>;

std::int64_t elements(const Shape& shape);  // product of the extents; 1 for a scalar
std::string to_string(const Shape& shape);  // "[1, 128, 106]"

struct Tensor {
  isa::Format format = isa::Format::fp32;
  Shape shape;
  std::vector<std::byte> bytes;

  Tensor() = default;
  Tensor(isa::Format f, Shape s)
      : format(f),
        shape(std::move(s)),
        bytes(static_cast<std::size_t>(elements(shape) * isa::byte_size(f))) {}

  std::int64_t size() const { return elements(shape); }

  // The elements as T, which must have the format's size (fp16 as Half or uint16_t).
  template <class T>
  std::span<T> as() {
    ANE_CHECK(sizeof(T) == static_cast<std::size_t>(isa::byte_size(format)), "element size");
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <class T>
  std::span<const T> as() const {
    ANE_CHECK(sizeof(T) == static_cast<std::size_t>(isa::byte_size(format)), "element size");
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
};

}  // namespace ane::kernels
