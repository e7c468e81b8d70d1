// One call of a compiled graph on the accelerator as a record: the engines' execution plus what the
// runtime and the dispatch add.
#pragma once
#include "results/record.h"
#include "sim/ane/machine.h"
#include "sim/runtimes/runtime.h"
#include "workloads/compile/compile.h"

namespace ane::sim {

struct CallCosts {
  double dispatch = 0;  // s: the device's floor by path and the runtime's own call cost
  double copies = 0;    // s: host copies of inputs and outputs, where the runtime makes them
};
CallCosts call_costs(const Chip& chip, const Runtime& runtime, Bytes transferred);

// Joules of one call by part: the tasks' events and what is on while the call is in flight, from
// its dispatch to its last task [E1]. in_flight: s at the full clock; host copies are not in it.
results::Parts call_energy(const AneParameters& ane, const Execution& execution, double in_flight);

// What a measurement sees of a call's energy [E4]. "rail": the engine's own rail, with the share of
// the memory that the chip's rail sees. "package": CPU, GPU and engine less what they take when
// idle, so the rail and a core of the host for the copies and its share of the dispatch. "": the
// engine with the memory. InputError for another scope.
results::Parts energy_in_scope(results::Parts parts, std::string_view scope, const Chip& chip,
                               const CallCosts& costs);

// Totals, operator rows and task rows; `run` gives identity and batch. No accuracy, no digest.
results::Record ane_record(results::Run run, const Chip& chip, const Runtime& runtime,
                           const workloads::Graph& graph, const workloads::Compiled& compiled,
                           const Execution& execution);

// Bytes of a program: weights, tensors in memory, instructions.
results::Parts memory_parts(const workloads::Compiled& compiled);

// Bytes of the graph's inputs and outputs that the host hands over: all but its state.
Bytes transferred_bytes(const workloads::Graph& graph);

}  // namespace ane::sim
