// compare: runs side by side, one line each.
//
//   matmul m=512 n=512 k=512, 2 runs
//     chip  unit  runtime     form         batch  latency us  band x  speed-up x  an item uJ energy
//     x M4    ane   coreml      accelerator 1        68.1    1.22        2.00        5.00      5.00
//     M4    cpu   accelerate  framework        1 136    1.24        1.00        25.0      1.00
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "isa/error.h"
#include "results/cause.h"
#include "results/views/views.h"

namespace ane::results {

const char* const compare_reading =
    "A line a run. band: the truth lies within latency / band to latency x band. speed-up and "
    "energy are against the fastest run on the CPU of the same chip (or on what --against "
    "names) that does the same work at the same batch, in the framework's form where it was "
    "priced: 2 means half the time or half the joules. same form: against the fastest of the "
    "line's own form, what the unit gains when both sides run one list of operators. `-` "
    "where there is no such run. Columns in which all runs agree stand in the heading.";

namespace {

bool is_against(const Run& q, const Run& run, std::string_view against) {
  if (q.unit == against || q.runtime == against) return q.chip == run.chip;
  return q.chip == against && q.unit == run.unit;
}

// The fastest run of whom it is held against that answers the same question: of that form, or, of
// an empty one, of the framework's where there is one.
const Record* yardstick(Records records, const Run& run, std::string_view against,
                        std::string_view form) {
  const Record* best = nullptr;
  const auto better = [&](const Record& r) {
    if (!best) return true;
    const bool ours = r.run.form == "framework", theirs = best->run.form == "framework";
    return ours != theirs ? ours : r.totals.latency_s < best->totals.latency_s;
  };
  for (const Record& r : records) {
    const Run& q = r.run;
    if (!is_against(q, run, against) || q.workload != run.workload || q.variant != run.variant ||
        q.input_digest != run.input_digest || q.batch != run.batch || q.items != run.items ||
        (!form.empty() && q.form != form))
      continue;
    if (better(r)) best = &r;
  }
  return best;
}

bool banded(Records records) {
  return std::any_of(records.begin(), records.end(),
                     [](const Record& r) { return r.totals.latency_band_s.has_value(); });
}

bool differ(Records records, std::string Run::*field) {
  return std::any_of(records.begin(), records.end(),
                     [&](const Record& r) { return r.run.*field != records[0].run.*field; });
}

// Whether two lines would read the same but for their profile.
bool profile_decides(Records records) {
  const auto shown = [](const Run& r) {
    return std::tie(r.workload, r.variant, r.input, r.chip, r.unit, r.runtime, r.precision, r.form,
                    r.overrides, r.batch);
  };
  for (const Record& a : records)
    for (const Record& b : records)
      if (shown(a.run) == shown(b.run) && a.run.profile != b.run.profile) return true;
  return false;
}

Cell ratio(const Totals& ours, const Record* base, double Totals::*figure,
           std::optional<Band> Totals::*band) {
  if (!base) return {};
  return estimated(base->totals.*figure / ours.*figure, ours.*band);
}

// Seconds on the CPU although another unit was asked for.
double fallback_s(const Totals& t) {
  return part(t.causes, name(Cause::fallback));
}

bool falls_back(Records records) {
  return std::any_of(records.begin(), records.end(),
                     [](const Record& r) { return fallback_s(r.totals) > 0; });
}

// Whether workload and variant tell the run's input.
bool one_input_each(Records records, const Run& run) {
  return std::none_of(records.begin(), records.end(), [&](const Record& r) {
    return r.run.workload == run.workload && r.run.variant == run.variant &&
           r.run.input != run.input;
  });
}

// Some unit or chip was priced in two forms.
bool two_forms(Records records) {
  for (const Record& a : records)
    for (const Record& b : records)
      if (a.run.unit == b.run.unit && a.run.form != b.run.form) return true;
  return false;
}

}  // namespace

std::vector<Report> compare(Records records, const Rendering& how) {
  const std::string_view against = how.against;
  const auto is = [&](const Record& r) {
    return r.run.unit == against || r.run.runtime == against || r.run.chip == against;
  };
  if (against != "cpu" && std::none_of(records.begin(), records.end(), is)) {
    std::vector<std::string> names;
    for (const Record& r : records)
      for (const std::string& n : {r.run.unit, r.run.runtime, r.run.chip})
        if (std::find(names.begin(), names.end(), n) == names.end()) names.push_back(n);
    throw InputError("--against", fmt::format("no run on '{}'", against),
                     choice_note(std::string(against), names));
  }
  const bool forms = two_forms(records);
  // A request is its own input: what it asks stands under workload and variant.
  const bool requests = std::all_of(records.begin(), records.end(), [&](const Record& r) {
    return r.run.input.starts_with("kind=") && one_input_each(records, r.run);
  });
  // What all runs share stands in the heading, not in each line.
  const auto if_differs = [&](std::string Run::*field, std::string title) {
    return differ(records, field) ? std::move(title) : std::string();
  };
  Table t{"runs",
          {{"id", "", ""},
           {"workload", if_differs(&Run::workload, "workload"), ""},
           {"variant", if_differs(&Run::variant, "variant"), ""},
           {"input", requests ? "" : if_differs(&Run::input, "input"), ""},
           {"chip", "chip", ""},
           {"unit", "unit", ""},
           {"runtime", if_differs(&Run::runtime, "runtime"), ""},
           {"profile", profile_decides(records) ? "profile" : "", ""},
           {"precision", "precision", ""},
           {"form", forms ? "form" : "", ""},
           {"overrides", if_differs(&Run::overrides, "set"), ""},
           {"batch", "batch", ""},
           {"latency_s", "latency", "s"},
           {"latency_low_s", "", "s"},
           {"latency_high_s", "", "s"},
           {"", banded(records) ? "band" : "", "x"},
           {"throughput_items_per_s", "items/s", "count"},
           {"speed_up", "speedup", "x"},
           {"speed_up_same_form", forms ? "same form" : "", "x"},
           {"energy_j", "", "J"},
           {"energy_per_item_j", "each", "J"},
           {"energy_low_j", "", "J"},
           {"energy_high_j", "", "J"},
           {"energy_ratio", "energy", "x"},
           {"energy_ratio_same_form", "", "x"},
           {"power_w", "", "W"},
           {"peak_memory_bytes", "memory", "B"},
           {"dram_bytes", "", "B"},
           {"bound", "bound", ""},
           {"fallback_share", falls_back(records) ? "on cpu" : "", "%"}},
          {}};
  std::vector<std::string> metrics;
  for (const Record& r : records)
    for (const Part& m : r.totals.accuracy)
      if (std::find(metrics.begin(), metrics.end(), m.name) == metrics.end())
        metrics.push_back(m.name);
  for (std::size_t i = 0; i < metrics.size(); ++i)  // the first is the workload's own figure
    t.columns.push_back({metrics[i], i == 0 ? metrics[i] : "", ""});
  for (const Record& r : records) {
    const Run& q = r.run;
    const Totals& s = r.totals;
    const Record* base = yardstick(records, q, against, "");
    const Record* same = yardstick(records, q, against, q.form);
    const auto ends = [](const std::optional<Band>& b) {
      return b ? std::pair<Cell, Cell>{b->low, b->high} : std::pair<Cell, Cell>{};
    };
    const auto [low, high] = ends(s.latency_band_s);
    const auto [energy_low, energy_high] = ends(s.energy_band_j);
    t.rows.push_back({nonzero(r.stored.id),
                      q.workload,
                      q.variant,
                      q.input,
                      q.chip,
                      q.unit,
                      q.runtime,
                      q.profile,
                      q.precision,
                      q.form,
                      q.overrides,
                      q.batch,
                      estimated(s.latency_s, s.latency_band_s),
                      low,
                      high,
                      s.latency_band_s
                          ? Cell{std::sqrt(s.latency_band_s->high / s.latency_band_s->low)}
                          : Cell{},
                      estimated(s.throughput_items_per_s, s.latency_band_s),
                      ratio(s, base, &Totals::latency_s, &Totals::latency_band_s),
                      ratio(s, same, &Totals::latency_s, &Totals::latency_band_s),
                      estimated(s.energy_j, s.energy_band_j),
                      estimated(s.energy_j / items_per_call(s), s.energy_band_j),
                      energy_low,
                      energy_high,
                      ratio(s, base, &Totals::energy_j, &Totals::energy_band_j),
                      ratio(s, same, &Totals::energy_j, &Totals::energy_band_j),
                      known(s.power_w),
                      nonzero(s.peak_memory_bytes),
                      nonzero(s.dram_bytes),
                      s.bound,
                      share_of(fallback_s(s), s.latency_s)});
    for (const std::string& name : metrics) {
      const auto it = std::find_if(s.accuracy.begin(), s.accuracy.end(),
                                   [&](const Part& m) { return m.name == name; });
      t.rows.back().push_back(it == s.accuracy.end() ? Cell{} : known(it->value));
    }
  }
  std::string title = differ(records, &Run::workload) ? "runs" : records[0].run.workload;
  const auto shared = [&](std::string Run::*field, std::string_view before) {
    if (!differ(records, field) && !(records[0].run.*field).empty())
      title += fmt::format("{}{}", before, records[0].run.*field);
  };
  shared(&Run::variant, " ");
  shared(&Run::input, ", ");
  shared(&Run::runtime, ", ");
  shared(&Run::profile, ", ");
  shared(&Run::overrides, ", ");
  title += fmt::format(", {} run{}", records.size(), records.size() == 1 ? "" : "s");
  Block block;
  const bool chip = std::any_of(records.begin(), records.end(),
                                [&](const Record& r) { return r.run.chip == against; });
  // Whom nobody is held against needs no word.
  if (std::any_of(records.begin(), records.end(), [&](const Record& r) {
        return yardstick(records, r.run, against, "") != nullptr;
      }))
    block.after = {fmt::format("  speed-up and energy: times less than {} and batch",
                               against == "cpu" ? std::string("the CPU of the same chip")
                               : chip           ? fmt::format("{}'s same unit", against)
                                                : fmt::format("{} of the same chip", against))};
  if (forms)
    block.after.push_back(
        "  framework: the network's own operators; accelerator: the graph made of it for the ANE; "
        "same form: both sides run one of them");
  block.table = std::move(t);
  return {{title, nullptr, {std::move(block)}}};
}

}  // namespace ane::results
