#include "results/views/views.h"

#include <fmt/format.h>

#include "isa/error.h"
#include "results/json.h"

namespace ane::results {

namespace {

// A view that depends on more than its records takes the rendering too.
template <class Collect>
std::vector<Report> collected(Collect collect, Records records, const Rendering& how) {
  if constexpr (std::is_invocable_v<Collect, Records, const Rendering&>)
    return collect(records, how);
  else
    return collect(records);
}

// A view made of reports is rendered in the same way in every style.
template <auto collect>
View of_reports(std::string_view name, std::string_view summary, const char* reading) {
  return {name, summary, reading, [](Records records, const Rendering& how) {
            const std::vector<Report> reports = collected(collect, records, how);
            return how.style == Style::text   ? text_of(reports, how.columns)
                   : how.style == Style::json ? reports_json(records, reports)
                                              : csv_of(reports, how.table);
          }};
}

}  // namespace

std::span<const View> views() {
  static const View table[] = {
      {"summary", "what a call costs, and what the run was", summary_reading, summary},
      of_reports<compare>("compare", "runs side by side, against the CPU of the same chip",
                          compare_reading),
      of_reports<layers>("layers", "operators: where they ran, why there, and their cost",
                         layers_reading),
      of_reports<timeline>("timeline", "which device is busy when, task by task", timeline_reading),
      of_reports<roofline>("roofline", "operators against peak arithmetic and peak bandwidth",
                           roofline_reading),
      of_reports<bottleneck>("bottleneck", "where the time goes and what would help at most",
                             bottleneck_reading),
      of_reports<energy>("energy", "where the joules go", energy_reading),
      of_reports<memory>("memory", "what is resident, and what moves", memory_reading),
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

std::string render(std::string_view view, Records records, const Rendering& how) {
  ANE_CHECK(!records.empty(), "a view needs a record");
  return view_named(view).render(records, how);
}

}  // namespace ane::results
