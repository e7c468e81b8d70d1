// The element types of weight files, one table for every kind of file: what each calls them and
// the tensor that they become.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "kernels/tensor.h"

namespace ane::workloads {

struct ElementType {
  std::string_view torch;        // "torch.FloatStorage"
  std::string_view safetensors;  // "F32"
  std::size_t bytes;             // of an element in the file
  isa::Format format;            // of the tensor: float64 and bfloat16 become fp32, integers i32
};
// Types that a tensor keeps as they are come first.
std::span<const ElementType> element_types();
// Null when no type has this name.
const ElementType* element_type_of_storage(std::string_view torch);
const ElementType* element_type_of_safetensors(std::string_view name);

// The tensor of `shape` from its elements, in row-major order without gaps; bytes.size() is
// elements(shape) * type.bytes. float64 is rounded half to even; InputError(place, ...) for an
// integer beyond 32 bits.
kernels::Tensor tensor_of(const ElementType& type, std::string_view bytes,
                          const kernels::Shape& shape, const std::string& place);

}  // namespace ane::workloads
