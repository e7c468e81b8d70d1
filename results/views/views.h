// The views, one file each, which shows a sample of its text and how to read it.
#pragma once
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

// One report a record.
template <class Make>
std::vector<Report> each(Records records, Make make) {
  std::vector<Report> reports;
  for (const Record& r : records) reports.push_back({heading(r.run), &r, make(r)});
  return reports;
}

}  // namespace ane::results
