#include "sim/claims/formula.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "isa/error.h"

namespace ane::sim {
namespace {

bool name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_';
}

class Reader {
 public:
  Reader(std::string_view text, const std::function<Range(const std::string&)>& figure,
         const std::string& place)
      : text_(text), figure_(figure), place_(place) {}

  Range all() {
    const Range r = sum();
    if (peek() != '\0') fail();
    return r;
  }

 private:
  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  [[noreturn]] void fail() {
    throw InputError(place_, fmt::format("'{}' does not read at character {}", text_, at_ + 1),
                     "names, numbers, + - * / ( ), mean(a, b), between(a, b), most(a, b)");
  }
  void take(char c) {
    if (peek() != c) fail();
    ++at_;
  }

  // Of parentheses inside each other; the formulas that there are have one or two.
  static constexpr int deepest = 64;
  Range sum() {
    if (++depth_ > deepest)
      throw InputError(place_, fmt::format("parentheses more than {} deep", deepest));
    Range r = product();
    while (peek() == '+' || peek() == '-') {
      const bool plus = text_[at_++] == '+';
      const Range b = product();
      r = plus ? Range{r.low + b.low, r.high + b.high} : Range{r.low - b.high, r.high - b.low};
    }
    --depth_;
    return r;
  }
  Range product() {
    Range r = factor();
    while (peek() == '*' || peek() == '/') {
      const bool times = text_[at_++] == '*';
      const Range b = factor();
      r = times ? Range{r.low * b.low, r.high * b.high} : Range{r.low / b.high, r.high / b.low};
    }
    return r;
  }
  Range factor() {
    if (peek() == '(') {
      ++at_;
      const Range r = sum();
      take(')');
      return r;
    }
    std::string word;
    for (char c = peek(); at_ < text_.size() && name_character(c);
         c = at_ < text_.size() ? text_[at_] : '\0') {
      word += c;
      ++at_;
    }
    if (word.empty()) fail();
    double number = 0;
    const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (fault == std::errc{} && end == word.data() + word.size()) return {number, number};
    if (peek() == '(') return function(word);
    return figure_(word);
  }
  Range function(const std::string& name) {
    if (name != "mean" && name != "between" && name != "most") fail();
    std::vector<Range> parts;
    do {
      ++at_;
      parts.push_back(sum());
    } while (peek() == ',');
    take(')');
    Range r = parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i)
      r = name == "mean"   ? Range{r.low + parts[i].low, r.high + parts[i].high}
          : name == "most" ? Range{std::max(r.low, parts[i].low), std::max(r.high, parts[i].high)}
                           : Range{std::min(r.low, parts[i].low), std::max(r.high, parts[i].high)};
    const auto n = static_cast<double>(parts.size());
    return name == "mean" ? Range{r.low / n, r.high / n} : r;
  }

  std::string_view text_;
  const std::function<Range(const std::string&)>& figure_;
  const std::string& place_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Range evaluate(std::string_view formula, const std::function<Range(const std::string&)>& figure,
               const std::string& place) {
  return Reader(formula, figure, place).all();
}

std::vector<std::string> names_in(std::string_view formula) {
  std::vector<std::string> names;
  const auto figure = [&](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    return Range{1, 1};
  };
  evaluate(formula, figure, "formula");
  return names;
}

}  // namespace ane::sim
