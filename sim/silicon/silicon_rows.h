// Measured rows: CSV files with the columns of results/silicon, found by name.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/request/request.h"

namespace ane::sim {

struct SiliconRow {
  std::string file;  // as named by the caller
  int line = 0;
  std::string chip, benchmark, config, source, trust, role, note, spec, quantity;
  std::optional<double> value;  // value_si
  std::string machine;          // the chip that stands for `chip`, see machines.csv
  std::string excluded;         // reason, see excluded.csv; empty: scored
  std::string runtime;   // the runtime that stands for the spec's path, see software.csv; or empty
  std::string defaults;  // further keys of the spec that the authors published, see defaults.csv
  bool counts_calls = false;  // the column `unit` is iter/s: calls a second, whatever their batch

  std::string place() const;  // "soc_validation.csv:12"
  // A measured value of work that can be asked for.
  bool asks() const { return !spec.empty() && value.has_value(); }
  // Counts for errors: asked for, not excluded, and not of trust D (recalled, not read).
  bool scored() const { return asks() && excluded.empty() && trust != "D"; }
  // Parameters may be fitted to it: scored, a positive value, and no row that is there as context.
  bool calibrates() const { return scored() && *value > 0 && role != "context"; }
};

// The row's request: its spec with those of the default keys that it lacks, under the software that
// stands for its path. InputError as parse_request, at `place`.
workloads::Request request_of(const SiliconRow& row, const std::string& place = "spec");
// What its value is, in base units. InputError with the nearest for an unknown one.
workloads::Quantity quantity_of(const SiliconRow& row);

// The text of results/silicon/NAME.csv as the program carries it; empty for another name.
std::string_view built_in_text(std::string_view name);

// The rows of a file's text. InputError for a missing column (chip, source, trust, spec, quantity,
// value_si) or a value that is no number. machines.csv, software.csv,
// defaults.csv and excluded.csv are applied.
std::vector<SiliconRow> silicon_rows(std::string_view text, const std::string& file);

// The files that the program carries, or a file of the disk.
std::vector<std::string> calibration_files();  // names: "soc_calibration.csv", ...
std::vector<std::string> built_in_rows();      // those, and the ones that nothing is fitted to
std::vector<SiliconRow> load_silicon_rows(const std::string& file);

}  // namespace ane::sim
