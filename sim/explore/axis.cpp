#include "sim/explore/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "isa/error.h"
#include "sim/chips/unit_text.h"

namespace ane::sim {
namespace {

constexpr std::size_t most_values = 1'000'000;
constexpr std::string_view forms = "A,B,C or FROM..TO:STEP, FROM..TO*FACTOR, FROM..TO";

std::string number_text(double value, const std::string& unit) {
  return fmt::format("{:.12g}{}", value, unit);
}

// Where values need no unit of their own, as of keys of a request, a whole number stays whole.
std::vector<std::string> list_of(std::string_view text, const std::string& place) {
  std::vector<std::string> values;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view word = text.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (word.empty()) throw InputError(place, "an empty value", std::string(forms));
    if (std::ranges::find(values, word) != values.end())
      throw InputError(place, fmt::format("'{}' is there twice", word));
    values.emplace_back(word);
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

Quantity parse_quantity(std::string_view text, const std::string& place) {
  Quantity q;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), q.value);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const std::optional<Unit> known = parse_unit(unit);
  if (error != std::errc() || !std::isfinite(q.value) || !known)
    throw InputError(place, fmt::format("'{}' is no number with a unit", text),
                     "as 4MiB, 5ms, 60GB/s or 128");
  q.scale = known->scale;
  q.unit = unit;
  q.dimension = known->dimension;
  q.value *= q.scale;
  return q;
}

std::string Axis::at(double u) const {
  if (!continuous()) {
    const auto n = static_cast<double>(values.size());
    return values[std::min(values.size() - 1, static_cast<std::size_t>(u * n))];
  }
  const double value = logarithmic ? low * std::pow(high / low, u) : low + (high - low) * u;
  // A key of a request takes whole numbers alone.
  if (!parameter()) return fmt::format("{:.0f}", std::round(value));
  return number_text(value / scale, unit);
}

Axis parse_axis(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    throw InputError("--axis", fmt::format("'{}' is no NAME=VALUES", text),
                     "--axis ane.l2=1MiB,2MiB,4MiB");
  Axis axis;
  axis.name = text.substr(0, equals);
  axis.text = text.substr(equals + 1);
  const std::string place = "--axis " + axis.name;
  const std::size_t dots = axis.text.find("..");
  if (dots == std::string::npos) {
    axis.values = list_of(axis.text, place);
    return axis;
  }
  const std::size_t how = axis.text.find_first_of(":*", dots + 2);
  const std::string_view whole = axis.text;
  const std::string_view to_text =
      whole.substr(dots + 2, how == std::string::npos ? std::string::npos : how - dots - 2);
  const Quantity to = parse_quantity(to_text, place);
  Quantity from = parse_quantity(whole.substr(0, dots), place);
  if (from.unit.empty() && !to.unit.empty()) from.value *= to.scale, from.dimension = to.dimension;
  if (from.dimension != to.dimension)
    throw InputError(place, fmt::format("from {} to {}", from.dimension, to.dimension),
                     "both ends in one unit");
  if (!(from.value < to.value))
    throw InputError(place, fmt::format("'{}' has no value above its first", axis.text),
                     "the smaller end first");
  axis.low = from.value, axis.high = to.value;
  axis.scale = to.scale, axis.unit = to.unit;
  const std::string_view step_text =
      how == std::string::npos ? std::string_view() : whole.substr(how + 1);
  if (how == std::string::npos || step_text == "log") {
    axis.logarithmic = step_text == "log";
    if (axis.logarithmic && axis.low <= 0)
      throw InputError(place, "the logarithm of a range that begins at 0 or below",
                       "a range above 0");
    return axis;
  }
  const bool factor = whole[how] == '*';
  Quantity step = parse_quantity(step_text, place);
  if (!factor && step.unit.empty() && !to.unit.empty()) step.value *= to.scale;
  if (factor ? !(step.value > 1 && axis.low > 0 && step.unit.empty()) : !(step.value > 0))
    throw InputError(place, fmt::format("'{}' goes nowhere", axis.text),
                     factor ? "a factor above 1, from above 0" : "a step above 0");
  // The end is met in spite of rounding.
  const double last = axis.high + 1e-9 * (axis.high - axis.low);
  for (std::size_t i = 0;; ++i) {
    const double v = factor ? axis.low * std::pow(step.value, static_cast<double>(i))
                            : axis.low + static_cast<double>(i) * step.value;
    if (v > last) break;
    if (axis.values.size() == most_values)
      throw InputError(place, fmt::format("'{}' has more than {} values", axis.text, most_values),
                       "a larger step");
    axis.values.push_back(number_text(v / axis.scale, axis.unit));
  }
  return axis;
}

}  // namespace ane::sim
