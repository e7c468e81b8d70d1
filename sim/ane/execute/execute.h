// Values: executes one decoded task on the simulated memory, with the fast arithmetic, which equals
// the scalar reference bit for bit. Weights are decoded from their streams once and kept, as long
// as the weight section is not written.
#pragma once
#include <array>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "isa/task.h"
#include "kernels/arith/planar.h"
#include "kernels/arith/profile.h"
#include "sim/ane/execute/operands.h"

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
  // Room for what a stage makes of these sources: its place in L2 where it is the last one and
  // overwrites none of them too early, else a room of the executor's.
  struct Read {
    const isa::Extents& e;
    const isa::L2Operand& l;
    bool aligned = false;  // each element is read when the one in its place is written, or before
  };
  Values room_for(const isa::Task& task, const isa::Extents& e, bool last,
                  std::initializer_list<Read> reads, const std::string& who);
  Values own_room(const isa::Extents& e);
  void multiply(const isa::Task& task, const Kernel& kernel, const std::string& who);
  void multiply_sources(const isa::Task& task, const std::string& who);
  void pass_through(const isa::Task& task, const std::string& who);
  void gather(const isa::Task& task, const std::string& who);
  void planar(const isa::Task& task, const std::string& who);
  void elementwise(const isa::Task& task, const std::string& who);
  void reduce(const isa::Task& task, const std::string& who);
  void reduce_in_place(kernels::arith::Reduction r, const kernels::arith::ReduceShape& shape,
                       const kernels::arith::Half* x);  // into made_
  void pool(const isa::Task& task, const std::string& who);
  void finish(const isa::Task& task, const std::string& who);
  void move(const isa::Task& task, const std::uint8_t* in, std::uint8_t* out,
            const std::string& who);

  AneMemory& memory_;
  Workers* workers_ = nullptr;  // of the task that runs
  const kernels::arith::Profile& profile_;
  std::vector<std::unique_ptr<Kernel>> kernels_;
  Values made_;  // by the last stage that ran
  std::array<std::vector<kernels::arith::Half>, 2> rooms_;
  std::size_t free_room_ = 0;        // the one that made_ does not stand in
  std::vector<std::uint8_t> bytes_;  // a copy between operands that share bytes
};

}  // namespace ane::sim
