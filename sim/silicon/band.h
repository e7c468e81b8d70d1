// How far to trust a prediction: the band that uncertain parameters and the calibration's residuals
// leave around it.
//
// Each parameter of the spec's unit, of the memory and of the runtime that carries low and high
// (two standard deviations) is set to both; half of the spread of ln(predicted) is its share. The
// shares add in squares, with the residual that nine of ten calibration rows of this kind of work
// keep to (residuals.h): in the fit where it had rows of this chip, unit and path, else on chips
// left out of it.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "results/record.h"
#include "sim/chips/chip.h"
#include "sim/runtimes/runtime.h"
#include "workloads/networks/spec.h"

namespace ane::sim {

class Bands {
 public:
  // Band around `predicted`, which is as_quantity(predict(spec, chip, runtime), spec, quantity).
  results::Band around(double predicted, const workloads::Spec& spec, const Chip& chip,
                       const Runtime& runtime, std::string_view quantity);

 private:
  // Chips that differ from one in one parameter: at its low and at its high.
  template <class Subject>
  struct Pair {
    Subject low, high;
  };
  std::map<std::string, std::vector<Pair<Chip>>, std::less<>> chips_;
  std::map<std::string, std::vector<Pair<Runtime>>, std::less<>> runtimes_;
};

}  // namespace ane::sim
