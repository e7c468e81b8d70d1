// The race checker: which tasks may still be running when another starts, by what the program said
// (dep, wait, fence), and whether their reads and writes meet. It knows no time: a race is reported
// even when the timing happens to be kind.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "isa/task.h"
#include "sim/ane/memory.h"

namespace ane::sim {

// A stretch of memory that a task reads or writes, from its first byte to its last.
struct Access {
  int space;  // BAR, or -1 for L2
  ByteRange range;
  const char* what;  // "source 1"
};
// A source that is loaded is written to L2 and read there.
struct Accesses {
  std::vector<Access> reads, writes;
};
Accesses accesses_of(const isa::Task& task);

class RaceChecker {
 public:
  struct Signal {
    int when = 3;  // src, ne, l2, dst: positions of isa::signal_points
    int event = 0;
  };

  void depend(int tasks) { depend_ = tasks; }
  void fence();
  // InputError when the count can never be reached: nothing issued so far signals it.
  void wait(int event, int count, const std::string& where);
  // The task starts; returns a sentence for its first race with a task in flight.
  std::optional<std::string> start(const isa::Task& task, const std::vector<Signal>& signals);

 private:
  struct Flight {
    int index, id;
    std::vector<Access> reads, writes;
    std::vector<Signal> signals;
    bool reads_done = false, writes_done = false;
  };
  int issued_ = 0, depend_ = 3;
  std::vector<Flight> flights_;
  std::array<std::vector<std::pair<int, int>>, 16> signalled_;  // event -> (task, when)
};

}  // namespace ane::sim
