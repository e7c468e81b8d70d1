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

struct Rendering {
  Style style;
  std::string against = "cpu";          // of compare: a unit or runtime of the same chip, or a chip
  std::string table{};                  // which of the view's tables CSV is of; empty: the first
  std::size_t columns = usual_columns;  // that text may take; all_columns: any

  Rendering(Style s) : style(s) {}  // as a style alone, the rest as usual
};

struct View {
  std::string_view name, summary;
  const char* reading;  // how it is read: what its columns are
  std::string (*render)(Records, const Rendering&);
};

std::span<const View> views();

// An unknown view is an InputError with the nearest name.
const View& view_named(std::string_view name);
// `records` must not be empty.
std::string render(std::string_view view, Records records, const Rendering& how);

}  // namespace ane::results
