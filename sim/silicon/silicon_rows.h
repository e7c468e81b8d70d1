// Measured rows: CSV files with the columns of results/silicon, found by name.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/networks/spec.h"

namespace ane::sim {

struct SiliconRow {
  std::string file;  // as named by the caller
  int line = 0;
  std::string chip, benchmark, config, source, trust, role, note, spec, quantity;
  std::optional<double> value;  // value_si
  std::string machine;          // the chip that stands for `chip`, see machines.csv
  std::string set_aside;        // reason; empty: scored
  std::string runtime;  // the runtime that stands for the spec's path, see software.csv; or empty
  std::string unsaid;   // further keys of the spec, see unsaid.csv
  bool counts_calls = false;  // the column `unit` is iter/s: calls a second, whatever their batch
};

// The row's spec with those of the unsaid keys that it lacks. InputError as parse_spec, at `place`.
workloads::Spec spec_of(const SiliconRow& row, const std::string& place = "spec");

// The text of results/silicon/NAME.csv as the program carries it; empty for another name.
std::string_view carried_rows(std::string_view name);

// The rows of a file's text. InputError for a missing column (chip, source, trust, spec, quantity,
// value_si) or a value that is no number. machines.csv, software.csv,
// unsaid.csv and set_aside.csv are applied.
std::vector<SiliconRow> silicon_rows(std::string_view text, const std::string& file);

// The four files that the program carries, or a file of the disk.
std::vector<std::string> built_in_rows();  // names: "soc_calibration.csv", ...
std::vector<SiliconRow> load_silicon_rows(const std::string& file);

}  // namespace ane::sim
