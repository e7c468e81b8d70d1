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
  struct Access {
    int space;  // BAR, or -1 for L2
    ByteRange range;
    const char* what;
  };
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
