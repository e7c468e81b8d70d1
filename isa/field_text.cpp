#include "isa/field_text.h"

#include <fmt/format.h>

#include <vector>

#include "isa/half_text.h"
#include "isa/line.h"
#include "isa/number_text.h"

namespace ane::isa {

std::string value_text(const Field& f, std::uint32_t word) {
  const std::int64_t value = extract({0, static_cast<std::uint8_t>(f.lo),
                                      static_cast<std::uint8_t>(f.bits), f.kind == Kind::signed_},
                                     word);
  if (f.kind == Kind::half) return half_text(static_cast<std::uint16_t>(value));
  if (f.kind == Kind::choice) return std::string(f.choices[static_cast<std::size_t>(value)]);
  return fmt::format("{}", value);
}

std::int64_t parse_value(const Field& f, std::string_view text, const std::string& place) {
  if (f.kind == Kind::choice) {
    std::vector<std::string> names;
    for (std::size_t c = 0; c < f.choices.size(); ++c) {
      if (f.choices[c] == text) return static_cast<std::int64_t>(c);
      names.emplace_back(f.choices[c]);
    }
    throw InputError(place, fmt::format("{} has no choice {}", f.name, quoted(text)),
                     choice_note(text, names));
  }
  if (f.kind == Kind::half) {
    if (const auto bits = parse_half(text)) return *bits;
    throw InputError(place, fmt::format("{} must be -65504 to 65504 or bits 0x0 to 0xffff, not {}",
                                        f.name, quoted(text)));
  }
  const std::int64_t low =
      lowest({0, 0, static_cast<std::uint8_t>(f.bits), f.kind == Kind::signed_});
  const std::int64_t high = highest_named(f);
  const std::optional<Integer> n = parse_integer(text);
  const std::optional<std::int64_t> value = n ? n->value() : std::nullopt;
  if (!value || *value < low || *value > high)
    throw InputError(place,
                     fmt::format("{} must be {} to {}, not {}", f.name, low, high, quoted(text)));
  return *value;
}

}  // namespace ane::isa
