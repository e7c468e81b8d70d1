#include "results/views/views.h"

#include <fmt/format.h>

#include "isa/error.h"
#include "results/json.h"

namespace ane::results {

namespace {

// A view made of reports is rendered in the same way in every style.
template <auto collect>
constexpr View of_reports(std::string_view name, std::string_view summary) {
  return {name, summary, [](Records r) { return text_of(collect(r)); },
          [](Records r) { return reports_json(collect(r)); },
          [](Records r, std::string_view table) { return csv_of(collect(r), table); }};
}

}  // namespace

std::span<const View> views() {
  static constexpr View table[] = {
      {"summary", "what a call costs, and what the run was", summary_text, records_json,
       summary_csv},
      of_reports<compare>("compare", "runs side by side, against the CPU of the same chip"),
      of_reports<layers>("layers", "operators: where they ran, why there, and their cost"),
      of_reports<timeline>("timeline", "which device is busy when, task by task"),
      of_reports<roofline>("roofline", "operators against peak arithmetic and peak bandwidth"),
      of_reports<bottleneck>("bottleneck", "where the time goes and what would help at most"),
      of_reports<energy>("energy", "where the joules go"),
      of_reports<memory>("memory", "what is resident, and what moves"),
  };
  return table;
}

const View& view_named(std::string_view name) {
  std::vector<std::string> names;
  for (const View& v : views()) {
    if (v.name == name) return v;
    names.emplace_back(v.name);
  }
  throw InputError("--view", fmt::format("unknown view '{}'", name), choice_note(name, names));
}

std::string render(std::string_view view, Records records, Style style, std::string_view against,
                   std::string_view table) {
  ANE_CHECK(!records.empty(), "a view needs a record");
  if (view == "compare") {
    const std::vector<Report> reports = compare_against(records, against);
    return style == Style::text   ? text_of(reports)
           : style == Style::json ? records_and_reports_json(records, reports)
                                  : csv_of(reports, table);
  }
  const View& v = view_named(view);
  if (style == Style::csv) return v.csv(records, table);
  return (style == Style::text ? v.text : v.json)(records);
}

}  // namespace ane::results
