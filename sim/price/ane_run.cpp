#include "sim/price/ane_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"

namespace ane::sim {
namespace {

std::string_view bound_name(const results::Parts& causes) {
  const auto largest = std::ranges::max_element(causes, {}, &results::Part::value);
  return largest == causes.end() ? std::string_view{} : std::string_view(largest->name);
}

results::Parts cause_parts(const CauseSeconds& causes) {
  results::Parts parts;
  for (int c = 0; c < cause_count; ++c)
    if (causes[static_cast<std::size_t>(c)] > 0)
      results::add(parts, cause_name(static_cast<Cause>(c)), causes[static_cast<std::size_t>(c)]);
  return parts;
}

double total(const TaskEnergy& e) {
  return e.mac + e.l2 + e.kernel + e.dma + e.dram + e.planar;
}

}  // namespace

CallCosts call_costs(const Chip& chip, const Runtime& runtime, Bytes transferred) {
  const AneParameters& ane = chip.ane();
  const RuntimeParameters& r = runtime.costs();
  CallCosts costs;
  costs.dispatch = (r.coreml_floor ? ane.dispatch_coreml : ane.dispatch_direct) + r.call_ane;
  const double rate = r.copy_bandwidth > 0 ? r.copy_bandwidth : ane.host_copy_bandwidth;
  if (r.copies > 0 && rate > 0)
    costs.copies = r.copies * static_cast<double>(transferred.count) / rate;
  return costs;
}

Bytes transferred_bytes(const workloads::Graph& graph) {
  Bytes bytes;
  for (const auto* list : {&graph.inputs, &graph.outputs})
    for (const auto v : *list)
      if (!graph.values[static_cast<std::size_t>(v)].state) bytes += Bytes{graph.type(v).bytes()};
  return bytes;
}

results::Parts memory_parts(const workloads::Compiled& compiled) {
  results::Parts parts;
  results::add(parts, "weights", static_cast<double>(compiled.weight_bytes));
  results::add(parts, "tensors", static_cast<double>(compiled.activation_bytes));
  results::add(parts, "program", static_cast<double>(compiled.program.words.size() * 4));
  return parts;
}

results::Parts call_energy(const AneParameters& ane, const Execution& execution, double in_flight) {
  const TaskEnergy& e = execution.energy;
  results::Parts parts;
  results::add(parts, "MAC", e.mac);
  results::add(parts, "L2", e.l2);
  results::add(parts, "kernel memory", e.kernel);
  results::add(parts, "DMA", e.dma);
  results::add(parts, "DRAM", e.dram);
  results::add(parts, "planar engine", e.planar);
  results::add(parts, "dispatch", ane.energy_dispatch);
  results::add(parts, "lit cores", ane.power_core * execution.lit_core_seconds);
  results::add(parts, "awake", (ane.power_awake + ane.power_leakage) * in_flight);
  return parts;
}

results::Parts energy_in_scope(results::Parts parts, std::string_view scope, const Chip& chip,
                               const CallCosts& costs) {
  if (scope.empty()) return parts;
  if (scope != "rail" && scope != "package")
    throw InputError("spec", fmt::format("scope={}: no scope of energy", scope), "rail, package");
  for (results::Part& part : parts)
    if (part.name == "DRAM") part.value *= chip.ane().energy_dram_on_rail.value_or(0);
  if (scope == "package" && chip.has_cpu())
    results::add(
        parts, "host core",
        chip.cpu().power_core * (costs.copies + chip.ane().dispatch_host_share * costs.dispatch));
  return parts;
}

results::Record ane_record(results::Run run, const Chip& chip, const Runtime& runtime,
                           const workloads::Graph& graph, const workloads::Compiled& compiled,
                           const Execution& execution) {
  const AneParameters& ane = chip.ane();
  const CallCosts call = call_costs(chip, runtime, transferred_bytes(graph));
  results::Record record{.run = std::move(run), .totals = {}, .limits = {}};
  results::Totals& t = record.totals;
  CauseSeconds causes = execution.causes;
  causes[static_cast<std::size_t>(Cause::dispatch)] += call.dispatch;
  t.causes = cause_parts(causes);
  if (call.copies > 0) results::add(t.causes, "host copies", call.copies);
  t.latency_s = results::sum(t.causes);
  t.throughput_items_per_s = static_cast<double>(record.run.batch) / t.latency_s;
  t.bound = bound_name(t.causes);
  t.energy_parts = call_energy(ane, execution, t.latency_s - call.copies);
  t.energy_j = results::sum(t.energy_parts);
  t.power_w = t.energy_j / t.latency_s;
  t.macs = execution.work.macs;
  t.dram_bytes =
      execution.work.weight_bytes + execution.work.load_bytes + execution.work.store_bytes;
  t.memory_parts = memory_parts(compiled);
  t.peak_memory_bytes = static_cast<std::int64_t>(results::sum(t.memory_parts));
  record.limits.peak_macs_per_s = ane.peak_fp16() / 2;
  record.limits.dram_bytes_per_s = ane.dram_bandwidth;

  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const workloads::Node& n = graph.nodes[i];
    results::OperatorRow row;
    row.index = static_cast<int>(i);
    row.name = n.name;
    row.op = n.op->name;
    row.unit = "ane";
    row.placement = "takes";
    row.reason = "the accelerator takes it";
    row.tasks = compiled.tasks_of_node[i];
    row.energy_j = 0;
    record.operators.push_back(std::move(row));
  }
  // Seconds that the MACs of an operator would take at the array's peak for their format.
  std::vector<double> busy(record.operators.size(), 0);
  double before = 0;
  for (const TaskTrace& task : execution.tasks) {
    results::OperatorRow& row = record.operators[static_cast<std::size_t>(task.operator_index)];
    const double end = seconds(task.end), spent = std::max(0.0, end - before);
    if (row.seconds == 0 && row.macs == 0) row.start_s = call.dispatch + before;
    row.seconds += spent;
    row.macs += task.work.macs;
    busy[static_cast<std::size_t>(task.operator_index)] +=
        2.0 * task.time.array_macs / (task.work.integer ? ane.peak_int8() : ane.peak_fp16());
    row.weight_bytes += task.work.weight_bytes;
    row.dram_bytes += task.work.weight_bytes + task.work.load_bytes + task.work.store_bytes;
    row.l2_bytes += task.work.l2_bytes;
    row.energy_j += total(task.energy);
    const double overhead = std::min(spent, task.time.overhead);
    results::add(row.causes, cause_name(Cause::overhead), overhead);
    results::add(row.causes, cause_name(task.time.bound), spent - overhead);
    before = std::max(before, end);

    results::TaskRow line;
    line.index = static_cast<int>(record.tasks.size());
    line.operator_index = task.operator_index;
    line.name = row.name;
    line.start = task.start;
    line.end = task.end;
    line.cause = cause_name(task.time.bound);
    line.bytes = task.work.weight_bytes + task.work.load_bytes + task.work.store_bytes;
    line.macs = task.work.macs;
    line.energy_j = total(task.energy);
    // Stages overlap inside a task; each is shown from the task's start, as long as it takes alone.
    const auto stage = [&](const char* device, double length, Picoseconds from) {
      if (length <= 0) return;
      const Picoseconds to{
          std::min(line.end.count, from.count + static_cast<std::int64_t>(length * 1e12 + 0.5))};
      line.stages.push_back({device, from, to});
    };
    stage("kernel dma", task.time.weights - task.hidden, task.start);
    stage("tile dma", task.time.load, task.start);
    stage("ne", task.time.mac, task.start);
    stage("pe", task.time.planar, task.start);
    stage("store", task.time.store, task.start);
    record.tasks.push_back(std::move(line));
  }
  for (results::OperatorRow& row : record.operators) {
    row.bound = bound_name(row.causes);
    // Winograd and skipped zeros save multiplications: an operator may be quicker than its products
    // at the peak rate.
    if (row.seconds > 0)
      row.utilisation = std::min(1.0, busy[static_cast<std::size_t>(row.index)] / row.seconds);
  }
  const std::string broken = results::check(record);
  ANE_CHECK(broken.empty(), broken.c_str());
  return record;
}

}  // namespace ane::sim
