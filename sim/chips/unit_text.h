// Units as people and data files write them: "1.4 GHz", "2MiB", "45 pJ/B". A unit is a factor or a
// quotient of two, each an optional SI or binary prefix before a base. Values are held in the base
// units (Hz, s, B, W, J, V, FLOP, OP, MAC, element, cycle, row, 1 and their quotients); a bit is an
// eighth of a byte.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace ane::sim {

struct Unit {
  double scale = 1;             // one of this unit in base units
  std::string dimension = "1";  // the base unit: "B/s"; "1" for counts, ratios and truth values
};

// nullopt when the text is no unit. The empty text is the unit of counts.
std::optional<Unit> parse_unit(std::string_view text);

// A number with its unit in shortest useful form: (2097152, "B") -> "2 MiB", (68.3e9, "B/s") ->
// "68.3 GB/s". Whole binary multiples of bytes take binary prefixes, rates and the rest decimal.
std::string with_unit(double value, std::string_view dimension);

}  // namespace ane::sim
