#include "sim/ane/execute/workers.h"

#include <utility>

#include "isa/error.h"

namespace ane::sim {
namespace {

// Tasks follow each other within microseconds: a thread looks this often for the next job before it
// sleeps, some tens of microseconds.
constexpr int looks = 4000;

template <class Done>
bool look_for(Done done) {
  for (int i = 0; i < looks; ++i) {
    if (done()) return true;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  return false;
}

}  // namespace

Workers::Workers(int threads) {
  ANE_CHECK(threads >= 1, "no thread");
  for (int i = 1; i < threads; ++i)
    others_.emplace_back([this](const std::stop_token& stop) { wait_for_jobs(stop); });
}

// Before what they use: they are told to stop, and joined.
Workers::~Workers() {
  others_.clear();
}

void Workers::wait_for_jobs(const std::stop_token& stop) {
  std::uint64_t seen = 0;
  while (!stop.stop_requested()) {
    look_for(
        [&] { return jobs_.load(std::memory_order_relaxed) != seen || stop.stop_requested(); });
    std::unique_lock lock(mutex_);
    if (!opened_.wait(lock, stop, [&] { return jobs_.load(std::memory_order_relaxed) != seen; }))
      return;
    seen = jobs_.load(std::memory_order_relaxed);
    if (!open_) continue;  // it has ended without this thread
    ++inside_;
    lock.unlock();
    take_pieces();
    lock.lock();
    if (--inside_ == 0) left_.notify_one();
  }
}

void Workers::take_pieces() {
  for (;;) {
    const std::int64_t piece = next_.fetch_add(1);
    if (piece >= job_.pieces) return;
    const std::int64_t begin = job_.count * piece / job_.pieces,
                       end = job_.count * (piece + 1) / job_.pieces;
    try {
      job_.call(job_.body, begin, end);
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (!fault_ || piece < fault_piece_) {
        fault_ = std::current_exception();
        fault_piece_ = piece;
      }
      // Earlier pieces have been taken already, and will end.
      next_.store(job_.pieces);
    }
  }
}

void Workers::run(const Job& job) {
  {
    const std::scoped_lock lock(mutex_);
    job_ = job;
    next_.store(0);
    open_ = true;
    jobs_.fetch_add(1);
  }
  opened_.notify_all();
  take_pieces();
  std::unique_lock lock(mutex_);
  open_ = false;  // nobody else comes in
  lock.unlock();
  look_for([&] { return inside_.load() == 0; });
  lock.lock();
  left_.wait(lock, [&] { return inside_ == 0; });
  if (fault_) std::rethrow_exception(std::exchange(fault_, nullptr));
}

}  // namespace ane::sim
