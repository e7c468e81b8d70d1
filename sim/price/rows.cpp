#include "sim/price/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "sim/ane/occupancy.h"

namespace ane::sim {
namespace {

using results::Cause;
using results::OperatorRow;

std::string_view kind_name(kernels::WorkKind kind) {
  using kernels::WorkKind;
  switch (kind) {
    case WorkKind::gemm:
      return "gemm";
    case WorkKind::conv:
      return "conv";
    case WorkKind::elementwise:
      return "elementwise";
    case WorkKind::reduction:
      return "reduction";
    case WorkKind::softmax:
      return "softmax";
    case WorkKind::normalisation:
      return "normalisation";
    case WorkKind::gather:
      return "gather";
    case WorkKind::copy:
      return "copy";
    case WorkKind::pool:
      return "pool";
    case WorkKind::attention:
      return "attention";
    case WorkKind::loop:
      return "loop";
  }
  return "";
}

std::int64_t moved_by(const TaskTrace& task) {
  return task.work.weight_bytes + task.work.load_bytes + task.work.store_bytes;
}

double joules_of(const TaskEnergy& e) {
  return e.mac + e.l2 + e.kernel + e.dma + e.dram + e.planar;
}

OperatorRow row_of(const LoweredSegment& s, std::size_t i, std::string_view unit, double start) {
  OperatorRow row;
  row.name = s.nodes[i].name;
  row.op = s.nodes[i].op;
  row.unit = unit;
  row.placement = s.placements[i].label;
  row.reason = s.placements[i].reason;
  row.start_s = start;
  row.energy_j = 0;
  return row;
}

}  // namespace

std::vector<OperatorRow> program_rows(const LoweredSegment& s, const Execution& e,
                                      const AneParameters& ane, double start) {
  std::vector<OperatorRow> rows;
  for (std::size_t i = 0; i < s.nodes.size(); ++i) {
    rows.push_back(row_of(s, i, "ane", start));
    rows.back().tasks = s.tasks_of_node[i];
  }
  // Seconds that the MACs of an operator would take at the array's peak for their format.
  std::vector<double> busy(s.nodes.size(), 0);
  double before = 0, turn = 0;  // end of the tasks so far; when this operator's turn began
  int running = -1;             // whose turn it is
  for (const TaskTrace& task : e.tasks) {
    const auto index = static_cast<std::size_t>(task.operator_index);
    OperatorRow& row = rows[index];
    const double end = seconds(task.end), spent = std::max(0.0, end - before);
    if (row.seconds == 0 && row.macs == 0) row.start_s = start + before;
    row.seconds += spent;
    if (task.operator_index != running) running = task.operator_index, turn = before;
    row.ahead_s += std::max(0.0, std::min(task.stream_end, turn) - task.stream_begin);
    row.macs += task.work.macs;
    busy[index] +=
        2.0 * task.time.array_macs / (task.work.integer ? ane.peak_int8() : ane.peak_fp16());
    row.weight_bytes += task.work.weight_bytes;
    row.dram_bytes += moved_by(task);
    row.l2_bytes += task.work.l2_bytes;
    row.energy_j += joules_of(task.energy);
    const double overhead = std::min(spent, task.time.overhead);
    results::add(row.causes, results::name(Cause::overhead), overhead);
    results::add(row.causes, results::name(task.time.bound), spent - overhead);
    before = std::max(before, end);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    OperatorRow& row = rows[i];
    row.bound = results::largest(row.causes);
    // Its bytes need that long at the one port, which is held to its rate over all tasks so far
    // [T19]: what does not fit into its own time has passed beside others.
    const double at_port = static_cast<double>(row.dram_bytes) / ane.dram_bandwidth;
    row.ahead_s = std::max(row.ahead_s, at_port - row.seconds);
    // Winograd and skipped zeros save multiplications: an operator may be quicker than its
    // products at the peak rate.
    if (row.seconds > 0) row.utilisation = std::min(1.0, busy[i] / row.seconds);
  }
  return rows;
}

std::vector<results::TaskRow> task_rows(const Schedule& schedule, const Execution& e,
                                        std::span<const OperatorRow> operators, std::size_t first,
                                        double start, std::size_t index) {
  const std::vector<std::int64_t> in_use = l2_occupancy(schedule);
  // A call that takes several passes over parts of its batch runs the program as often.
  ANE_CHECK(e.tasks.empty() || e.tasks.size() % in_use.size() == 0, "each pass runs all tasks");
  const Picoseconds shift{static_cast<std::int64_t>(start * 1e12)};
  std::vector<results::TaskRow> rows;
  for (const TaskTrace& task : e.tasks) {
    results::TaskRow& line = rows.emplace_back();
    const std::size_t of = first + static_cast<std::size_t>(task.operator_index);
    line.index = static_cast<int>(index++);
    line.operator_index = static_cast<int>(of);
    line.name = operators[of].name;
    line.start = task.start + shift;
    line.end = task.end + shift;
    line.cause = results::name(task.time.bound);
    line.bytes = moved_by(task);
    line.macs = task.work.macs;
    line.energy_j = joules_of(task.energy);
    line.l2_bytes = in_use[(rows.size() - 1) % in_use.size()];
    // Stages overlap inside a task; each is shown from the task's start, as long as it takes alone.
    const auto stage = [&](const char* device, double length) {
      if (length <= 0) return;
      const Picoseconds to{std::min(
          line.end.count, line.start.count + static_cast<std::int64_t>(length * 1e12 + 0.5))};
      line.stages.push_back({device, line.start, to});
    };
    stage("kernel dma", task.time.weights - task.hidden);
    stage("tile dma", task.time.load);
    stage("ne", task.time.mac);
    stage("pe", task.time.planar);
    stage("store", task.time.store);
  }
  return rows;
}

std::vector<OperatorRow> fallback_rows(const LoweredSegment& s, const Target& cpu,
                                       const PriceOptions& options, double start) {
  std::vector<OperatorRow> rows;
  for (std::size_t i = 0; i < s.nodes.size(); ++i) {
    OperatorRow& row = rows.emplace_back(row_of(s, i, "cpu", start));
    for (std::size_t k = 0; k < s.work.size(); ++k) {
      if (s.node_of_work[k] != static_cast<int>(i)) continue;
      const DeviceEstimate one = price_cpu({&s.work[k], 1}, cpu.chip, cpu.runtime, options);
      row.seconds += one.seconds();
      row.macs += s.work[k].macs.count;
      row.weight_bytes += s.work[k].weights.count;
      row.dram_bytes += whole(one.dram_bytes);
      row.energy_j += one.joules();
      row.bound = results::name(one.bound());
    }
    row.causes = {{std::string(results::name(Cause::fallback)), row.seconds}};
    start += row.seconds;
  }
  return rows;
}

std::vector<OperatorRow> device_rows(const DeviceEstimate& e, std::string_view unit,
                                     std::string_view placement, const std::string& reason,
                                     double start, std::optional<Cause> cause) {
  std::vector<OperatorRow> rows;
  for (const OpEstimate& o : e.operators) {
    OperatorRow& row = rows.emplace_back();
    row.name = o.count > 1 ? fmt::format("{} x{}", o.name, o.count) : std::string(o.name);
    row.op = kind_name(o.kind);
    row.unit = unit;
    row.placement = placement;
    row.reason = reason;
    row.start_s = start;
    row.seconds = o.seconds;
    row.macs = whole(o.macs);
    row.weight_bytes = whole(o.weight_bytes);
    row.dram_bytes = whole(o.dram_bytes);
    row.energy_j = o.joules;
    row.bound = results::name(o.bound);
    if (cause) row.causes = {{std::string(results::name(*cause)), row.seconds}};
    start += o.seconds;
  }
  return rows;
}

}  // namespace ane::sim
