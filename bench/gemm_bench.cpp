// The MAC products against Eigen's float32 product on the same shapes, one thread. "pixels x k x
// n". Eigen is compiled with -march=native (bench/CMakeLists.txt), as whoever wants its speed
// would. items_per_second is multiply-accumulates a second.
#include <benchmark/benchmark.h>

#include <Eigen/Dense>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/arith/gemm.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

struct Operands {
  std::int64_t pixels, k, n;
  std::vector<float> x, w;  // [k][pixels], [n][k]
};

// As in a network: activations of unit variance, weights of variance 1/k.
Operands operands(const benchmark::State& state, double x_scale = 1) {
  Operands o{state.range(0), state.range(1), state.range(2), {}, {}};
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  for (std::int64_t i = 0; i < o.k * o.pixels; ++i)
    o.x.push_back(static_cast<float>(x_scale * normal(random)));
  for (std::int64_t i = 0; i < o.n * o.k; ++i)
    o.w.push_back(static_cast<float>(normal(random) / std::sqrt(static_cast<double>(o.k))));
  return o;
}

std::vector<Half> halves(const std::vector<float>& v) {
  std::vector<Half> h;
  for (const float f : v) h.push_back(to_half(static_cast<double>(f)));
  return h;
}

void count(benchmark::State& state, const Operands& o) {
  state.SetItemsProcessed(state.iterations() * o.pixels * o.k * o.n);
}

void eigen_float32(benchmark::State& state) {
  const Operands o = operands(state);
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Matrix x = Eigen::Map<const Matrix>(o.x.data(), o.k, o.pixels);
  const Matrix w = Eigen::Map<const Matrix>(o.w.data(), o.n, o.k);
  Matrix y(o.n, o.pixels);
  for (auto _ : state) {
    y.noalias() = w * x;
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  count(state, o);
}

void half_product(benchmark::State& state, const char* profile, Simd simd, double x_scale) {
  use_simd(simd);
  const Operands o = operands(state, x_scale);
  const std::vector<Half> x = halves(o.x), w = halves(o.w);
  const PackedWeights packed(profile_named(profile), w.data(), o.n, o.k, o.k, 1);
  std::vector<Half> y(static_cast<std::size_t>(o.n * o.pixels));
  for (auto _ : state) {
    mac(packed, {.pixels = o.pixels,
                 .x = x.data(),
                 .x_stride = o.pixels,
                 .y = y.data(),
                 .y_stride = o.pixels});
    benchmark::ClobberMemory();
  }
  count(state, o);
  use_simd(Simd::best);
}

void int8_product(benchmark::State& state, Simd simd) {
  use_simd(simd);
  const Operands o = operands(state);
  std::vector<std::int8_t> x, w;
  for (const float v : o.x)
    x.push_back(static_cast<std::int8_t>(std::clamp(40 * v, -128.F, 127.F)));
  for (const float v : o.w)
    w.push_back(static_cast<std::int8_t>(
        std::clamp(40 * v * std::sqrt(static_cast<float>(o.k)), -128.F, 127.F)));
  const PackedWeights8 packed(w.data(), o.n, o.k, o.k, 1);
  const Half scale = to_half(1.0 / 1024);
  std::vector<Half> y(static_cast<std::size_t>(o.n * o.pixels));
  for (auto _ : state) {
    mac8(packed,
         {.pixels = o.pixels,
          .x = x.data(),
          .x_stride = o.pixels,
          .scale = &scale,
          .y = y.data(),
          .y_stride = o.pixels},
         profile_named("ane16"));
    benchmark::ClobberMemory();
  }
  count(state, o);
  use_simd(Simd::best);
}

void fp32_product(benchmark::State& state) {
  const Operands o = operands(state);
  const PackedWeightsF32 packed(o.w.data(), o.n, o.k, o.k, 1);
  std::vector<float> y(static_cast<std::size_t>(o.n * o.pixels));
  for (auto _ : state) {
    fp32_mac(packed, {.pixels = o.pixels,
                      .x = o.x.data(),
                      .x_stride = o.pixels,
                      .y = y.data(),
                      .y_stride = o.pixels});
    benchmark::ClobberMemory();
  }
  count(state, o);
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({1024, 1024, 1024})->Args({5088, 128, 128})->Unit(benchmark::kMillisecond);
}

// Layers of the read-QC models at batches 1 and 100, and a one-row product.
void small_shapes(benchmark::internal::Benchmark* b) {
  b->Args({1, 300, 128})->Args({100, 300, 128})->Args({100, 64, 1})->Args({7, 128, 64});
}

BENCHMARK(eigen_float32)->Apply(shapes);
BENCHMARK_CAPTURE(half_product, ieee, "ieee", Simd::best, 1)->Apply(shapes);
BENCHMARK(fp32_product)->Apply(shapes);
BENCHMARK_CAPTURE(int8_product, best, Simd::best)->Apply(shapes);
BENCHMARK_CAPTURE(half_product, ane16, "ane16", Simd::best, 1)->Apply(shapes);
// Activations so small that most products are about the drop line; so large that |x * w| > 64; and
// so large that no bound excludes an overflow.
BENCHMARK_CAPTURE(half_product, ane16_dropping, "ane16", Simd::best, 0.002)->Apply(shapes);
BENCHMARK_CAPTURE(half_product, ane16_wide, "ane16", Simd::best, 120)->Apply(shapes);
BENCHMARK_CAPTURE(half_product, ane16_sticky, "ane16", Simd::best, 2500)->Apply(shapes);
BENCHMARK_CAPTURE(half_product, ieee_avx2, "ieee", Simd::avx2, 1)->Apply(shapes);
BENCHMARK_CAPTURE(half_product, ane16_avx2, "ane16", Simd::avx2, 1)->Apply(shapes);
BENCHMARK_CAPTURE(int8_product, avx2, Simd::avx2)->Apply(shapes);
BENCHMARK_CAPTURE(half_product, ieee_scalar, "ieee", Simd::scalar, 1)->Apply(shapes);
BENCHMARK_CAPTURE(half_product, ane16_scalar, "ane16", Simd::scalar, 1)->Apply(shapes);
BENCHMARK_CAPTURE(int8_product, scalar, Simd::scalar)->Apply(shapes);
BENCHMARK(eigen_float32)->Apply(small_shapes);
BENCHMARK_CAPTURE(half_product, ane16, "ane16", Simd::best, 1)->Apply(small_shapes);
BENCHMARK_CAPTURE(int8_product, best, Simd::best)->Apply(small_shapes);

}  // namespace
}  // namespace ane::kernels::arith
