// The planar engine, activations and codes on the host, one thread: elements a second on each SIMD
// path. The scalar path is the oracle itself.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "isa/error.h"
#include "kernels/arith/activation.h"
#include "kernels/arith/gemm.h"
#include "kernels/arith/planar.h"
#include "kernels/arith/quantise.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

constexpr std::size_t elements = 16384;

std::vector<Half> some(unsigned seed) {
  std::vector<Half> x(elements);
  for (Half& h : x) {
    seed = seed * 1664525 + 1013904223;
    h = to_half(static_cast<double>(seed >> 16) / 8192 - 4);
  }
  return x;
}

template <class Body>
void measure(benchmark::State& state, Simd path, Body body) {
  try {
    use_simd(path);
  } catch (const InputError& e) {
    state.SkipWithError(e.what());
    return;
  }
  for (auto _ : state) {
    body();
    benchmark::ClobberMemory();
  }
  use_simd(Simd::best);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(elements));
}

template <class Body>
void on_every_path(const std::string& what, Body body) {
  for (const auto& [path_name, path] :
       {std::pair{"scalar", Simd::scalar}, {"avx2", Simd::avx2}, {"avx512", Simd::avx512}})
    benchmark::RegisterBenchmark(
        (what + "/" + path_name).c_str(),
        [path = path, body](benchmark::State& s) { measure(s, path, [&] { body(); }); });
}

void register_all() {
  static const std::vector<Half> a = some(1), b = some(2), c = some(3);
  static std::vector<Half> y(elements);
  static std::vector<std::int8_t> q(elements);
  for (const Profile& p : profiles()) {
    const std::string suffix = std::string("/").append(p.name);
    for (const PlanarOp op : {PlanarOp::add, PlanarOp::mul, PlanarOp::div, PlanarOp::max})
      on_every_path(std::string(name(op)) + suffix, [op, &p] { planar(op, p, a, b, y); });
    on_every_path("muladd" + suffix, [&p] { planar(PlanarOp::muladd, p, a, b, c, y); });
    on_every_path("sum_rows" + suffix, [&p] {
      reduce(Reduction::sum, p, a.data(), {128, 128, 1}, y.data());
    });
    on_every_path("sum_columns" + suffix, [&p] {
      reduce(Reduction::sum, p, a.data(), {1, 128, 128}, y.data());
    });
    on_every_path("gelu" + suffix, [&p] { activate(p, activation(Function::gelu), a, y); });
    on_every_path("quantise" + suffix, [&p] { quantise(a, to_half(0.03), 0, p, q); });
  }
}

const bool registered = (register_all(), true);

}  // namespace
}  // namespace ane::kernels::arith
