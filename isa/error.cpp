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

// Whether `text` begins with `start`, whatever the case.
bool begins(std::string_view text, std::string_view start) {
  return text.size() >= start.size() &&
         std::equal(start.begin(), start.end(), text.begin(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) ==
                  std::tolower(static_cast<unsigned char>(b));
         });
}

}  // namespace

std::vector<std::string> near_names(std::string_view given, std::span<const std::string> choices) {
  constexpr std::size_t most = 3;
  std::vector<std::string> near;
  std::size_t least = given.size() / 2 + 1;
  for (const std::string& c : choices) {
    const std::size_t d = edit_distance(given, c);
    // Of several at a distance the first stands for all, unless one letter is the whole doubt.
    if (d < least)
      least = d, near = {c};
    else if (d == least && d == 1 && !near.empty() && near.size() < most)
      near.push_back(c);
  }
  if (!near.empty() || given.empty()) return near;
  for (const std::string& c : choices)
    if (near.size() < most && begins(c, given)) near.push_back(c);
  for (const std::string& c : choices)
    if (near.empty() && c.size() > 1 && begins(given, c)) near.push_back(c);
  return near;
}

std::string nearest(std::string_view given, std::span<const std::string> choices) {
  const std::vector<std::string> near = near_names(given, choices);
  return near.empty() ? "" : near.front();
}

std::string near_note(std::string_view given, std::span<const std::string> choices) {
  std::string note;
  for (const std::string& name : near_names(given, choices))
    note += (note.empty() ? "did you mean '" : " or '") + name + "'";
  return note.empty() ? note : note + "?";
}

std::string choice_note(std::string_view given, std::span<const std::string> choices) {
  std::string note = near_note(given, choices);
  if (!note.empty()) note += " ";
  note += "one of: ";
  for (std::size_t i = 0; i < choices.size(); ++i) note += (i ? ", " : "") + choices[i];
  return note;
}

}  // namespace ane
