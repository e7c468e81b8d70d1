// The inside of Lowered, for the files of this folder.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/ane/schedule.h"
#include "sim/devices/estimate.h"
#include "sim/price/limits.h"
#include "sim/price/lower.h"
#include "sim/price/placement.h"
#include "sim/price/plan.h"

namespace ane::sim {

// The unit of a stage on this target's chip.
Unit unit_of(const workloads::Stage& stage, const Target& target);

struct NodeName {
  std::string name, op;
};

// A program of the accelerator, or operators that it does not take, on the CPU.
struct LoweredSegment {
  bool on_ane = true;
  std::shared_ptr<const Schedule> schedule{};  // none: on the CPU
  SamePlan same{};                             // of the program; empty: not asked for
  std::size_t same_tasks = 0;                  // that it keeps
  int passes = 1;                              // over parts of the batch in one call, alike
  bool spills = false;                         // tensors between operators pass through memory
  Bytes transferred{};                         // graph inputs and outputs
  results::Parts memory{};
  std::vector<NodeName> nodes{};
  std::vector<int> tasks_of_node{};
  std::vector<Placement> placements{};
  workloads::WorkList work{};       // on the CPU, in float32, an entry a node or more
  std::vector<int> node_of_work{};  // whose node each entry is
};

struct LoweredStage {
  std::vector<LoweredSegment> segments{};  // of a program
  workloads::WorkList work{};              // of a device
  std::string assumed{};                   // of the constants by which Core ML's planner placed it
  std::string refused{};  // why the accelerator has no program for it: all of `work` on the CPU
  double macs = 0;        // of one call
};

struct Lowered::Impl {
  workloads::Request request;
  Unit unit = Unit::ane;
  MachineKey machine{};
  workloads::Job job;
  std::vector<LoweredStage> stages;
  std::int64_t call_batch = 0;  // 0: the request's
  std::string note{};           // what a caller does for it to run
  bool of_one_chip = false;     // its form rests on times that no other chip is asked for

  // Whether it is what lower() makes for this chip, of the same limits.
  bool holds(const Chip& chip) const;
};

// Of Placing::best: the quickest of what each rule places.
Lowered lower_best(const workloads::Request& request, const Target& target);
// Without what is kept: the slow way, which lower() must equal.
Lowered lower_anew(const workloads::Request& request, const Target& target);

}  // namespace ane::sim
