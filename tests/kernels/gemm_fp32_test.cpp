// Is the float32 product the fused sum in ascending k, on every path?
#include <bit>

#include "gemm_cases.h"

namespace ane::kernels::arith {
namespace {

float any_float(Random& random, bool special) {
  if (special && random() % 50 == 0)
    return std::bit_cast<float>(static_cast<std::uint32_t>(random()));
  return std::ldexp(static_cast<float>(pick(random, -(1 << 24), 1 << 24)),
                    static_cast<int>(pick(random, -30, -18)));
}

TEST(GemmFp32, IsTheFusedSumInAscendingOrderOnEveryPath) {
  Random random(5);
  const Paths paths;
  for (int i = 0; i < 300; ++i) {
    const Shape3 s = i == 0 ? Shape3{37, 900, 75} : any_shape(random, 60);
    const bool special = i % 3 == 2;
    std::vector<float> x, w, bias;
    for (std::int64_t j = 0; j < s.k * s.pixels; ++j) x.push_back(any_float(random, special));
    for (std::int64_t j = 0; j < s.n * s.k; ++j) w.push_back(any_float(random, special));
    if (i % 2)
      for (std::int64_t j = 0; j < s.n; ++j) bias.push_back(any_float(random, special));
    for (const Path& path : paths.here) {
      use_simd(path.simd);
      std::vector<float> y(static_cast<std::size_t>(s.n * s.pixels));
      // w is handed over as [k][n].
      fp32_mac(PackedWeightsF32(w.data(), s.n, s.k, 1, s.n),
               {.pixels = s.pixels,
                .x = x.data(),
                .x_stride = s.pixels,
                .bias = bias.empty() ? nullptr : bias.data(),
                .y = y.data(),
                .y_stride = s.pixels});
      for (std::int64_t n = 0; n < s.n; ++n)
        for (std::int64_t p = 0; p < s.pixels; ++p) {
          float sum = bias.empty() ? 0.0F : bias[static_cast<std::size_t>(n)];
          for (std::int64_t k = 0; k < s.k; ++k)
            sum = std::fma(x[static_cast<std::size_t>(k * s.pixels + p)],
                           w[static_cast<std::size_t>(k * s.n + n)], sum);
          const std::uint32_t want =
              std::isnan(sum) ? 0x7fc00000u : std::bit_cast<std::uint32_t>(sum);
          ASSERT_EQ(std::bit_cast<std::uint32_t>(y[static_cast<std::size_t>(n * s.pixels + p)]),
                    want)
              << path.name << " case " << i << " row " << n << " pixel " << p;
        }
    }
  }
}

}  // namespace
}  // namespace ane::kernels::arith
