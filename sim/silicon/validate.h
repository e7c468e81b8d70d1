// Measured rows against predictions.
//
// Rows that cannot be run, whatever the reason (a chip, a network or a key that is not known, work
// that no model covers), are counted by that reason and stop nothing.
// The error of a row is exp(|ln(predicted / measured)|) - 1. Rows of trust D and excluded rows are
// predicted and listed, not scored. The rank correlation is Spearman's inside each sweep (one chip,
// source, unit, path, kind and quantity, at least 5 rows), averaged over a group's sweeps.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "results/comparison.h"
#include "sim/price/price.h"
#include "sim/silicon/silicon_rows.h"
#include "sim/silicon/statistics.h"

namespace ane::sim {

struct Comparison {
  SiliconRow row;
  std::string kind, unit, path, family;    // of the request; family: "M1", "M4", "NVIDIA"
  std::optional<double> predicted, naive;  // in the row's quantity
  results::Parts causes{};                 // of the predicted time
  std::string bound{};                     // the largest of them
  results::Band band{};                    // around predicted
  std::string skipped;                     // why it could not be run; empty: it ran

  bool scored() const { return predicted && row.scored(); }
  double log_ratio() const;  // ln(predicted / measured), rows that ran
  double error() const;
  bool inside() const;  // the measured value lies in the band
};

struct Score {
  std::size_t n = 0;
  double median = 0, p90 = 0, mean = 0;
  double inside = 0;  // share of rows whose measured value lies in the band
  std::optional<double> rank;
  double naive_median = results::unknown, naive_p90 = results::unknown;  // rows with such a model
};

struct GroupScore {
  std::string group;  // its keys, joined by blanks
  Score score;
  std::vector<std::string> keys{};  // in the order asked for
};

struct Skips {
  std::string reason;
  std::size_t n = 0;
};

struct Validation {
  std::size_t rows = 0, with_spec = 0, run = 0;
  std::vector<Comparison> comparisons;  // of the rows with a spec, in the order of the files
  std::vector<Skips> skipped;           // most frequent first

  double coverage() const;  // run / with_spec
};

// The rows as the results file keeps them; code_version: of the program that predicted.
std::vector<results::Silicon> silicon_records(const Validation& v, const std::string& code_version);

// chip_settings, runtime_settings: overrides, "gpu.utilisation=0.75".
Validation compare_rows(const std::vector<SiliconRow>& rows,
                        const std::vector<std::string>& chip_settings = {},
                        const std::vector<std::string>& runtime_settings = {});

// "M1 Max (24c)" is a chip by that name or, where that one is not described, "M1 Max".
Chip chip_of_row(const std::string& machine, const std::vector<std::string>& settings = {});

Score score_of(const std::vector<const Comparison*>& rows);
// keys of: kind, chip, source, unit, path, family, quantity, measure (time, energy), file, trust.
// Several are joined by a blank. InputError with the choices for another key.
std::vector<GroupScore> group_scores(const Validation& v, const std::vector<std::string>& keys);

// Convolutions and products on the ANE, by file: what a naive model is good at, beside ours.
std::vector<GroupScore> baseline_scores(const Validation& v);

}  // namespace ane::sim
