// Operands for the tests of the fast products: families of binary16 values, each aimed at one rule,
// and the SIMD paths of this host.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "isa/error.h"
#include "kernels/arith/gemm.h"
#include "kernels/arith/oracle.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {

using Random = std::mt19937_64;

inline std::int64_t pick(Random& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
}

inline Half any_bits(Random& random) {
  return {static_cast<std::uint16_t>(random())};
}

// sign, exponent in [low, high] (below -14: subnormal), significand often all zeros or all ones.
inline Half of_exponent(Random& random, std::int64_t low, std::int64_t high) {
  const std::int64_t exponent = pick(random, low, high);
  const std::uint64_t shape = random() % 4;
  const std::uint64_t fraction = shape == 0 ? 0 : shape == 1 ? 1023 : random() % 1024;
  const std::uint64_t field = exponent < -14 ? 0 : static_cast<std::uint64_t>(exponent + 15);
  return {static_cast<std::uint16_t>((random() % 2) << 15 | field << 10 | fraction)};
}

struct Family {
  std::string name;
  Half (*x)(Random&);
  Half (*w)(Random&);
  Half (*bias)(Random&);
};

inline std::vector<Family> families() {
  const auto small = [](Random& r) { return of_exponent(r, -4, 1); };
  return {
      {"AnyBits", any_bits, any_bits, any_bits},
      {"AsInANetwork", [](Random& r) { return of_exponent(r, -9, 2); },
       [](Random& r) { return of_exponent(r, -11, -3); }, small},
      // [N2]: e(x) + e(w) around -16, subnormals among them.
      {"AboutTheDropLine", [](Random& r) { return of_exponent(r, -15, -4); },
       [](Random& r) { return of_exponent(r, -11, -2); }, small},
      {"SubnormalTimesLarge", [](Random& r) { return of_exponent(r, -15, -13); },
       [](Random& r) { return of_exponent(r, -3, 16); }, small},
      {"LargeTimesSubnormal", [](Random& r) { return of_exponent(r, -3, 16); },
       [](Random& r) { return of_exponent(r, -15, -13); }, small},
      // Products that are odd multiples of 2^-17.
      {"Ties",
       [](Random& r) { return to_half(static_cast<double>(2 * pick(r, -900, 900) + 1) * 0x1p-9); },
       [](Random& r) { return to_half(static_cast<double>(2 * pick(r, -900, 900) + 1) * 0x1p-8); },
       small},
      // |x * w| on both sides of 64, where the narrow rounding ends, with few zeros behind the
      // point.
      {"AboutTheNarrowLimit", [](Random& r) { return of_exponent(r, 1, 3); },
       [](Random& r) { return of_exponent(r, 1, 2); }, small},
      {"BelowTheNarrowLimit", [](Random& r) { return of_exponent(r, 1, 2); },
       [](Random& r) { return of_exponent(r, 1, 1); }, small},
      // Sums on both sides of 64, where chained rounding ends: the bias brings them there.
      {"AboutTheChainLimit", [](Random& r) { return of_exponent(r, -6, 0); },
       [](Random& r) { return of_exponent(r, -6, 0); },
       [](Random& r) { return of_exponent(r, 4, 5); }},
      {"Wide", [](Random& r) { return of_exponent(r, 0, 5); },
       [](Random& r) { return of_exponent(r, 0, 4); }, small},
      // Sums that reach 2^31 units now and then.
      {"AboutOverflow", [](Random& r) { return of_exponent(r, 3, 7); },
       [](Random& r) { return of_exponent(r, 2, 6); },
       [](Random& r) { return of_exponent(r, 10, 16); }},
      {"SingleProductsBeyondTheSum", [](Random& r) { return of_exponent(r, -15, 16); },
       [](Random& r) { return of_exponent(r, 8, 16); }, any_bits},
      {"ManyZeros", [](Random& r) { return r() % 2 ? Half{} : of_exponent(r, -9, 2); },
       [](Random& r) {
         return r() % 2 ? Half{static_cast<std::uint16_t>(r() & 0x8000)} : of_exponent(r, -9, 2);
       },
       [](Random& r) { return Half{static_cast<std::uint16_t>(r() & 0x8000)}; }},
  };
}

struct Path {
  Simd simd;
  std::string name;
};

// Those this host has. Restores the best path at the end of its scope.
class Paths {
 public:
  Paths() {
    for (const auto& [simd, name] :
         {Path{Simd::scalar, "scalar"}, Path{Simd::avx2, "avx2"}, Path{Simd::avx512, "avx512"}}) {
      try {
        use_simd(simd);
        here.push_back({simd, name});
      } catch (const InputError&) {
      }
    }
  }
  ~Paths() { use_simd(Simd::best); }
  Paths(const Paths&) = delete;
  Paths& operator=(const Paths&) = delete;
  std::vector<Path> here;
};

struct Shape3 {
  std::int64_t n, k, pixels;
};

// Every tail of every tile: rows 1..25, pixels 1..80, k from 0.
inline Shape3 any_shape(Random& random, std::int64_t most_k) {
  return {pick(random, 1, 25), pick(random, 0, most_k), pick(random, 1, 80)};
}

}  // namespace ane::kernels::arith
