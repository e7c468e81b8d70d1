#include "workloads/graph/seeded_values.h"

namespace ane::workloads {
namespace {

std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

std::vector<float> SeededValues::uniform(std::int64_t count, float middle, float span,
                                         double zeros) {
  std::uint64_t state = mixed(seed_ + mixed(++streams_));
  const auto next = [&] {
    state += 0x9e3779b97f4a7c15;
    return static_cast<float>(mixed(state) >> 40) * 0x1p-24F;  // [0, 1)
  };
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& v : values) {
    v = middle + span * (2 * next() - 1);
    if (zeros > 0 && static_cast<double>(next()) < zeros) v = 0;
  }
  return values;
}

}  // namespace ane::workloads
