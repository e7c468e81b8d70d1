// Numbers in assembler text.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace ane::isa {

struct Integer {
  bool negative = false;
  std::uint64_t magnitude = 0;
  // The value where it fits: -2^63 to 2^63 - 1.
  std::optional<std::int64_t> value() const;
};

// "12", "-3", "0x40", "-0x8". Nothing for anything else, also for more than 64 bits.
std::optional<Integer> parse_integer(std::string_view text);

// A finite decimal number: "1", "-0.5", "6e-8".
std::optional<double> parse_decimal(std::string_view text);

}  // namespace ane::isa
