// When a task is done and what it costs: the laws of docs/timing.md over one decoded task. Pure
// functions of the task and the chip; no values are looked at.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include "isa/task.h"
#include "isa/units.h"
#include "kernels/lowering.h"
#include "results/cause.h"
#include "sim/chips/chip.h"

namespace ane::sim {

// Why a stretch of time passed. Every picosecond of a program has one.
using results::Cause;

// Work and traffic of one task, counted from its registers.
struct TaskWork {
  std::int64_t macs = 0;  // multiply-accumulates that the operation asks for
  bool integer = false;
  std::int64_t weight_bytes = 0;                 // kernel DMA: streams and side streams as stored
  std::int64_t kernel_bytes = 0;                 // kernel memory: decoded weights written
  std::int64_t load_bytes = 0, store_bytes = 0;  // tile DMA, memory side
  std::int64_t l2_bytes = 0;                     // read and written by NE, PE and DMA
  std::int64_t planar_elements = 0;              // processed by the PE
  std::int64_t planar_second = 0;                // of them, with a second operand of their own
  int lit_cores = 0;
  std::int64_t units = 1;        // work units, the steps in which stages overlap
  std::int64_t unit_pixels = 0;  // output positions of one
  std::int64_t passes = 1;       // over the output channels, as the kernel memory allows
  bool weights_fit = false;      // the decoded weights fit in the kernel memories
  bool rectified = false;        // the input comes out of a relu: about half of it is zero

  // Adds macs, bytes and planar elements; sums stop at 2^63 - 1.
  TaskWork& operator+=(const TaskWork& other);
};
// InputError at the task for extents of 0, operands with more elements than L2 has room for, and
// more than 2^52 of anything that is counted [C1, C6, C7 of docs/isa/shape.md].
TaskWork count_work(const isa::Task& task, const AneParameters& chip);

struct TaskTime {
  double weights = 0, load = 0, mac = 0, planar = 0, store = 0;  // s, each stage alone
  double array_macs = 0;         // multiplications that the array does: zeros skipped, Winograd
  double bank_conflict = 0;      // part of mac that bank conflicts add
  double overhead = 0;           // s, start and drain
  double engine = 0;             // s, composed, the weights being there; overhead included
  Cause bound = Cause::compute;  // of `engine`
  // Composed for a task whose weights begin with it.
  double total() const { return std::max(engine, overhead + weights); }
};
// All that price() and energy() look at: tasks alike in it take the same time and energy.
struct TaskKey {
  explicit TaskKey(const isa::Task& task, const TaskWork& work);
  friend bool operator==(const TaskKey&, const TaskKey&) = default;
  std::size_t hash() const;

 private:
  std::array<std::int64_t, 36> fields_{};
};

// `clock_share`: of the full NE clock (1, or less after an idle gap).
TaskTime price(const isa::Task& task, const TaskWork& work, const AneParameters& chip,
               double clock_share = 1);

// The same for the compiler's choices; refers to `chip`.
class ChipLaw : public kernels::TaskLaw {
 public:
  explicit ChipLaw(const AneParameters& chip) : chip_(chip) {}
  Time time(const isa::Task& task) const override;

 private:
  const AneParameters& chip_;
};

struct TaskEnergy {
  double mac = 0, l2 = 0, kernel = 0, dma = 0, dram = 0, planar = 0;  // J; dram is not on the rail
};
TaskEnergy energy(const TaskWork& work, const AneParameters& chip);

}  // namespace ane::sim
