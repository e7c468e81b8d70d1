#include "isa/error.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <vector>

namespace ane {
namespace {

// Letters to insert, delete, replace or swap with their neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  const auto same = [&](std::size_t i, std::size_t j) {
    return std::tolower(static_cast<unsigned char>(a[i - 1])) ==
           std::tolower(static_cast<unsigned char>(b[j - 1]));
  };
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(i, j) ? 0 : 1)});
      if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j))
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view given, std::span<const std::string> choices) {
  std::string best;
  std::size_t best_distance = given.size() / 2 + 1;
  for (const std::string& c : choices) {
    const std::size_t d = edit_distance(given, c);
    if (d < best_distance) best_distance = d, best = c;
  }
  return best;
}

std::string choice_note(std::string_view given, std::span<const std::string> choices) {
  std::string note;
  if (const std::string near = nearest(given, choices); !near.empty())
    note = "did you mean '" + near + "'? ";
  note += "one of: ";
  for (std::size_t i = 0; i < choices.size(); ++i) note += (i ? ", " : "") + choices[i];
  return note;
}

}  // namespace ane
