#include "sim/ane/occupancy.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "sim/ane/races.h"

namespace ane::sim {
namespace {

// Bytes of a memory, as stretches that do not touch.
class Stretches {
 public:
  void add(ByteRange r) {
    if (r.begin >= r.end) return;
    auto at = all_.upper_bound(r.begin);
    if (at != all_.begin() && std::prev(at)->second >= r.begin) --at;
    while (at != all_.end() && at->first <= r.end) {
      r.begin = std::min(r.begin, at->first);
      r.end = std::max(r.end, at->second);
      at = all_.erase(at);
    }
    all_.emplace(r.begin, r.end);
  }
  void remove(ByteRange r) {
    if (r.begin >= r.end) return;
    auto at = all_.upper_bound(r.begin);
    if (at != all_.begin() && std::prev(at)->second > r.begin) --at;
    while (at != all_.end() && at->first < r.end) {
      const auto [begin, end] = *at;
      at = all_.erase(at);
      if (begin < r.begin) all_.emplace(begin, r.begin);
      if (end > r.end) all_.emplace(r.end, end);
    }
  }
  std::int64_t bytes() const {
    std::int64_t sum = 0;
    for (const auto& [begin, end] : all_) sum += end - begin;
    return sum;
  }

 private:
  std::map<std::int64_t, std::int64_t> all_;  // begin -> end
};

}  // namespace

std::vector<std::int64_t> l2_occupancy(const Schedule& schedule) {
  const auto& issues = schedule.issues();
  std::vector<std::int64_t> used(issues.size());
  Stretches live;  // what tasks behind this one read
  for (std::size_t i = issues.size(); i-- > 0;) {
    const Accesses a = accesses_of(issues[i].task);
    Stretches now = live;
    for (const Access& w : a.writes)
      if (w.space < 0) {
        now.add(w.range);
        live.remove(w.range);
      }
    for (const Access& r : a.reads)
      if (r.space < 0) now.add(r.range);
    used[i] = now.bytes();
    // What it loads itself was not there before.
    for (const Access& r : a.reads) {
      if (r.space >= 0) continue;
      const bool own = std::ranges::any_of(a.writes, [&](const Access& w) {
        return w.space < 0 && w.what == r.what && w.range.begin == r.range.begin &&
               w.range.end == r.range.end;
      });
      if (!own) live.add(r.range);
    }
  }
  return used;
}

}  // namespace ane::sim
