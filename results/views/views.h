// The views, one file each, which shows a sample of its text and says how to read it.
#pragma once
#include <string_view>
#include <vector>

#include "results/report.h"
#include "results/view.h"

namespace ane::results {

std::string summary(Records records, const Rendering& how);
// InputError for an `against` that no record is.
std::vector<Report> compare(Records records, const Rendering& how);
std::vector<Report> layers(Records records);
std::vector<Report> timeline(Records records, const Rendering& how);
std::vector<Report> roofline(Records records);
std::vector<Report> bottleneck(Records records);
std::vector<Report> energy(Records records);
std::vector<Report> memory(Records records);

// How each is read, for its user.
extern const char* const summary_reading;
extern const char* const compare_reading;
extern const char* const layers_reading;
extern const char* const timeline_reading;
extern const char* const roofline_reading;
extern const char* const bottleneck_reading;
extern const char* const energy_reading;
extern const char* const memory_reading;

// Items of a call: what the rate makes in its time. NaN where one of them is.
inline double items_per_call(const Totals& t) {
  return t.throughput_items_per_s * t.latency_s;
}

// The line of what no operator owns.
inline constexpr std::string_view rest_name = "outside operators";

// One report a record.
template <class Make>
std::vector<Report> each(Records records, Make make) {
  std::vector<Report> reports;
  for (const Record& r : records) reports.push_back({heading(r.run), &r, make(r)});
  return reports;
}

}  // namespace ane::results
