// The program as a process of its own that is stopped, starved or refused what it asks the system
// for, and what is to hold afterwards.
#pragma once
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace ane::faults {

struct Start {
  std::vector<std::string> arguments;
  std::string folder;               // where it runs
  std::function<void()> prepare{};  // in the child, before the program
  std::string program = ANESIM_PROGRAM;
};

struct Outcome {
  int status = -1;  // -1: a signal ended it
  int signal = 0;
  std::string out, err;

  // Ended by itself, and where it failed said so in a line.
  bool orderly() const {
    return status == 0 || status == 1 || (status == 2 && err.find("error: ") != std::string::npos);
  }
};

class Process {
 public:
  explicit Process(const Start& start);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool ended();
  void send(int signal) const;
  Outcome wait();

 protected:
  pid_t pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
  int out_ = -1, err_ = -1;
};

inline Outcome run(const Start& start) {
  return Process(start).wait();
}

// What happens to the n-th call, from 1, by which a process changes a file: open to write, write,
// rename, remove, bring to the disk.
struct AtWrite {
  int n = 0;      // 0: none is touched
  int fault = 0;  // errno that it gives; 0: the process is killed in front of it
  int calls = 0;  // how many there were
};
// False where the system lets nobody trace.
bool can_trace();
Outcome run_traced(const Start& start, AtWrite& at);

}  // namespace ane::faults
