// The accelerator: loads a program, runs it for values, for time, or both, and says what happened.
// Time never depends on values, nor values on time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "isa/program.h"
#include "kernels/arith/profile.h"
#include "kernels/tensor.h"
#include "sim/ane/schedule.h"
#include "sim/chips/chip.h"

namespace ane::sim {

class Workers;

class AneMachine {
 public:
  // Decodes and checks the program. InputError for malformed words, addresses outside memory
  // (place: the task), waits that never end. Races are collected, not thrown.
  AneMachine(const Chip& chip, isa::Program program);
  ~AneMachine();
  AneMachine(AneMachine&&) noexcept;

  const isa::Program& program() const;
  const std::vector<std::string>& races() const;
  std::int64_t allocated_bytes() const;  // of the simulated memory, for this program

  // Host tensors are dense [n, c, h, w] in the tensor's format; float32 converts to fp16.
  void write(const std::string& tensor, const kernels::Tensor& values);
  kernels::Tensor read(const std::string& tensor) const;

  void execute();                  // values
  void execute(Workers& workers);  // the same bits, on these threads
  Execution time(double clock_share = 1, bool keep_tasks = true) const;  // cycles and joules

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ane::sim
