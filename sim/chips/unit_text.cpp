#include "sim/chips/unit_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace ane::sim {
namespace {

struct Prefix {
  std::string_view text;
  double scale;
  bool binary;
};
constexpr Prefix prefixes[] = {
    {"", 1, false},       {"Ki", 0x1p10, true}, {"Mi", 0x1p20, true}, {"Gi", 0x1p30, true},
    {"Ti", 0x1p40, true}, {"f", 1e-15, false},  {"p", 1e-12, false},  {"n", 1e-9, false},
    {"u", 1e-6, false},   {"m", 1e-3, false},   {"k", 1e3, false},    {"M", 1e6, false},
    {"G", 1e9, false},    {"T", 1e12, false},   {"P", 1e15, false},
};

struct Base {
  std::string_view text, dimension;
  double scale;
};
constexpr Base bases[] = {
    {"Hz", "Hz", 1},       {"s", "s", 1},     {"B", "B", 1}, {"bit", "B", 0.125},
    {"W", "W", 1},         {"J", "J", 1},     {"V", "V", 1}, {"FLOP", "FLOP", 1},
    {"OP", "OP", 1},       {"MAC", "MAC", 1}, {"T", "T", 1}, {"element", "element", 1},
    {"cycle", "cycle", 1}, {"1", "1", 1},
};

std::optional<Unit> parse_factor(std::string_view text) {
  for (const Base& b : bases) {
    if (!text.ends_with(b.text)) continue;
    const std::string_view front = text.substr(0, text.size() - b.text.size());
    if (b.dimension == "1" && !front.empty()) continue;
    for (const Prefix& p : prefixes)
      if (p.text == front && (!p.binary || b.dimension == "B"))
        return Unit{p.scale * b.scale, std::string(b.dimension)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Unit> parse_unit(std::string_view text) {
  if (text.empty()) return Unit{};
  const std::size_t slash = text.find('/');
  const std::optional<Unit> top = parse_factor(text.substr(0, slash));
  if (!top || slash == std::string_view::npos) return top;
  const std::optional<Unit> below = parse_factor(text.substr(slash + 1));
  if (!below) return std::nullopt;
  return Unit{top->scale / below->scale, top->dimension + "/" + below->dimension};
}

std::string with_unit(double value, std::string_view dimension) {
  if (dimension == "1") return fmt::format("{:.6g}", value);
  const double size = std::fabs(value);
  if (dimension == "B") {
    for (const auto& [text, scale] : {std::pair{"TiB", 0x1p40}, std::pair{"GiB", 0x1p30},
                                      std::pair{"MiB", 0x1p20}, std::pair{"KiB", 0x1p10}})
      if (size >= scale && std::fmod(value * 4, scale) == 0)
        return fmt::format("{:.6g} {}", value / scale, text);
  }
  const bool prefixable = dimension != "cycle" && !dimension.ends_with("/cycle");
  if (prefixable && size > 0) {
    std::string_view best;
    double scale = 1;
    for (const Prefix& p : prefixes)
      if (!p.binary && size >= p.scale * 0.99999999 && (best.empty() || p.scale > scale))
        best = p.text.empty() ? " " : p.text, scale = p.scale;
    if (best == " ") best = "";
    if (scale != 1) return fmt::format("{:.6g} {}{}", value / scale, best, dimension);
  }
  return fmt::format("{:.6g} {}", value, dimension);
}

}  // namespace ane::sim
