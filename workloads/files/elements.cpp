#include "workloads/files/elements.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "isa/error.h"

namespace ane::workloads {
namespace {

using isa::Format;

constexpr std::array types{ElementType{"torch.FloatStorage", "F32", 4, Format::fp32},
                           ElementType{"torch.HalfStorage", "F16", 2, Format::fp16},
                           ElementType{"torch.IntStorage", "I32", 4, Format::i32},
                           ElementType{"torch.CharStorage", "I8", 1, Format::i8},
                           ElementType{"torch.ByteStorage", "U8", 1, Format::u8},
                           ElementType{"torch.BFloat16Storage", "BF16", 2, Format::fp32},
                           ElementType{"torch.DoubleStorage", "F64", 8, Format::fp32},
                           ElementType{"torch.LongStorage", "I64", 8, Format::i32},
                           ElementType{"torch.ShortStorage", "I16", 2, Format::i32},
                           ElementType{"torch.BoolStorage", "BOOL", 1, Format::u8}};

template <class From, class To, class Convert>
void convert(std::string_view bytes, std::span<To> to, Convert one) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    From v;
    std::memcpy(&v, bytes.data() + i * sizeof(From), sizeof(From));
    to[i] = one(v);
  }
}

}  // namespace

std::span<const ElementType> element_types() {
  return types;
}

const ElementType* element_type_of_storage(std::string_view torch) {
  for (const ElementType& t : types)
    if (t.torch == torch) return &t;
  return nullptr;
}

const ElementType* element_type_of_safetensors(std::string_view name) {
  for (const ElementType& t : types)
    if (t.safetensors == name) return &t;
  return nullptr;
}

kernels::Tensor tensor_of(const ElementType& type, std::string_view bytes,
                          const kernels::Shape& shape, const std::string& place) {
  kernels::Tensor out(type.format, shape);
  ANE_CHECK(bytes.size() == static_cast<std::size_t>(out.size()) * type.bytes,
            "elements without gaps");
  if (bytes.empty()) return out;
  const auto to_i32 = [&](std::int64_t v) {
    if (!std::in_range<std::int32_t>(v))
      throw InputError(place, fmt::format("{} is no 32-bit integer", v));
    return static_cast<std::int32_t>(v);
  };
  if (type.bytes == static_cast<std::size_t>(isa::byte_size(type.format))) {
    if (!bytes.empty()) std::memcpy(out.bytes.data(), bytes.data(), bytes.size());
  } else if (type.format == Format::i32 && type.bytes == 8) {
    convert<std::int64_t>(bytes, out.as<std::int32_t>(), to_i32);
  } else if (type.format == Format::i32) {
    convert<std::int16_t>(bytes, out.as<std::int32_t>(), to_i32);
  } else if (type.bytes == 8) {
    convert<double>(bytes, out.as<float>(), [](double v) { return static_cast<float>(v); });
  } else {
    convert<std::uint16_t>(bytes, out.as<float>(), [](std::uint16_t v) {
      return std::bit_cast<float>(static_cast<std::uint32_t>(v) << 16);
    });
  }
  return out;
}

}  // namespace ane::workloads
