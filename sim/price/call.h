// What a call of the accelerator adds to its program: dispatch by path, host copies, the state the
// engine is found in, what shares its memory, and what a measurement sees of its energy
// (docs/timing.md, "ANE" and "Energy").
#pragma once
#include "results/record.h"
#include "sim/ane/schedule.h"
#include "sim/chips/chip.h"
#include "sim/runtimes/runtime.h"
#include "workloads/compile/compile.h"
#include "workloads/request/request.h"

namespace ane::sim {

struct CallCosts {
  double dispatch = 0;  // s: the device's floor by path and the runtime's own call cost
  double copies = 0;    // s: host copies of inputs and outputs, where the runtime makes them
};
CallCosts call_costs(const Chip& chip, const Runtime& runtime, Bytes transferred);

// Bytes of the graph's inputs and outputs that the host hands over: all but its state.
Bytes transferred_bytes(const workloads::Graph& graph);
// Bytes of a program: weights, tensors in memory, instructions.
results::Parts memory_parts(const workloads::Compiled& compiled);

// Joules of one call by part: the tasks' events and what is on while the call is in flight, from
// its dispatch to its last task [E1]. in_flight: s at the full clock; host copies are not in it.
results::Parts call_energy(const AneParameters& ane, const Execution& execution, double in_flight);

// The chip as one unit sees it while the others named read the memory as fast as they can: all are
// slowed alike where their streams together exceed it [T20]. `ane` beside the ANE is a program on
// another of the chip's engines. InputError for what is no other unit or engine.
Chip chip_beside(const std::string& others, const Chip& chip, workloads::Unit unit);
// The engine's rates with several engines on one program. InputError for more than the chip has.
AneParameters ane_under(const workloads::Conditions& conditions, const Chip& chip);

// The state in which the call finds the engine [T9].
struct EngineState {
  double clock_share = 1, wake = 0;
};
EngineState state_of(const workloads::Conditions& conditions, const AneParameters& ane);
// A call that begins at the floor clock: under load the clock rises evenly to the full one over
// `ramp` seconds [T9]. full, floor: the execution at either clock.
Execution ramped(Execution full, const Execution& floor, double ramp);

// A program that goes through its tasks several times, each time for other items.
Execution passes(Execution one, int count);

// What a measurement sees of a call's energy on the ANE [E4]. rail: the engine's own rail, with the
// share of the memory and the estimate of a MAC that are the chip's. package: CPU, GPU and engine
// less what they take when idle, so the rail and the host's core. whole: the engine, the memory and
// a core of the host for the copies and its share of the dispatch.
results::Parts energy_in_scope(results::Parts parts, workloads::Scope scope, const Chip& chip,
                               const CallCosts& costs);

}  // namespace ane::sim
