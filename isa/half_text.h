// binary16 in text: a decimal that gives the same 16 bits when it is read again, or the bits as
// 0x7e00. Only text is rounded here (half to even); arithmetic on halves is kernels/arith.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ane::isa {

// Shortest decimal that reads back to `bits`; bits in hexadecimal for exponent 31, which is
// infinity or a large number depending on the profile.
std::string half_text(std::uint16_t bits);

// "0.1", "-0", "6e-8", "0x3c00" (the bits). Nothing for what is not a number or lies outside
// -65504 to 65504 after rounding.
std::optional<std::uint16_t> parse_half(std::string_view text);

// The 16 bits nearest to a finite value, ties to even; nothing when that is beyond 65504.
std::optional<std::uint16_t> half_bits(double value);
double half_value(std::uint16_t bits);  // exponent 31 as IEEE 754: infinity or NaN

}  // namespace ane::isa
