// The FP32 reference of ProteinMPNN: one teacher-forced forward pass, features included, and the
// same of seeded weights by length. PyTorch 1.13 needs 206 ms for 106 residues on one thread of
// the machine of research/workloads.md 1.7.
#include <benchmark/benchmark.h>

#include <cmath>
#include <numeric>

#include "workloads/mpnn/reference.h"

namespace {

using namespace ane::workloads::mpnn;

Input helix(std::int64_t length) {
  Input in;
  in.real = length;
  for (std::int64_t i = 0; i < length; ++i) {
    for (const double phase : {-0.5, 0.0, 0.45, 0.5}) {
      const double t = 1.7453 * static_cast<double>(i) + phase;
      const double bend = 0.05 * static_cast<double>(i);
      in.atoms.push_back(static_cast<float>(2.3 * std::cos(t) + 12 * std::cos(bend)));
      in.atoms.push_back(static_cast<float>(2.3 * std::sin(t) + 9 * std::sin(2 * bend)));
      in.atoms.push_back(static_cast<float>(0.4 * static_cast<double>(i) + phase));
    }
    in.residue_index.push_back(static_cast<std::int32_t>(i));
    in.sequence.push_back(static_cast<std::int32_t>(i % 20));
  }
  in.mask.assign(static_cast<std::size_t>(length), 1.0f);
  in.designed = in.mask;
  in.chain_code.assign(static_cast<std::size_t>(length), 1);
  return in;
}

void teacher_forced(benchmark::State& state) {
  const Weights weights = seeded_weights({});
  ReferenceOptions options;
  options.factored = state.range(1) != 0;
  const Reference reference(weights, options);
  const Input input = helix(state.range(0));
  std::vector<std::int32_t> order(input.sequence.size());
  std::iota(order.begin(), order.end(), 0);
  for (auto _ : state) {
    const Encoded encoded = reference.encode(input);
    benchmark::DoNotOptimize(reference.score(encoded, input.sequence, order));
  }
  state.counters["residues/s"] = benchmark::Counter(static_cast<double>(state.range(0)),
                                                    benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(teacher_forced)
    ->ArgNames({"length", "factored"})
    ->ArgsProduct({{64, 106, 500, 2000}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

void autoregressive(benchmark::State& state) {
  const Weights weights = seeded_weights({});
  const Reference reference(weights, {Padding::exact, true});
  const Encoded encoded = reference.encode(helix(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(reference.sample(encoded, {}));
}
BENCHMARK(autoregressive)->ArgName("length")->Arg(106)->Unit(benchmark::kMillisecond);

}  // namespace
