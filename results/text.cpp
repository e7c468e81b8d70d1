#include "results/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace ane::results {

std::string significant(double value, int digits) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return "0";
  // Rounded first, so that 9.996 becomes 10.0 and not 10.00.
  const std::string rounded = fmt::format("{:.{}e}", value, digits - 1);
  const int exponent = std::stoi(rounded.substr(rounded.find('e') + 1));
  if (exponent < -4 || exponent > 14) return rounded;
  return fmt::format("{:.{}f}", value, std::max(0, digits - 1 - exponent));
}

double rounded(double value, int digits) {
  if (!std::isfinite(value)) return value;
  return std::stod(fmt::format("{:.{}e}", value, digits - 1));
}

namespace {

struct Prefix {
  double factor;
  std::string_view text;
};
constexpr std::array decimal{Prefix{1e15, "P"},  Prefix{1e12, "T"}, Prefix{1e9, "G"},
                             Prefix{1e6, "M"},   Prefix{1e3, "k"},  Prefix{1, ""},
                             Prefix{1e-3, "m"},  Prefix{1e-6, "u"}, Prefix{1e-9, "n"},
                             Prefix{1e-12, "p"}, Prefix{1e-15, "f"}};
constexpr std::array binary{Prefix{1099511627776.0, "Ti"}, Prefix{1073741824.0, "Gi"},
                            Prefix{1048576.0, "Mi"}, Prefix{1024.0, "Ki"}, Prefix{1, ""}};

template <std::size_t n>
Scale choose(const std::array<Prefix, n>& prefixes, double value, std::string_view unit) {
  const double size = std::abs(value);
  if (!(size > 0) || std::isinf(size)) return {1, std::string(unit)};
  for (const Prefix& p : prefixes)
    if (size >= p.factor) return {p.factor, fmt::format("{}{}", p.text, unit)};
  return {prefixes.back().factor, fmt::format("{}{}", prefixes.back().text, unit)};
}

}  // namespace

Scale scale_for(double value, std::string_view unit) {
  if (unit == "B") return choose(binary, value, unit);
  // Things that are counted have no parts.
  if (unit.empty() && std::abs(value) < 1) return {1, ""};
  return choose(decimal, value, unit);
}

std::string with_unit(double value, std::string_view unit, int digits) {
  if (std::isnan(value)) return "-";
  if (digits < 3) value = rounded(value, digits);
  const Scale s = scale_for(value, unit);
  // Whole bytes and counts are exact, not measured.
  const bool exact = s.factor == 1 && (unit == "B" || unit.empty()) && value == std::floor(value);
  const std::string number =
      exact ? fmt::format("{:.0f}", value) : significant(value / s.factor, digits);
  return s.unit.empty() ? number : number + " " + s.unit;
}

std::string percent(double share) {
  if (std::isnan(share)) return "-";
  if (share == 0) return "0 %";
  if (share > 0 && share < 0.0005) return "<0.1 %";
  return fmt::format("{:.1f} %", share * 100);
}

std::size_t display_width(std::string_view text) {
  // The library pads by what is seen: so many columns short of the bytes, so many blanks.
  return 2 * text.size() - fmt::formatted_size("{:<{}}", text, text.size());
}

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent) {
  std::string all;
  std::size_t at = 0;  // column
  bool first = true;
  std::size_t from = std::min(text.find_first_not_of(' '), text.size());
  all += text.substr(0, from);
  at = from;
  while (from < text.size()) {
    const std::size_t end = std::min(text.find(' ', from), text.size());
    const std::string_view word = text.substr(from, end - from);
    const std::size_t next = std::min(text.find_first_not_of(' ', end), text.size());
    const std::size_t width = display_width(word);
    // Blanks within a line stay as they are: they align.
    const std::size_t blanks = first ? 0 : from - text.find_last_not_of(' ', from - 1) - 1;
    if (!first && at + blanks + width > columns) {
      all += '\n';
      all.append(indent, ' ');
      at = indent;
    } else {
      all.append(blanks, ' ');
      at += blanks;
    }
    all += word;
    at += width;
    first = false;
    from = next;
  }
  return all;
}

std::string bar(double share, int width) {
  if (!(share > 0)) return "";
  const int cells = static_cast<int>(std::lround(std::min(share, 1.0) * width));
  return std::string(static_cast<std::size_t>(std::max(1, cells)), '#');
}

}  // namespace ane::results
