// Values: executes one decoded task on the simulated memory, with the fast arithmetic, which equals
// the scalar reference bit for bit. Weights are decoded from their streams once and kept, as long
// as the weight section is not written.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "isa/task.h"
#include "kernels/arith/gemm.h"
#include "kernels/arith/planar.h"
#include "kernels/arith/profile.h"
#include "sim/ane/memory.h"
#include "sim/ane/workers.h"

namespace ane::sim {

class Executor {
 public:
  Executor(AneMemory& memory, const kernels::arith::Profile& profile);
  ~Executor();
  // `slot`: the task's index in the program, under which its weights are kept.
  void execute(const isa::Task& task, std::size_t slot, Workers& workers);

 private:
  struct Kernel;
  const Kernel& kernel(const isa::Task& task, std::size_t slot, const std::string& who);
  void load(const isa::Extents& e, const isa::MemoryOperand& m, const isa::L2Operand& l,
            const std::string& who);
  void store(const isa::Task& task, const std::string& who);
  void make(const isa::Task& task, const isa::Extents& extents, const std::string& who);
  void multiply(const isa::Task& task, const Kernel& kernel, const std::string& who);
  void multiply_sources(const isa::Task& task, const std::string& who);
  void pass_through(const isa::Task& task, const std::string& who);
  void gather(const isa::Task& task, const std::string& who);
  void planar(const isa::Task& task, const std::string& who);
  void reduce(const isa::Task& task, const std::string& who);
  void reduce_in_place(kernels::arith::Reduction r, const kernels::arith::ReduceShape& shape);
  void finish(const isa::Task& task, const std::string& who);
  void apply(int function, std::uint16_t alpha, std::uint16_t beta);  // to what was made
  void move(const isa::Task& task, const std::uint8_t* in, std::uint8_t* out,
            const std::string& who);

  AneMemory& memory_;
  Workers* workers_ = nullptr;  // of the task that runs
  const kernels::arith::Profile& profile_;
  std::vector<std::unique_ptr<Kernel>> kernels_;
  // What the neural engines made, dense [n, c, h, w], and what the planar engine made of it.
  std::vector<kernels::arith::Half> made_, result_;
  isa::Extents made_extents_;
  std::vector<std::uint8_t> bytes_;  // a copy between operands that share bytes
};

}  // namespace ane::sim
