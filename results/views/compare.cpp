// compare: runs side by side, one line each.
//
//   readqc mlp, reads.fq.gz, 2 runs
//     chip  unit  runtime  precision  batch  latency us  items/s k  speed-up x  an item uJ  energy
//     x M4    ane   coreml   fp16         100         250 400        2.00        5.00      5.00 M4
//     cpu   direct   fp32         100         500        200        1.00        25.0      1.00
//
// (and memory, bound, the first accuracy figure). speed-up and energy are against the fastest CPU
// run of the same chip, input and batch among the runs shown: 2 means half the time or half the
// joules. `-` where there is no such run. Columns in which all runs agree stand in the heading.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "results/views/views.h"

namespace ane::results {

namespace {

// The fastest CPU run that answers the same question on the same chip.
const Record* yardstick(Records records, const Run& run) {
  const Record* best = nullptr;
  for (const Record& r : records) {
    const Run& q = r.run;
    if (q.unit != "cpu" || q.workload != run.workload || q.variant != run.variant ||
        q.input_digest != run.input_digest || q.chip != run.chip || q.batch != run.batch ||
        q.items != run.items)
      continue;
    if (!best || r.totals.latency_s < best->totals.latency_s) best = &r;
  }
  return best;
}

bool differ(Records records, std::string Run::*field) {
  return std::any_of(records.begin(), records.end(),
                     [&](const Record& r) { return r.run.*field != records[0].run.*field; });
}

// Whether two lines would read the same but for their profile.
bool profile_decides(Records records) {
  const auto shown = [](const Run& r) {
    return std::tie(r.workload, r.variant, r.input, r.chip, r.unit, r.runtime, r.precision,
                    r.overrides, r.batch);
  };
  for (const Record& a : records)
    for (const Record& b : records)
      if (shown(a.run) == shown(b.run) && a.run.profile != b.run.profile) return true;
  return false;
}

Cell ratio(double ours, const Record* cpu, double Totals::*figure) {
  if (!cpu) return {};
  return known(cpu->totals.*figure / ours);
}

}  // namespace

std::vector<Report> compare(Records records) {
  // What all runs share stands in the heading, not in each line.
  const auto if_differs = [&](std::string Run::*field, std::string title) {
    return differ(records, field) ? std::move(title) : std::string();
  };
  Table t{"runs",
          {{"workload", if_differs(&Run::workload, "workload"), ""},
           {"variant", if_differs(&Run::variant, "variant"), ""},
           {"input", if_differs(&Run::input, "input"), ""},
           {"chip", "chip", ""},
           {"unit", "unit", ""},
           {"runtime", if_differs(&Run::runtime, "runtime"), ""},
           {"profile", profile_decides(records) ? "profile" : "", ""},
           {"precision", "precision", ""},
           {"overrides", if_differs(&Run::overrides, "set"), ""},
           {"batch", "batch", ""},
           {"latency_s", "latency", "s"},
           {"throughput_items_per_s", "items/s", "count"},
           {"speed_up", "speed-up", "x"},
           {"energy_j", "", "J"},
           {"energy_per_item_j", "an item", "J"},
           {"energy_ratio", "energy", "x"},
           {"power_w", "", "W"},
           {"peak_memory_bytes", "memory", "B"},
           {"dram_bytes", "", "B"},
           {"bound", "bound", ""}},
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
    const Record* cpu = yardstick(records, q);
    t.rows.push_back({q.workload,
                      q.variant,
                      q.input,
                      q.chip,
                      q.unit,
                      q.runtime,
                      q.profile,
                      q.precision,
                      q.overrides,
                      q.batch,
                      known(s.latency_s),
                      known(s.throughput_items_per_s),
                      ratio(s.latency_s, cpu, &Totals::latency_s),
                      known(s.energy_j),
                      known(s.energy_j / static_cast<double>(q.batch)),
                      ratio(s.energy_j, cpu, &Totals::energy_j),
                      known(s.power_w),
                      told(s.peak_memory_bytes),
                      told(s.dram_bytes),
                      s.bound});
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
  block.after = {"  speed-up and energy: times less than the CPU of the same chip and batch"};
  block.table = std::move(t);
  return {{title, nullptr, {std::move(block)}}};
}

}  // namespace ane::results
