#include "sim/cli/value_list.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

#include "isa/error.h"
#include "isa/file.h"
#include "kernels/arith/round.h"

namespace ane::sim {
namespace {

using kernels::arith::Half;
constexpr std::size_t most_items = std::size_t{1} << 24;
constexpr std::string_view forms =
    "an item is a decimal, 2^b, a*2^b, hex bits as 0x7c00, `v xN` for repetition, or @file";

bool separates(char c) {
  return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

template <class T>
std::optional<T> whole(std::string_view text) {
  T value{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "12.5", "2^-16", "+3", "-2^3" (which is -8).
std::optional<double> factor(std::string_view text) {
  double sign = 1;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) return std::nullopt;
  }
  if (text.starts_with("2^")) {
    text.remove_prefix(2);
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto exponent = whole<int>(text);
    if (!exponent || std::abs(*exponent) > 1000) return std::nullopt;
    return std::ldexp(sign, *exponent);
  }
  // Not "inf", "nan" nor hexadecimal: from_chars would take the first two.
  if (text.empty() || (text[0] != '.' && (text[0] < '0' || text[0] > '9'))) return std::nullopt;
  const auto value = whole<double>(text);
  if (!value) return std::nullopt;
  return sign * *value;
}

std::optional<double> product(std::string_view text) {
  double value = 1;
  for (;;) {
    const std::size_t star = text.find('*');
    const auto f = factor(text.substr(0, star));
    if (!f) return std::nullopt;
    const bool zero = value == 0 || *f == 0;
    value *= *f;
    if (star == std::string_view::npos) return value;
    // What has become infinite or too small does not come back: 2^1000*2^1000*0 has no value.
    if (!zero && !std::isnormal(value)) return std::nullopt;
    text.remove_prefix(star + 1);
  }
}

std::optional<std::uint16_t> hex_bits(std::string_view text) {
  if (!text.starts_with("0x") && !text.starts_with("0X")) return std::nullopt;
  text.remove_prefix(2);
  std::uint16_t bits = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return bits;
}

std::string contents(const std::string& path, const std::string& place) {
  try {
    return read_file(path, std::uint64_t{64} << 20);
  } catch (const InputError& e) {
    throw InputError(place, fmt::format("cannot read the file '{}': {}", path, e.what()),
                     "@ names a file of items");
  }
}

class Parser {
 public:
  Parser(std::string_view option, bool in_file) : option_(option), in_file_(in_file) {}

  void parse(std::string_view text) {
    std::size_t line = 1, line_start = 0;
    for (std::size_t at = 0; at < text.size();) {
      if (separates(text[at])) {
        if (text[at] == '\n') ++line, line_start = at + 1;
        ++at;
        continue;
      }
      std::size_t end = at;
      while (end < text.size() && !separates(text[end])) ++end;
      ++number_;
      place_ = in_file_ ? fmt::format("{}:{}: item {}, character {}", option_, line, number_,
                                      at - line_start + 1)
                        : fmt::format("{}: item {}, character {}", option_, number_, at + 1);
      take(text.substr(at, end - at));
      at = end;
    }
  }

  std::vector<ListedValue> items;

 private:
  void take(std::string_view word) {
    if (word[0] == 'x') return repeat(word);
    if (word[0] == '@') return include(word);
    ListedValue item{0, hex_bits(word), std::string(word), place_};
    if (!item.bits) {
      const auto value = product(word);
      if (!value) fail(fmt::format("'{}' is not a number", word));
      item.value = *value;
    }
    add(std::move(item));
  }

  void repeat(std::string_view word) {
    const auto times = whole<std::uint32_t>(word.substr(1));
    if (!times || *times == 0) fail(fmt::format("'{}' is not a repetition", word));
    if (!repeatable_) fail(fmt::format("'{}' has no value before it to repeat", word));
    make_room(*times - 1);
    items.back().times += *times - 1;
    repeatable_ = false;
  }

  void include(std::string_view word) {
    if (in_file_) fail("a list in a file cannot name a further file");
    const std::string path(word.substr(1));
    Parser file(path, true);
    file.parse(contents(path, place_));
    for (ListedValue& item : file.items) add(std::move(item));
    repeatable_ = false;
  }

  void add(ListedValue item) {
    make_room(item.times);
    items.push_back(std::move(item));
    repeatable_ = true;
  }

  void make_room(std::size_t values) {
    if (values > most_items - count_)
      throw InputError(place_, fmt::format("more than {} values", most_items), "");
    count_ += values;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(place_, what, std::string(forms));
  }

  std::string option_, place_;
  bool in_file_, repeatable_ = false;
  std::size_t number_ = 0, count_ = 0;
};

// Each value of the list through `convert`, repeated ones once.
template <class Convert>
auto converted(const std::vector<ListedValue>& list, Convert convert) {
  std::vector<decltype(convert(list[0]))> values;
  values.reserve(value_count(list));
  for (const ListedValue& item : list) values.insert(values.end(), item.times, convert(item));
  return values;
}

}  // namespace

std::vector<ListedValue> parse_list(std::string_view text, std::string_view option) {
  Parser parser(option, false);
  parser.parse(text);
  if (parser.items.empty())
    throw InputError(std::string(option), "the list is empty", std::string(forms));
  return std::move(parser.items);
}

std::size_t value_count(const std::vector<ListedValue>& list) {
  std::size_t count = 0;
  for (const ListedValue& item : list) count += item.times;
  return count;
}

ListedValue parse_single(std::string_view text, std::string_view option) {
  std::vector<ListedValue> list = parse_list(text, option);
  if (const std::size_t count = value_count(list); count != 1)
    throw InputError(list[list[0].times == 1 ? 1 : 0].place,
                     fmt::format("{} takes one value, not {}", option, count), "");
  return std::move(list[0]);
}

Half as_half(const ListedValue& item) {
  if (item.bits) return {*item.bits};
  const Half h = kernels::arith::to_half(item.value);
  if (kernels::arith::is_infinite(h))
    throw InputError(item.place, fmt::format("'{}' is beyond binary16 (65504)", item.text),
                     "write bits for exponent field 31: 0x7c00 is 65536 to the multipliers of "
                     "ane16, else infinity");
  return h;
}

std::vector<Half> as_halves(const std::vector<ListedValue>& list) {
  return converted(list, as_half);
}

std::int64_t as_integer(const ListedValue& item, std::int64_t low, std::int64_t high) {
  if (item.bits || item.value != std::floor(item.value) || item.value < static_cast<double>(low) ||
      item.value > static_cast<double>(high))
    throw InputError(item.place,
                     fmt::format("'{}' is not a whole number from {} to {}", item.text, low, high));
  return static_cast<std::int64_t>(item.value);
}

std::vector<std::int8_t> as_int8(const std::vector<ListedValue>& list) {
  return converted(list, [](const ListedValue& item) {
    return static_cast<std::int8_t>(as_integer(item, -128, 127));
  });
}

}  // namespace ane::sim
