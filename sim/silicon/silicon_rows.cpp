#include "sim/silicon/silicon_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "isa/error.h"
#include "isa/file.h"
#include "results/csv.h"
#include "sim/chips/description.h"

namespace ane::sim {
namespace {

using results::parse_csv;
using Records = results::CsvRecords;

std::string column_name(const std::vector<std::string>& header, std::size_t i) {
  return i < header.size() ? header[i] : std::string();
}

// A line of machines.csv, excluded.csv, software.csv or defaults.csv: every named column of a row
// must equal the rule's text, or with a leading '~' contain it. Then the row takes `gives`.
struct Rule {
  std::map<std::string, std::string> wanted;
  std::string gives;
};

// given: the column whose text a matching row takes. why: a column that every rule must fill and
// that selects nothing.
std::vector<Rule> read_rules(const std::string& name, std::string_view given,
                             std::string_view why) {
  std::vector<Rule> out;
  const Records records = parse_csv(built_in_text(name), name + ".csv");
  for (std::size_t r = 1; r < records.size(); ++r) {
    Rule rule;
    bool explained = false;
    for (std::size_t c = 0; c < records[r].size(); ++c) {
      const std::string column = column_name(records[0].fields, c);
      const std::string& text = records[r][c];
      explained = explained || (column == why && !text.empty());
      if (column == given)
        rule.gives = text;
      else if (column != why && !text.empty())
        rule.wanted[column] = text;
    }
    if (rule.gives.empty() || !explained || rule.wanted.empty())
      throw InputError(fmt::format("{}.csv:{}", name, records[r].line),
                       fmt::format("a rule needs '{}', '{}' and what it selects", given, why));
    out.push_back(std::move(rule));
  }
  return out;
}

const std::vector<Rule>& exclusion_rules() {
  static const std::vector<Rule> all = read_rules("excluded", "reason", "reason");
  return all;
}
const std::vector<Rule>& software_rules() {
  static const std::vector<Rule> all = read_rules("software", "runtime", "why");
  return all;
}

const std::vector<Rule>& default_rules() {
  static const std::vector<Rule> all = read_rules("defaults", "adds", "why");
  return all;
}

const std::vector<Rule>& machine_rules() {
  static const std::vector<Rule> all = read_rules("machines", "machine", "why");
  return all;
}

bool matches(const Rule& rule, const std::map<std::string, std::string>& row) {
  return std::all_of(rule.wanted.begin(), rule.wanted.end(), [&](const auto& w) {
    const auto at = row.find(w.first);
    const std::string value = at == row.end() ? "" : at->second;
    return w.second.starts_with('~') ? value.find(w.second.substr(1)) != std::string::npos
                                     : value == w.second;
  });
}

}  // namespace

std::string_view built_in_text(std::string_view name) {
  for (const DataFile& d : data_files())
    if (d.folder == "silicon" && d.name == name) return d.text;
  return {};
}

std::vector<SiliconRow> silicon_rows(std::string_view text, const std::string& file) {
  const Records records = parse_csv(text, file);
  if (records.empty()) throw InputError(file, "no rows");
  for (const char* needed : {"chip", "source", "trust", "spec", "quantity", "value_si"})
    if (std::ranges::find(records[0].fields, needed) == records[0].fields.end())
      throw InputError(file + ":1", fmt::format("no column '{}'", needed),
                       fmt::format("columns: {}", fmt::join(records[0].fields, ", ")));
  std::vector<SiliconRow> out;
  for (std::size_t r = 1; r < records.size(); ++r) {
    std::map<std::string, std::string> cells;
    if (records[r].size() != records[0].size())
      throw InputError(
          fmt::format("{}:{}", file, records[r].line),
          fmt::format("{} fields where the header has {}", records[r].size(), records[0].size()));
    for (std::size_t c = 0; c < records[r].size(); ++c) cells[records[0][c]] = records[r][c];
    SiliconRow row{.file = file,
                   .line = records[r].line,
                   .chip = cells["chip"],
                   .benchmark = cells["benchmark"],
                   .config = cells["config"],
                   .source = cells["source"],
                   .trust = cells["trust"],
                   .role = cells["role"],
                   .note = cells["note"],
                   .spec = cells["spec"],
                   .quantity = cells["quantity"],
                   .value = std::nullopt,
                   .machine = "",
                   .excluded = "",
                   .runtime = "",
                   .defaults = "",
                   .counts_calls = cells["unit"] == "iter/s"};
    if (const std::string& v = cells["value_si"]; !v.empty()) {
      double x = 0;
      const auto [end, fault] = std::from_chars(v.data(), v.data() + v.size(), x);
      // What is switched off takes 0 W; nothing else is 0.
      if (fault != std::errc{} || end != v.data() + v.size() || !std::isfinite(x) || x < 0 ||
          (x == 0 && row.quantity != "power"))
        throw InputError(row.place(), fmt::format("value_si '{}' is no number above 0", v),
                         "empty where nothing was measured");
      row.value = x;
    }
    // The first rule that matches holds.
    for (const Rule& rule : machine_rules())
      if (row.machine.empty() && matches(rule, cells)) row.machine = rule.gives;
    if (row.machine.empty()) row.machine = row.chip;
    for (const Rule& rule : exclusion_rules())
      if (row.excluded.empty() && matches(rule, cells)) row.excluded = rule.gives;
    for (const Rule& rule : software_rules())
      if (row.runtime.empty() && matches(rule, cells)) row.runtime = rule.gives;
    for (const Rule& rule : default_rules())
      if (row.defaults.empty() && matches(rule, cells)) row.defaults = rule.gives;
    out.push_back(std::move(row));
  }
  return out;
}

std::string SiliconRow::place() const {
  return fmt::format("{}:{}", file, line);
}

workloads::Request request_of(const SiliconRow& row, const std::string& place) {
  workloads::Request r = workloads::parse_request(
      row.defaults.empty() ? row.spec : workloads::with_defaults(row.spec, row.defaults), place);
  if (!row.runtime.empty()) r.conditions.runtime = row.runtime;
  // A row without software is of the bare device.
  if (r.conditions.runtime.empty()) r.conditions.runtime = "none";
  return r;
}

workloads::Quantity quantity_of(const SiliconRow& row) {
  const auto q = workloads::parse_term<workloads::Quantity>("quantity", row.quantity, row.place());
  return row.counts_calls && q == workloads::Quantity::throughput_items
             ? workloads::Quantity::throughput_calls
             : q;
}

std::vector<std::string> calibration_files() {
  return {"ane_calibration.csv", "fresh_calibration.csv", "soc_calibration.csv"};
}

std::vector<std::string> built_in_rows() {
  std::vector<std::string> all = calibration_files();
  all.insert(all.end(), {"ane_validation.csv", "soc_validation.csv"});
  return all;
}

std::vector<SiliconRow> load_silicon_rows(const std::string& file) {
  const std::vector<std::string> own = built_in_rows();
  if (std::find(own.begin(), own.end(), file) != own.end())
    return silicon_rows(built_in_text(file.substr(0, file.size() - 4)), file);
  return silicon_rows(read_file(file, std::uint64_t{64} << 20), file);
}

}  // namespace ane::sim
