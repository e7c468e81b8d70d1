// How far to trust a prediction: the band that uncertain parameters and the calibration's residuals
// leave around it.
//
// Each parameter of the spec's unit, of the memory and of the runtime that carries low and high
// (two standard deviations) is set to both; half of the spread of ln(predicted) is its share. That
// of a value inherited from another chip is taken twice as wide, in its logarithm: of 74 values
// that a chip states for itself beside an ancestor's band, half lie within twice its width, fewer
// within it. The shares add in squares, with the residual that nine of ten calibration rows of this
// kind of work keep to (residuals.h): in the fit where it had rows of this chip, unit and path,
// else on chips left out of it.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "results/record.h"
#include "sim/price/price.h"

namespace ane::sim {

class Bands {
 public:
  // Band around `value`, which is quantity(price(request, target), ...).
  results::Band around(double value, const workloads::Request& request, const Target& target,
                       workloads::Quantity quantity);
  // The factor of a ratio of two runs on one target under the same conditions; 1 of two equal
  // requests. What is wrong of the chip moves both: a parameter is set on both sides at once, and
  // their residuals are those of a chip in the fit. These add in squares, as those of calibration
  // rows of one chip, unit, runtime and network do (band_test.cpp).
  double of_ratio(const workloads::Request& request, const workloads::Request& base,
                  const Target& target, workloads::Quantity quantity);
  // The bands of a record's latency and energy.
  void add(results::Record& record, const workloads::Request& request, const Target& target);

 private:
  // Sum of the squares of half of what each parameter moves ln(value) by.
  template <class ValueAt>
  double spread(const Target& target, std::string_view measure, const ValueAt& value);
  // What differs from one target in one parameter: at its low and at its high.
  template <class Subject>
  struct Pair {
    Subject low, high;
    bool energy_alone = false;  // a parameter of joules or watts, which moves no time
  };
  // Parameters of the unit and the memory, of a chip as it stands (overrides included).
  std::vector<Pair<Chip>>& chip_pairs(const Target& target);
  std::vector<Pair<Runtime>>& runtime_pairs(const Runtime& runtime);

  std::map<std::string, std::vector<Pair<Chip>>, std::less<>> chips_;
  std::map<std::string, std::vector<Pair<Runtime>>, std::less<>> runtimes_;
};

}  // namespace ane::sim
