// The fuzzer of fuzz.h for as long as one likes: isa_fuzz [SECONDS [SEED]]. Built with
// -DANESIM_FUZZ=ON, best with the preset `sanitize`.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "fuzz.h"

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 60;
  std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 0) : 1;
  const auto start = std::chrono::steady_clock::now();
  ane::isa::FuzzCounts sum;
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  for (; elapsed() < seconds; ++seed) {
    try {
      const ane::isa::FuzzCounts c = ane::isa::fuzz(seed, 1000);
      sum.tried += c.tried;
      sum.accepted += c.accepted;
    } catch (const std::exception& e) {
      fmt::print("seed {}: {}\n", seed, e.what());
      return 1;
    }
  }
  fmt::print("{} inputs, {} accepted, the others refused\n", sum.tried, sum.accepted);
}
