#include "isa/half_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "isa/error.h"
#include "isa/number_text.h"

namespace ane::isa {

double half_value(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
  double magnitude = 0;
  if (exponent == 31)
    magnitude = fraction ? std::numeric_limits<double>::quiet_NaN()
                         : std::numeric_limits<double>::infinity();
  else if (exponent == 0)
    magnitude = std::ldexp(fraction, -24);
  else
    magnitude = std::ldexp(fraction + 1024, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

std::optional<std::uint16_t> half_bits(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  const double magnitude = std::fabs(value);
  int exponent = 0;
  std::frexp(magnitude, &exponent);  // 0 for zero, which is subnormal here
  // Subnormals count in 2^-24, as the smallest normal exponent does.
  const int field = magnitude == 0 ? 1 : std::max(exponent + 14, 1);
  // A carry out of the fraction moves on into the exponent by itself.
  const double units = std::nearbyint(std::ldexp(magnitude, 25 - field));
  const double bits = units + (field - 1) * 1024.0;
  if (bits >= 0x7c00) return std::nullopt;
  return static_cast<std::uint16_t>(static_cast<int>(bits) | (std::signbit(value) ? 0x8000 : 0));
}

std::optional<std::uint16_t> parse_half(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) {
    const std::optional<Integer> n = parse_integer(text);
    if (!n || n->magnitude > 0xffff) return std::nullopt;
    return static_cast<std::uint16_t>(n->magnitude);
  }
  const std::optional<double> value = parse_decimal(text);
  return value ? half_bits(*value) : std::nullopt;
}

std::string half_text(std::uint16_t bits) {
  if ((bits >> 10 & 31) == 31) return fmt::format("{:#06x}", bits);
  for (int digits = 1; digits <= 5; ++digits) {
    std::string text = fmt::format("{:.{}g}", half_value(bits), digits);
    if (parse_half(text) == bits) return text;
  }
  ANE_CHECK(false, "five digits are enough for every half");
}

}  // namespace ane::isa
