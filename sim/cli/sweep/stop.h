// An interrupt that ends long work in order: the first one (Ctrl-C, SIGTERM) asks for a stop, the
// second one ends the program as usual.
#pragma once
#include <atomic>

namespace ane::sim {

// While one lives; one at a time.
class StopAtSignal {
 public:
  StopAtSignal();
  ~StopAtSignal();
  StopAtSignal(const StopAtSignal&) = delete;
  StopAtSignal& operator=(const StopAtSignal&) = delete;
  const std::atomic<bool>* flag() const;
};

}  // namespace ane::sim
