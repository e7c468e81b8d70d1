// The rows of operators and tasks that stand in a cost, made of what a program's execution or a
// device's estimate says. Times in seconds of the job; `start`: when the first of them begins.
#pragma once
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/cause.h"
#include "results/record.h"
#include "sim/price/lowered.h"
#include "sim/price/target.h"

namespace ane::sim {

// A count that was computed as a real number.
inline std::int64_t whole(double v) {
  return static_cast<std::int64_t>(std::llround(v));
}

// Of the nodes of a program, in order: each owns the time from when the task before its own ended.
std::vector<results::OperatorRow> program_rows(const LoweredSegment& segment, const Execution& e,
                                               const AneParameters& ane, double start);
// Of its tasks, for operators[first + node]. index: of the first one.
std::vector<results::TaskRow> task_rows(const Schedule& schedule, const Execution& e,
                                        std::span<const results::OperatorRow> operators,
                                        std::size_t first, double start, std::size_t index);
// Of nodes that the accelerator does not take, on this CPU.
std::vector<results::OperatorRow> fallback_rows(const LoweredSegment& segment, const Target& cpu,
                                                const PriceOptions& options, double start);
// Of a device's operators, one after the other. cause: what their time is to the call, where that
// is one thing.
std::vector<results::OperatorRow> device_rows(const DeviceEstimate& e, std::string_view unit,
                                              std::string_view placement, const std::string& reason,
                                              double start,
                                              std::optional<results::Cause> cause = {});

}  // namespace ane::sim
