// Number formats as rows: what a tensor, a weight stream or a register can hold. Codes are those of
// the ISA's FMT fields (docs/isa/formats.md).
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ane::isa {

enum class Format : std::uint8_t { u8 = 0, i8 = 1, fp16 = 2, fp32 = 3, i32 = 4 };

struct FormatInfo {
  Format format;
  std::string_view name, summary;
  int bits;
  bool is_float, is_signed;
};

inline constexpr std::array formats{
    FormatInfo{Format::u8, "u8", "unsigned 8-bit integer", 8, false, false},
    FormatInfo{Format::i8, "i8", "signed 8-bit integer", 8, false, true},
    FormatInfo{Format::fp16, "fp16", "IEEE 754 binary16", 16, true, true},
    FormatInfo{Format::fp32, "fp32", "IEEE 754 binary32 (DMA conversion only)", 32, true, true},
    FormatInfo{Format::i32, "i32", "signed 32-bit integer (indices, accumulator dumps)", 32, false,
               true},
};

// Rows stand at the index of their code, so that info() is a look-up.
consteval bool in_order() {
  for (std::size_t i = 0; i < formats.size(); ++i)
    if (static_cast<std::size_t>(formats[i].format) != i) return false;
  return true;
}
static_assert(in_order());

constexpr const FormatInfo& info(Format f) {
  return formats[static_cast<std::size_t>(f)];
}
constexpr std::int64_t byte_size(Format f) {
  return info(f).bits / 8;
}

constexpr std::optional<Format> format_named(std::string_view name) {
  for (const FormatInfo& f : formats)
    if (f.name == name) return f.format;
  return std::nullopt;
}

}  // namespace ane::isa
