// Programs as files. All numbers little-endian; a string is a 32-bit length and that many bytes.
//
//   "ANEX", version u32, size of the file u64, CRC-32 of all that follows u32
//   name, chip, profile: strings
//   operators: u32 count, strings
//   sections: u32 count, each: bar u32, name, size u64, length of contents u64, contents
//   tensors: u32 count, each: name, bar u32, format u32, flags u32 (1 input, 2 output), offset u64,
//     n c h w sn sc sh sw u64
//   words: u64 count, u32 each
//
// The reader takes exactly what the writer writes: a changed bit, a missing or additional byte, a
// newer version or a value out of range is an error.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isa/program.h"

namespace ane::isa {

inline constexpr std::uint32_t container_version = 1;

std::vector<std::uint8_t> to_container(const Program& program);

// `source` stands before the byte's offset in errors: InputError at "source: byte N".
Program from_container(std::span<const std::uint8_t> bytes, std::string_view source);

// Errors: InputError at the path when it cannot be read or written. A file is written whole, or
// what was there before stays.
Program load_program(const std::string& path);
void save_program(const Program& program, const std::string& path);

}  // namespace ane::isa
