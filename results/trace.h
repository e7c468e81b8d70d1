// A record as a trace for Perfetto (ui.perfetto.dev) or chrome://tracing: the JSON array format of
// "Trace Event Format" (Google, 2016), complete events ("X"), names ("M"), counters ("C") and flows
// ("s", "t"): arrows from an operator to its tasks. Counters: traffic with DRAM, the power of
// operators, how many devices work at once, and how much of L2 is in use; what a task or an
// operator moves and spends is spread evenly over its time, so that the area under a counter is the
// sum.
//
// One process a unit. Its tracks: operators, tasks, then each device with the intervals in which it
// worked. Intervals of one track that overlap without one holding the other get a track of their
// own ("tile dma 2"), because viewers nest what is on one track. Times are in microseconds and
// exact to the picosecond.
#pragma once
#include <string>

#include "results/record.h"

namespace ane::results {

std::string trace_json(const Record& record);

// InputError when the file cannot be written; what was there before stays.
void write_trace(const Record& record, const std::string& file);

// As JSON holds it, with the quotes: control characters, quotes and backslashes escaped.
std::string json_quoted(std::string_view text);

}  // namespace ane::results
