// Which tensors in L2 and memory came out of a relu, so that about half of their values are zero:
// known from the tasks that wrote them.
#pragma once
#include <cstdint>
#include <map>
#include <utility>

#include "isa/task.h"
#include "sim/ane/memory.h"

namespace ane::sim {

class Rectified {
 public:
  // Takes the next task in program order. True where its input came out of a relu.
  bool take(const isa::Task& task);

 private:
  using Place = std::pair<int, std::int64_t>;  // memory region (or -1: L2) and byte address
  struct Stretch {
    std::int64_t end = 0;
    bool rectified = false;
  };

  bool at(Place place) const;
  void write(int region, ByteRange bytes, bool rectified);

  std::map<Place, Stretch> known_;
};

}  // namespace ane::sim
