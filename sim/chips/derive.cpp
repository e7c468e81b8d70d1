#include "sim/chips/derive.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <set>

#include "isa/error.h"
#include "sim/chips/unit_text.h"

namespace ane::sim {
namespace {

class Derivation {
 public:
  explicit Derivation(Description& d) : d_(d) {}

  double value_of(std::string_view path, std::string_view place) {
    const auto found = d_.parameters.find(path);
    if (found == d_.parameters.end())
      throw InputError(std::string(place),
                       fmt::format("derived from the unknown parameter '{}'", path));
    Parameter& p = found->second;
    if (p.kind != "derived" || done_.contains(path)) return p.value;
    if (!open_.insert(path).second)
      throw InputError(std::string(p.place), fmt::format("{}: derived from itself", path));
    Reader r{p.from, 0};
    const double v = product(r, p.place);
    if (r.peek() != '\0')
      throw InputError(std::string(p.place), fmt::format("{}: cannot read '{}' of \"{}\"", path,
                                                         p.from.substr(r.at), p.from));
    p.value = v;
    done_.insert(path);
    return v;
  }

 private:
  struct Reader {
    std::string_view text;
    std::size_t at;
    char peek() {
      while (at < text.size() && text[at] == ' ') ++at;
      return at < text.size() ? text[at] : '\0';
    }
  };

  double product(Reader& r, std::string_view place) {
    double v = factor(r, place);
    for (char c = r.peek(); c == '*' || c == '/'; c = r.peek()) {
      ++r.at;
      const double f = factor(r, place);
      v = c == '*' ? v * f : v / f;
    }
    return v;
  }

  double factor(Reader& r, std::string_view place) {
    const char c = r.peek();
    if (c == '(') {
      ++r.at;
      const double v = product(r, place);
      if (r.peek() != ')')
        throw InputError(std::string(place), fmt::format("no ')' in \"{}\"", r.text));
      ++r.at;
      return v;
    }
    const char* first = r.text.data() + r.at;
    const char* last = r.text.data() + r.text.size();
    if (std::isdigit(static_cast<unsigned char>(c))) {
      double v = 0;
      r.at += static_cast<std::size_t>(std::from_chars(first, last, v).ptr - first);
      return v;
    }
    const char* end = first;
    while (end != last &&
           (std::isalnum(static_cast<unsigned char>(*end)) || *end == '_' || *end == '.'))
      ++end;
    if (end == first)
      throw InputError(std::string(place),
                       fmt::format("a number or a path is missing in \"{}\"", r.text));
    r.at += static_cast<std::size_t>(end - first);
    return value_of(std::string_view(first, end), place);
  }

  Description& d_;
  std::set<std::string_view> open_, done_;  // texts of the description
};

}  // namespace

void derive(Description& d, std::string_view file) {
  std::vector<std::pair<std::string_view, double>> stated;
  for (const auto& [path, p] : d.parameters)
    if (p.kind == "derived") stated.emplace_back(path, p.value);
  Derivation derivation(d);
  for (const auto& [path, before] : stated) {
    Parameter& p = d.parameters.find(path)->second;
    derivation.value_of(path, p.place);
    const bool of_file = !file.empty() && p.place.starts_with(file) &&
                         p.place.size() > file.size() && p.place[file.size()] == ':';
    if (of_file && std::fabs(p.value - before) > 0.005 * std::fabs(p.value))
      throw InputError(std::string(p.place), fmt::format("{}: states {}, but its 'from' gives {}",
                                                         path, with_unit(before, p.dimension),
                                                         with_unit(p.value, p.dimension)));
    if (before == 0) continue;
    if (p.low) *p.low *= p.value / before;
    if (p.high) *p.high *= p.value / before;
  }
}

}  // namespace ane::sim
