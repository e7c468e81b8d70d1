// Read QC on the simulator: timing alone of one lowered program (goal: under 50 microseconds), and
// values and time of a batch of 1000 reads through the MLP (goal: 100,000 reads in 4 seconds).
#include <benchmark/benchmark.h>

#include "sim/ane/machine.h"
#include "workloads/compile/compile.h"
#include "workloads/readqc/graph.h"

namespace {

using namespace ane;
namespace qc = workloads::readqc;

workloads::Graph mlp(std::int64_t batch) {
  return qc::build_graph(qc::make_model({}), batch);
}

void TimingAlone(benchmark::State& state) {
  const sim::Chip chip = sim::load_chip("M4");
  const sim::AneMachine machine(
      chip, workloads::compile(mlp(state.range(0)), chip.machine(),
                               kernels::arith::profile_named("ane16"), {.with_values = false})
                .program);
  for (auto _ : state) benchmark::DoNotOptimize(machine.time().duration);
}
BENCHMARK(TimingAlone)->Arg(1)->Arg(100)->Arg(10000)->Unit(benchmark::kMicrosecond);

void LowerAndTime(benchmark::State& state) {
  const sim::Chip chip = sim::load_chip("M4");
  const workloads::Graph graph = mlp(state.range(0));
  for (auto _ : state) {
    const sim::AneMachine machine(
        chip, workloads::compile(graph, chip.machine(), kernels::arith::profile_named("ane16"),
                                 {.with_values = false})
                  .program);
    benchmark::DoNotOptimize(machine.time().duration);
  }
}
BENCHMARK(LowerAndTime)->Arg(100)->Unit(benchmark::kMicrosecond);

void ValuesOfABatch(benchmark::State& state) {
  const sim::Chip chip = sim::load_chip("M4");
  qc::Model model = qc::make_model({});
  std::uint32_t seed = 1;
  for (auto& [name, tensor] : model.parameters)
    for (float& x : tensor.as<float>()) {
      seed = seed * 1664525U + 1013904223U;
      x = static_cast<float>(seed >> 8) / 16777216.0F * 0.2F - 0.1F;
    }
  model.training.epochs = 1;  // the values above count as trained
  sim::AneMachine machine(chip,
                          workloads::compile(qc::build_graph(model, state.range(0)), chip.machine(),
                                             kernels::arith::profile_named("ane16"))
                              .program);
  kernels::Tensor reads(isa::Format::fp32, {1, 300, 1, state.range(0)});
  for (float& x : reads.as<float>()) {
    seed = seed * 1664525U + 1013904223U;
    x = static_cast<float>(seed >> 8) / 16777216.0F;
  }
  for (auto _ : state) {
    machine.write("reads", reads);
    machine.execute();
    benchmark::DoNotOptimize(machine.time().duration);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ValuesOfABatch)->Arg(1)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace
