// How far predictions of a kind of work lay from the calibration rows:
// results/silicon/residuals.csv, written by `anesim calibrate --residuals`.
#pragma once
#include <string>
#include <string_view>

namespace ane::sim {

// The 90th percentile of |ln(predicted / measured)| over rows of this unit, kind of work and
// measure ("time", "energy"). known: some row of the chip was in the fit; else of chips left out of
// it. Of networks and other work with a name at least that of rows whose network was left out of
// the fit. A group of fewer than 8 rows counts no less than all kinds of the unit together; a unit
// without rows counts a factor of 2.
double expected_residual(std::string_view unit, std::string_view kind, std::string_view measure,
                         bool known);

// Whether some calibration row is of this chip, unit and runtime: results/silicon/calibrated.csv.
bool is_calibrated(std::string_view chip, std::string_view unit, std::string_view runtime);
// That file's text, from the calibration rows themselves (for its test, which writes it).
std::string calibrated_csv();

}  // namespace ane::sim
