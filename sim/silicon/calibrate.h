// Fits the parameters marked `"free": true` in sim/chips and sim/runtimes to calibration rows.
//
// Loss: the sum over rows of Huber(ln(predicted / measured), 0.1) plus a weak pull of each
// parameter to where it started (0.005 for a factor e), so that what the rows do not see stays.
// Each pass minimises along one parameter after the other by golden section; passes repeat until
// the loss falls by less than a part in ten thousand. Deterministic: fixed order, no random
// numbers.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/silicon/silicon_rows.h"

namespace ane::sim {

struct FittedParameter {
  std::string folder, file, path;  // "chips", "M1", "gpu.utilisation"
  int line = 0;
  std::string unit;              // as the file writes it
  double scale = 1;              // one of that unit in base units
  double before = 0, after = 0;  // base units
  double low = 0, high = 0;      // two standard deviations
  std::size_t rows = 0;          // that see it
};

struct FittedRuntime {
  std::string runtime, unit;  // "mlx", "gpu"
  std::size_t rows = 0;
  double median = 0, p90 = 0;  // of |ln(predicted / measured)|
};

// ln(predicted / measured) of one row. known: with the parameters as they stand; left_out: after a
// fit without the rows of its chip, whose own parameters are set to the geometric mean of the other
// chips': what a chip must expect that nobody measured.
struct RowResidual {
  std::string machine, unit;
  workloads::Request request;
  workloads::Quantity quantity = workloads::Quantity::latency;
  double known = 0, left_out = 0;
  // Of a network, encoder or language model: after a fit without any of its rows, whatever the
  // chip.
  std::optional<double> work_left_out;
};

// Their sizes over one group of rows, known or left out.
enum class LeftOut { nothing, chip, work };
struct ResidualGroup {
  std::string unit, kind, measure;  // kind "all": of every kind; measure: time, energy
  LeftOut left_out = LeftOut::nothing;
  std::size_t rows = 0;
  double median = 0, p90 = 0;
};

struct Calibration {
  std::vector<FittedParameter> parameters;  // those that some row sees
  std::vector<FittedRuntime> runtimes;
  std::size_t rows = 0;
  double loss_before = 0, loss_after = 0;
  double median_before = 0, median_after = 0;  // of the rows' errors
};

// Rows that do not calibrate (SiliconRow::calibrates) or that no model covers are left out. only:
// fit just the parameters whose "file:path" contains one of these; empty: all.
Calibration calibrate(const std::vector<SiliconRow>& rows,
                      const std::vector<std::string>& only = {}, int most_passes = 8);

// The residuals of the parameters as they stand, nothing fitted: what results/silicon/residuals.csv
// holds and every band rests on.
std::vector<RowResidual> row_residuals(const std::vector<SiliconRow>& rows);
std::vector<ResidualGroup> measure_residuals(const std::vector<SiliconRow>& rows);
std::string residuals_csv(const std::vector<ResidualGroup>& groups);

// The text of a chip's or runtime's JSON with the fitted values and bands in it; every
// other character stays. InputError when a parameter does not stand on one line of its own.
std::string with_fit(const std::string& text, const std::string& folder, const std::string& file,
                     const Calibration& fit);

}  // namespace ane::sim
