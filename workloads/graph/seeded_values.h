// Numbers for networks without trained ones, the same on every host: SplitMix64 (Steele, Lea and
// Flood 2014), a stream of its own for each tensor in the order in which a network asks, so that
// two forms of one network that ask in one order have equal weights.
#pragma once
#include <cstdint>
#include <vector>

namespace ane::workloads {

class SeededValues {
 public:
  explicit SeededValues(std::uint64_t seed) : seed_(seed) {}
  // `count` values, uniform in middle +- span, 24 bits each. `zeros`: share of exact zeros.
  std::vector<float> uniform(std::int64_t count, float middle, float span, double zeros = 0);

 private:
  std::uint64_t seed_, streams_ = 0;
};

}  // namespace ane::workloads
