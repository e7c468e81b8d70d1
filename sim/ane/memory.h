// The simulated memory: one region behind each base register, and L2. Every access of the machine
// goes through span(), which refuses what lies outside.
#pragma once
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "isa/program.h"
#include "isa/task.h"

namespace ane::sim {

class AneMemory {
 public:
  AneMemory(const isa::Program& program, Bytes l2);
  // Bytes [offset, offset + size) of a section; InputError with `who` when they are not all inside.
  std::span<std::uint8_t> section(int bar, std::int64_t offset, std::int64_t size,
                                  const std::string& who);
  std::span<std::uint8_t> l2(std::int64_t address, std::int64_t size, const std::string& who);
  std::int64_t section_size(int bar) const;  // -1: no such section
  std::int64_t allocated() const;            // bytes of all sections

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const { std::free(bytes); }
  };
  struct Region {
    bool present = false;
    std::string name;
    std::int64_t size = 0;
    std::unique_ptr<std::uint8_t[], Free> bytes;
  };
  std::vector<Region> regions_;
  std::vector<std::uint8_t> l2_;
};

// First and one past the last byte that an operand of these extents touches, from its address: the
// one way from registers to bytes. Any registers are taken; an end beyond 2^63 - 1 stays there, and
// so beyond every memory.
struct ByteRange {
  std::int64_t begin = 0, end = 0;
};
ByteRange touched(const isa::Extents& e, const isa::MemoryOperand& m);
ByteRange touched(const isa::Extents& e, const isa::L2Operand& l);
ByteRange touched(const isa::KernelStream& k);  // of all engines

}  // namespace ane::sim
