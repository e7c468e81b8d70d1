// From operators to tasks. An operator describes a task by its operands' views; Lowering places
// operands of memory in L2, writes weights into the kernel section and emits the registers.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "isa/emitter.h"
#include "isa/machine.h"
#include "isa/program.h"
#include "kernels/arith/profile.h"
#include "kernels/operator.h"
#include "kernels/types.h"
#include "kernels/view.h"

namespace ane::kernels {

// Weights of one layer (or of a slice of its output channels) as they lie in the kernel section.
struct PlacedWeights {
  isa::KernelStream stream;
  std::uint16_t skip = 0;  // share of exact zeros that the machine may skip, 1/65535
};

struct TaskSpec {
  View in1{};
  std::optional<View> in2{};
  View out{};
  isa::Task fields{};  // everything but operands, extents and formats, which the views give
  // Axes along which the task may be cut in pieces, in the order of preference, and the sources
  // that are cut with the result there (an axis of extent 1 in a source is repeated, never cut).
  std::vector<Axis> cut{};
  unsigned follow1 = 0, follow2 = 0;
};

// The machine's law of time, for choices between tilings (sim/ane/timing.h has it).
class TaskLaw {
 public:
  struct Time {
    double engine = 0, with_weights = 0;  // s of the task: its weights being there, and not
    bool kept = false;                    // the kernel memories hold them for a task behind it
  };
  virtual ~TaskLaw() = default;
  virtual Time time(const isa::Task& task) const = 0;
};

struct Sections {
  static constexpr int weights = 4, scratch = 8, constants = 16, tensors = 24;
};

class Lowering {
 public:
  // `with_values`: weight streams are written; else only their sizes are counted (timing alone).
  // Without a law, tilings are chosen by the bytes that they move.
  Lowering(const isa::Machine& machine, const arith::Profile& profile, std::string name,
           bool with_values, const TaskLaw* law = nullptr);

  const isa::Machine& machine() const { return machine_; }
  const TaskLaw* law() const { return law_; }

  // --- for operators ---
  const View& input(std::size_t i) const { return inputs_[i]; }
  const View& output() const { return output_; }
  // A dense tensor that lives until the call's end, in L2 where there is room, else in memory.
  View temporary(const TensorType& type);
  // A dense tensor in L2 until `release`, or nothing where it does not fit.
  std::optional<View> place_in_l2(const TensorType& type);
  void release(const View& v);
  View memory_temporary(const TensorType& type);
  View dense_memory_temporary(const TensorType& type);  // rows not padded to the alignment
  // Lowers one step of a composite operator with its own operands.
  void lower_step(const Operator& op, const Call& call, std::vector<View> inputs, View output);
  // Output channels [begin, begin + count) of a layer. Layers that share their Parameters share the
  // streams.
  PlacedWeights place_weights(const Call& call, std::int64_t begin, std::int64_t count);
  // Sets `slot` (the NE's or the PE's unary function) and its parameters from the call's
  // activation.
  static void set_activation(isa::Task& fields, int& slot, const Call& call);
  // Quantises the task's result where the call's does (attribute `scale`).
  void set_quantised(isa::Task& fields, const Call& call) const;
  // A host constant as the machine's binary16.
  std::uint16_t half(double value) const;
  // The task as the law sees it: extents, formats and what passes memory; no addresses in L2.
  static isa::Task shaped(const TaskSpec& spec);
  // Emits one task. Operands in memory pass through L2; they must fit (see columns_per_tile).
  void emit(const TaskSpec& spec);
  // Emits `spec` as a row of tasks, cut along the axes of spec.cut until a task's operands fit in
  // the free L2. InputError when the smallest piece does not fit.
  void emit_tiled(const TaskSpec& spec);
  // Bytes of L2 that a task may use for operands of memory, in one piece.
  std::int64_t free_l2() const;

  // --- for the compiler (workloads/compile/compile.cpp) ---
  // A tensor in memory: rows padded to the machine's alignment. Bytes: all of it, padding included.
  View memory_view(int bar, std::int64_t offset, const TensorType& type) const;
  std::int64_t memory_bytes(const TensorType& type) const;
  void reserve_memory(int bar, std::int64_t bytes);  // the section is at least this large
  void write_constant(const View& view, const Tensor& values);  // dense, in the view's format
  void begin_call(int operator_index, std::vector<View> inputs, View output,
                  std::vector<std::pair<std::int64_t, std::int64_t>> l2_in_use);
  void name_operator(std::string name) { program_.operators.push_back(std::move(name)); }
  void add_tensor(const std::string& name, const View& view, bool input, bool output);
  isa::Program finish();
  int task_count() const { return tasks_; }

 private:
  struct Interval {
    std::int64_t begin, end;
  };
  std::optional<std::int64_t> take_l2(std::int64_t bytes);
  View to_l2(const View& v);
  View scratch(const TensorType& type, bool dense);
  static std::int64_t l2_need(const TaskSpec& spec);
  void emit_cut(const TaskSpec& spec, std::size_t axis);
  PlacedWeights write_weights(const Call& call, std::int64_t begin, std::int64_t count);

  isa::Machine machine_;
  const arith::Profile& profile_;
  bool with_values_;
  const TaskLaw* law_;
  isa::Program program_;
  isa::Emitter emitter_;
  std::map<int, std::int64_t> section_size_;
  std::map<int, std::vector<std::uint8_t>> constants_;
  std::int64_t scratch_ = 0;
  std::vector<std::uint8_t> weight_bytes_;
  // Parameters, dilation w and h, first channel, count. The graph keeps the parameters alive.
  using Slice = std::tuple<const Parameters*, int, int, std::int64_t, std::int64_t>;
  std::map<Slice, PlacedWeights> placed_;
  std::vector<View> inputs_;
  View output_;
  std::vector<Interval> used_;  // L2 held by residents and temporaries of the call
  int operator_index_ = 0;
  int tasks_ = 0;
};

}  // namespace ane::kernels
