#include "isa/number_text.h"

#include <charconv>
#include <cmath>

namespace ane::isa {

std::optional<std::int64_t> Integer::value() const {
  constexpr std::uint64_t limit = std::uint64_t{1} << 63;
  if (magnitude > (negative ? limit : limit - 1)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
}

std::optional<Integer> parse_integer(std::string_view text) {
  Integer n;
  if (text.starts_with('-')) n.negative = true, text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) base = 16, text.remove_prefix(2);
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, n.magnitude, base);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return n;
}

std::optional<double> parse_decimal(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end || !std::isfinite(value))
    return std::nullopt;
  return value;
}

}  // namespace ane::isa
