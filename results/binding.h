// Visitors of the column lists (results/columns.h): their names for an INSERT or SELECT, the
// binding of a row to a statement, the reading of a row.
#pragma once
#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>

#include "results/sqlite.h"

namespace ane::results {

// The names of a column list, made by visiting an empty row.
struct Names {
  std::string joined{}, marks{};
  void operator()(std::string_view name, const auto&) {
    joined += fmt::format("{}{}", joined.empty() ? "" : ", ", name);
    marks += marks.empty() ? "?" : ", ?";
  }
};

struct Binder {
  Statement& to;
  int at = 0;
  template <class T>
  void operator()(std::string_view, const T& value) {
    to.bind_at(++at, value);
  }
};

struct Reader {
  const Statement& from;
  int at = 0;
  template <class T>
  void operator()(std::string_view, T& value) {
    if constexpr (std::same_as<T, std::string>) {
      value = from.text(at++);
    } else if constexpr (std::floating_point<T>) {
      value = from.real(at++);
    } else {
      value = static_cast<T>(from.integer(at++));
    }
  }
};

}  // namespace ane::results
