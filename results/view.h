// Views: what can be said of stored runs. A view is a pure function of records, so that it can be
// tested with records written by hand and replayed on old runs without a simulator. Adding one is a
// file in results/views/ and a line in results/views.cpp.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/record.h"
#include "results/report.h"

namespace ane::results {

using Records = std::span<const Record>;
enum class Style { text, json, csv };

struct View {
  std::string_view name, summary;
  std::string (*text)(Records);
  std::string (*json)(Records);
  std::string (*csv)(Records, std::string_view table);
};

std::span<const View> views();

// An unknown view is an InputError with the nearest name.
const View& view_named(std::string_view name);
// `records` must not be empty. against: whom the view compare holds its lines against, a unit or
// runtime of the same chip, or a chip. table: which of the view's tables CSV is of; empty: the
// first.
std::string render(std::string_view view, Records records, Style style,
                   std::string_view against = "cpu", std::string_view table = "");

}  // namespace ane::results
