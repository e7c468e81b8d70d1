// What the task manager does with a program, in order, and when each task is done: the composition
// of tasks of docs/timing.md over the laws of timing.h. Needs no memory and no values.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "isa/program.h"
#include "sim/ane/timing.h"

namespace ane::sim {

using results::CauseSeconds;

struct TaskTrace {
  int id = 0, operator_index = 0;
  Picoseconds start{}, end{};
  TaskTime time;
  TaskWork work;
  TaskEnergy energy;
  double hidden = 0;                        // s of its weight stream that the task before hides
  double stream_begin = 0, stream_end = 0;  // s: when that stream passes the memory's port
};

// One execution of the program on the engines, without what the runtime adds.
struct Execution {
  Picoseconds duration{};
  CauseSeconds causes{};  // sums to the duration (of seconds)
  TaskEnergy energy;      // dynamic energy, by part
  TaskWork work;          // totals
  double lit_core_seconds = 0;
  std::vector<TaskTrace> tasks;
};

class Schedule {
 public:
  struct Issue {
    isa::Task task;
    int depend = 3;                  // tasks back that may still run
    std::vector<std::size_t> after;  // tasks that waits and fences before it named
  };

  // Decodes the program. InputError for malformed words, waits that never end, a missing `end`, a
  // task whose work count_work() refuses. Races are collected, not thrown.
  Schedule(const isa::Program& program, const AneParameters& chip);

  const std::vector<Issue>& issues() const { return issues_; }
  const std::vector<std::string>& races() const { return races_; }

  // `chip` may differ from the constructor's in rates, not in what work is (cores, memories).
  // `clock_share`: of the full NE clock (1, or less after an idle gap). InputError at the task that
  // ends after 9e6 s and more.
  Execution time(const AneParameters& chip, double clock_share = 1, bool keep_tasks = true) const;

 private:
  void keep_weights();
  void find_rectified();
  void find_alike();

  std::vector<Issue> issues_;
  std::vector<TaskWork> work_;
  // A big program has many tasks alike, which are priced once: the first of each kind, and the kind
  // of each task.
  std::vector<std::size_t> first_of_kind_;
  std::vector<std::uint32_t> kind_;
  std::vector<std::string> races_;
};

}  // namespace ane::sim
