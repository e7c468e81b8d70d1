// A task's independent results on several host threads. What is computed never depends on how many
// there are: every result is made by one thread, in one order.
#pragma once
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace ane::sim {

class Workers {
 public:
  // The calling thread and `threads` - 1 of its own, which end with this object. At least 1, which
  // starts none. One caller at a time.
  explicit Workers(int threads = 1);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int threads() const { return 1 + static_cast<int>(others_.size()); }

  // body(begin, end) for ranges that together are [0, count), none of them shorter than `least`
  // unless it is the only one; returns when all have ended. What they throw comes back: of several
  // faults the one of the first range, which is the one that a single thread would have met.
  template <class Body>
  void spread(std::int64_t count, std::int64_t least, const Body& body) {
    const std::int64_t pieces =
        others_.empty() ? 1 : std::min(count / std::max<std::int64_t>(1, least), most_pieces());
    if (pieces <= 1) {
      if (count > 0) body(std::int64_t{0}, count);
      return;
    }
    run({.count = count,
         .pieces = pieces,
         .body = &body,
         .call = [](const void* b, std::int64_t begin, std::int64_t end) {
           (*static_cast<const Body*>(b))(begin, end);
         }});
  }

 private:
  struct Job {
    std::int64_t count = 0, pieces = 0;
    const void* body = nullptr;
    void (*call)(const void*, std::int64_t, std::int64_t) = nullptr;
  };
  // A few a thread, so that one that the host holds up leaves its share to the others.
  std::int64_t most_pieces() const { return 4 * threads(); }
  void run(const Job& job);
  void take_pieces();
  void wait_for_jobs(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any opened_;
  std::condition_variable left_;
  Job job_;  // while `open_`, or anyone is `inside_`
  bool open_ = false;
  std::atomic<int> inside_{0};          // others that are at the job; changed under the mutex
  std::atomic<std::uint64_t> jobs_{0};  // opened so far
  std::atomic<std::int64_t> next_{0};   // piece
  std::exception_ptr fault_;
  std::int64_t fault_piece_ = 0;
  std::vector<std::jthread> others_;
};

}  // namespace ane::sim
