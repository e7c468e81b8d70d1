#include "sim/explore/sweep.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>

#include "isa/error.h"
#include "sim/explore/point.h"
#include "sim/price/version.h"

namespace ane::sim {
SweepSum run_sweep(const SweepPlan& plan, const SweepRun& run) {
  using Points = std::vector<results::SweepPoint>;
  using Clock = std::chrono::steady_clock;
  constexpr auto often = std::chrono::milliseconds(100);
  const std::int64_t all = run.only.empty() ? plan.points() : std::ssize(run.only);
  const std::int64_t block = run.only.empty() ? 16 : 1;  // points that a thread takes at once
  const Shares shares(plan, run.shard.of);
  std::atomic<std::int64_t> next{0}, left_out{0};
  std::atomic<bool> broken{false};
  std::mutex mutex;
  std::condition_variable ready;
  Points finished;  // and not kept yet
  int working = run.threads;

  const auto hand_over = [&](Points& own) {
    const std::scoped_lock lock(mutex);
    finished.insert(finished.end(), std::make_move_iterator(own.begin()),
                    std::make_move_iterator(own.end()));
    own.clear();
  };
  const auto work = [&] {
    Points own;
    Clock::time_point handed = Clock::now();
    const auto points = [&] {
      PointMaker maker(plan, run.agreement);
      for (;;) {
        const std::int64_t from = next.fetch_add(block);
        if (from >= all) return;
        for (std::int64_t n = from; n < std::min(all, from + block); ++n) {
          const std::int64_t i = run.only.empty() ? n : run.only[static_cast<std::size_t>(n)];
          if ((run.stop != nullptr && *run.stop) || broken) return;
          if (!run.done.empty() && run.done[static_cast<std::size_t>(i)]) continue;
          if (shares.part_of(i) != run.shard.number - 1) continue;
          if (auto point = maker.price(i))
            own.push_back(std::move(*point));
          else
            ++left_out;
          if (!own.empty() && Clock::now() - handed > often) hand_over(own), handed = Clock::now();
        }
      }
    };
    struct End {
      std::function<void()> act;
      ~End() { act(); }
    } end{[&] {
      hand_over(own);
      const std::scoped_lock lock(mutex);
      --working;
      ready.notify_one();
    }};
    try {
      points();
    } catch (...) {
      broken = true;
      throw;
    }
  };

  std::vector<std::future<void>> threads;
  for (int t = 0; t < run.threads; ++t) threads.push_back(std::async(std::launch::async, work));
  SweepSum sum;
  std::exception_ptr fault;
  for (bool more = true; more;) {
    Points now;
    {
      std::unique_lock lock(mutex);
      ready.wait_for(lock, often, [&] { return working == 0; });
      now.swap(finished);
      more = working > 0;
    }
    if (now.empty() || fault) continue;
    for (const results::SweepPoint& p : now) ++(p.refused.empty() ? sum.computed : sum.refused);
    try {
      if (run.keep) run.keep(now);
    } catch (...) {
      fault = std::current_exception();
      broken = true;
    }
  }
  for (std::future<void>& t : threads) try {
      t.get();
    } catch (...) {
      if (!fault) fault = std::current_exception();
    }
  if (fault) std::rethrow_exception(fault);
  sum.left_out = left_out;
  sum.stopped = run.stop != nullptr && *run.stop;
  return sum;
}

results::Sweep sweep_of(const SweepPlan& plan) {
  results::Sweep s{.plan = plan.text(),
                   .code_version = code_version(),
                   .points = plan.points(),
                   .objectives = plan.objectives};
  for (const Axis& a : plan.axes) s.axes.push_back(a.name);
  return s;
}

}  // namespace ane::sim
