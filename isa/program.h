// A program: packets for the task manager, the memory that its base registers (BAR) point to, and
// the tensors that go in and come out. Static: no program counter beyond the stream, no loops.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "isa/format.h"
#include "isa/units.h"

namespace ane::isa {

// A region of memory behind one base register. `contents` may be shorter than `size` (the rest is
// zero) and is empty in a program that is only timed.
struct Section {
  int bar = 0;  // 0 to 255
  std::string name;
  Bytes size;
  std::vector<std::uint8_t> contents;
};

// A tensor [n, c, h, w] in memory: element (n, c, h, w) at offset + n*sn + c*sc + h*sh + w*sw
// bytes.
struct TensorSymbol {
  std::string name;
  int bar = 0;
  std::int64_t offset = 0;
  Format format = Format::fp16;
  std::int64_t n = 1, c = 1, h = 1, w = 1;
  std::int64_t sn = 0, sc = 0, sh = 0, sw = 2;
  bool input = false, output = false;
};

struct Program {
  std::string name, chip, profile;
  std::vector<std::uint32_t> words;
  std::vector<Section> sections;
  std::vector<TensorSymbol> tensors;
  std::vector<std::string> operators;  // names, indexed by the operator field of `task`
};

}  // namespace ane::isa
