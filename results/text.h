// Numbers and tables for people: three significant digits, units in the header, `-` where a number
// has no meaning.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace ane::results {

// `digits` significant digits, never an exponent between 1e-4 and 1e15, never a digit before the
// point dropped: 0.0213, 3.14, 31.4, 3142. NaN is "-".
std::string significant(double value, int digits = 3);

// The value with so many digits that are not zero: 426 of two is 430.
double rounded(double value, int digits);

// A scaled unit: factor of the SI unit and the text after the number.
struct Scale {
  double factor = 1;
  std::string unit{};
};
// The prefix that makes `value` lie in [1, 1000): f p n u m - k M G T P; for bytes Ki Mi Gi Ti. An
// empty unit counts things: "k", "M". Zero and NaN have no prefix.
Scale scale_for(double value, std::string_view unit);

// scale_for and significant: "1.23 ms", "96.0 KiB", "4.67 M", "-". Fewer digits than three are all
// that is said: "430 us".
std::string with_unit(double value, std::string_view unit, int digits = 3);

std::string percent(double share);  // "12.3 %", "<0.1 %", "-"

// Columns that a text takes on a terminal.
std::size_t display_width(std::string_view text);
// Breaks at blanks so that no line is wider than `columns`, where its words allow that; what
// follows a break is indented by `indent`. Without a line feed at the end.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent = 0);

// `width` cells of which `share` (0..1) are filled with '#', at least one if share > 0.
std::string bar(double share, int width);

}  // namespace ane::results
