#include "sim/run/count_dropped.h"

#include <fmt/format.h>

#include "sim/ane/execute/workers.h"
#include "sim/ane/machine.h"
#include "workloads/compile/compile.h"

namespace ane::sim {

std::vector<workloads::MacCounters> count_on_machine(const workloads::Graph& graph,
                                                     const Chip& chip,
                                                     const kernels::arith::Profile& profile,
                                                     const workloads::Tensors& inputs,
                                                     int threads) {
  if (profile.id != kernels::arith::ProfileId::ane16)
    throw InputError("--counters", fmt::format("the accumulator of {} drops nothing", profile.name),
                     "--profile ane16");
  AneMachine machine(
      chip, workloads::compile(graph, chip.machine(), profile, {.keep_all = true}).program);
  for (const auto& [name, values] : inputs) machine.write(name, values);
  Workers workers(threads);
  machine.execute(workers);
  workloads::Tensors values = inputs;
  for (const workloads::Node& n : graph.nodes) values[n.name] = machine.read(n.name);
  return workloads::count_products(graph, values);
}

results::Report counters_report(const std::string& heading,
                                std::span<const workloads::MacCounters> counters) {
  results::Report report{.heading = heading, .record = nullptr, .blocks = {}};
  results::Table table{.key = "layers",
                       .columns = {{"layer", "layer", ""},
                                   {"products", "products", "count"},
                                   {"dropped", "dropped", "count"},
                                   {"dropped_share", "share", "%"},
                                   {"infinities", "infinities", ""}},
                       .rows = {}};
  workloads::MacCounters all{.layer = "all", .op = ""};
  const auto add = [&](const workloads::MacCounters& c) {
    table.rows.push_back(
        {c.layer, c.products, c.dropped,
         results::share_of(static_cast<double>(c.dropped), static_cast<double>(c.products)),
         c.infinities});
  };
  for (const workloads::MacCounters& c : counters) {
    add(c);
    all.products += c.products;
    all.dropped += c.dropped;
    all.infinities += c.infinities;
  }
  add(all);
  report.blocks.push_back(
      {.before = {"products of two nonzero factors; dropped: exponents sum to less than -16 [N2]; "
                  "infinities: sums that reached 32768 [N4]"},
       .table = std::move(table),
       .after = {}});
  return report;
}

}  // namespace ane::sim
