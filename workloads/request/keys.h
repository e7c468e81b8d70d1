// The keys of a kind of request, each bound to a member of the kind's struct: one line a key, from
// which texts are read and written.
#pragma once
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isa/error.h"
#include "workloads/request/terms.h"

namespace ane::workloads {

struct Key {
  std::string_view name, help;
  // Sets the member of `object` from the text; InputError at `place` for a value of the wrong form
  // or out of range.
  void (*read)(void* object, const Key& key, std::string_view text, const std::string& place);
  // The member's text, or nothing where it is as in `plain`, an object of defaults; without one
  // always the text.
  std::optional<std::string> (*write)(const void* object, const void* plain);
  bool needed = false;
  bool lowering = false;          // how the accelerator's compiler goes about it, not what is asked
  bool choice = false;            // changes how the work is done, not what it answers
  double least = 0, most = 1e15;  // of numbers
  std::vector<std::string> (*values)() = nullptr;  // all that there are; of numbers and names none
};

namespace keys {

template <class T>
struct OfMember;
template <class C, class V>
struct OfMember<V C::*> {
  using Class = C;
  using Value = V;
};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

// "m=4000 or m=4096" for m=4k, which may mean either; else nothing.
std::string thousands_note(std::string_view key, std::string_view text);

template <class T>
T parse_number(const Key& key, std::string_view text, const std::string& place) {
  T v{};
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), v);
  if constexpr (std::is_integral_v<T>)
    if (fault == std::errc{} && end != text.data() + text.size()) {
      // 1e3 is a whole number as well.
      double real = 0;
      const auto [last, odd] = std::from_chars(text.data(), text.data() + text.size(), real);
      if (odd == std::errc{} && std::fabs(real) < 0x1p53 && real == std::floor(real)) {
        const auto whole = static_cast<std::int64_t>(real);
        if (!std::in_range<T>(whole)) fault = std::errc::result_out_of_range;
        v = static_cast<T>(whole), end = last;
      }
    }
  if (fault == std::errc::result_out_of_range)
    throw InputError(place, fmt::format("{}: {} is out of range", key.name, text),
                     fmt::format("{:g} to {:g}", key.least, key.most));
  if (fault != std::errc{} || end != text.data() + text.size())
    throw InputError(place,
                     fmt::format("{}: '{}' is no {}", key.name, text,
                                 std::is_integral_v<T> ? "whole number" : "number"),
                     thousands_note(key.name, text));
  const auto x = static_cast<double>(v);
  if (x == 0 && key.least == 1)
    throw InputError(place, fmt::format("{}: must be at least 1", key.name));
  if (!(x >= key.least && x <= key.most))
    throw InputError(place, fmt::format("{}: {} is out of range", key.name, text),
                     fmt::format("{:g} to {:g}", key.least, key.most));
  return v;
}

template <class V>
V parse_value(const Key& key, std::string_view text, const std::string& place) {
  if constexpr (IsOptional<V>::value) {
    return parse_value<typename V::value_type>(key, text, place);
  } else if constexpr (std::is_same_v<V, std::string>) {
    return std::string(text);
  } else if constexpr (std::is_same_v<V, bool>) {
    if (text != "0" && text != "1")
      throw InputError(place, fmt::format("{}: '{}' is neither 0 nor 1", key.name, text));
    return text == "1";
  } else if constexpr (std::is_enum_v<V>) {
    return parse_term<V>(key.name, text, place);
  } else {
    return parse_number<V>(key, text, place);
  }
}

template <class V>
std::string value_text(const V& v) {
  if constexpr (IsOptional<V>::value) {
    return value_text(*v);
  } else if constexpr (std::is_same_v<V, bool>) {
    return v ? "1" : "0";
  } else if constexpr (std::is_enum_v<V>) {
    return std::string(name(v));
  } else {
    return fmt::format("{}", v);
  }
}

// The texts of a closed set of values.
template <class V>
std::vector<std::string> all_values() {
  if constexpr (IsOptional<V>::value) {
    return all_values<typename V::value_type>();
  } else if constexpr (std::is_same_v<V, bool>) {
    return {"0", "1"};
  } else if constexpr (std::is_enum_v<V>) {
    const auto names = names_of(V{});
    return {names.begin(), names.end()};
  } else {
    return {};
  }
}

}  // namespace keys

// A key for that member: key<&Conv::cin>("cin", "input channels"). Object: what `read` and `write`
// are handed, the member's class or one derived from it.
template <auto Member, class Object = typename keys::OfMember<decltype(Member)>::Class>
constexpr Key key(std::string_view name, std::string_view help, double least = 0,
                  double most = 1e15) {
  using V = typename keys::OfMember<decltype(Member)>::Value;
  return {.name = name,
          .help = help,
          .read =
              [](void* object, const Key& k, std::string_view text, const std::string& place) {
                static_cast<Object*>(object)->*Member = keys::parse_value<V>(k, text, place);
              },
          .write = [](const void* object, const void* plain) -> std::optional<std::string> {
            const V& v = static_cast<const Object*>(object)->*Member;
            if (plain != nullptr && v == static_cast<const Object*>(plain)->*Member)
              return std::nullopt;
            return keys::value_text(v);
          },
          .least = least,
          .most = most,
          .values = keys::all_values<V>};
}
// The same of a key that must be given; a count of it is at least 1.
template <auto Member>
constexpr Key needed(std::string_view name, std::string_view help, double least = 1,
                     double most = 1e15) {
  Key k = key<Member>(name, help, least, most);
  k.needed = true;
  return k;
}

// A key of how the work is lowered: two lines of a comparison may differ in it.
template <auto Member>
constexpr Key lowering(std::string_view name, std::string_view help, double least = 0,
                       double most = 1e15) {
  Key k = key<Member>(name, help, least, most);
  k.lowering = k.choice = true;
  return k;
}

// A key that leaves the answers as they are, and that a line of a comparison is told by.
template <auto Member>
constexpr Key choice(std::string_view name, std::string_view help, double least = 0,
                     double most = 1e15) {
  Key k = key<Member>(name, help, least, most);
  k.choice = true;
  return k;
}

}  // namespace ane::workloads
