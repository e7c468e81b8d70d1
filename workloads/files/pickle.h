// The part of Python's pickle format that PyTorch checkpoints of plain tensors need, and no more:
// an interpreter that builds values and never runs anything. A global is accepted only when it is
// one of the few names below; every other one, and every opcode that could call or construct
// something else, is refused by its name before anything is done with it.
// Format: CPython Lib/pickletools.py, protocols 2 to 5.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "workloads/files/elements.h"

namespace ane::workloads {

// Values live in one pool and refer to each other by index, so that cycles and deep nesting in a
// hostile file can neither leak nor overflow a stack.
using PickleId = std::uint32_t;

struct PickleGlobal {
  std::string name;  // "torch.FloatStorage"
};
struct PickleStorage {
  const ElementType* type = nullptr;
  std::string key;  // "17"
  std::int64_t elements = 0;
};
struct PickleTensor {
  PickleId storage = 0;
  std::int64_t offset = 0;  // in elements
  std::vector<std::int64_t> shape, strides;
};
struct PickleSequence {
  bool tuple = false;
  std::vector<PickleId> items;
};
struct PickleDict {
  std::vector<std::pair<PickleId, PickleId>> items;  // in the order set, later ones win
};
using PickleValue =
    std::variant<std::monostate, bool, std::int64_t, double, std::string, PickleSequence,
                 PickleDict, PickleGlobal, PickleStorage, PickleTensor>;

struct Pickle {
  std::vector<PickleValue> pool;
  PickleId root = 0;
  std::size_t end = 0;  // the byte after its STOP

  const PickleValue& value(PickleId id) const { return pool[id]; }
};

// Reads one pickle that starts at byte `start`. InputError(place, ...) with the byte where it
// stops: refused names and opcodes, truncation, a stack or memo that does not fit, more than a
// million values, tensors of more than 64 dimensions.
Pickle read_pickle(std::string_view bytes, const std::string& place, std::size_t start = 0);

}  // namespace ane::workloads
