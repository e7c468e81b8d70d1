// ProteinMPNN on the simulated machine at 106 residues, teacher forced: values and time of one call
// (goals on one thread: ieee under 150 ms, ane16 under 450 ms), and the price alone once lowered
// (under 2 ms).
#include <benchmark/benchmark.h>

#include <string>

#include "bench/helix.h"
#include "sim/price/lower.h"
#include "sim/price/price.h"
#include "sim/run/machine_run.h"
#include "workloads/mpnn/graph/graph.h"

namespace {

using namespace ane;
namespace mp = workloads::mpnn;

void Score(benchmark::State& state, const char* profile) {
  const mp::Weights weights = mp::seeded_weights({});
  mp::GraphOptions options;
  options.length = 106;
  sim::MachineRun run(mp::build_graph(weights, options), sim::load_chip("M4"),
                      kernels::arith::profile_named(profile));
  const workloads::Tensors inputs = mp::graph_inputs(weights, options, {bench::helix(106)});
  for (auto _ : state) benchmark::DoNotOptimize(run.run(inputs));
}
BENCHMARK_CAPTURE(Score, ieee, "ieee")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Score, ane16, "ane16")->Unit(benchmark::kMillisecond);

void PriceAlone(benchmark::State& state) {
  const auto request =
      workloads::parse_request("kind=mpnn residues=" + std::to_string(state.range(0)));
  const sim::Target target = sim::make_target("M4", sim::Unit::ane, "", {});
  const sim::Lowered lowered = sim::lower(request, target);
  for (auto _ : state) benchmark::DoNotOptimize(sim::price(lowered, target, request.conditions));
}
BENCHMARK(PriceAlone)->Arg(106)->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace
