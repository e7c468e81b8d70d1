#include "isa/error.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace ane {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = std::tolower(a[i - 1]) == std::tolower(b[j - 1]);
      const std::size_t replaced = diagonal + (same ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
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
