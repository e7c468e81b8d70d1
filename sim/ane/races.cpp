#include "sim/ane/races.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"

namespace ane::sim {

Accesses accesses_of(const isa::Task& t) {
  Accesses all;
  const bool has_second =
      t.ne == isa::NeOp::mm || t.ne == isa::NeOp::tex || t.pe == isa::PeMode::ew;
  const auto source = [&](const isa::Extents& e, const isa::MemoryOperand& m,
                          const isa::L2Operand& l, const char* name) {
    if (m.enable) {
      all.reads.push_back({m.bar, touched(e, m), name});
      all.writes.push_back({-1, touched(e, l), name});  // the copy in L2
    }
    all.reads.push_back({-1, touched(e, l), name});
  };
  source(t.in1, t.load1, t.l2_in1, "source 1");
  if (has_second) source(t.in2, t.load2, t.l2_in2, "source 2");
  all.writes.push_back({-1, touched(t.out, t.l2_out), "result"});
  if (t.store.enable) all.writes.push_back({t.store.bar, touched(t.out, t.store), "result"});
  if (t.kernel.enable) all.reads.push_back({t.kernel.bar, touched(t.kernel), "weights"});
  return all;
}

void RaceChecker::fence() {
  flights_.clear();
}

void RaceChecker::wait(int event, int count, const std::string& where) {
  const auto& list = signalled_[static_cast<std::size_t>(event)];
  if (static_cast<int>(list.size()) < count)
    throw InputError(
        where,
        fmt::format("waits for event {} to reach {}, but only {} signals precede it: the "
                    "program would never go on",
                    event, count, list.size()),
        "put `sig` before the `run` that should raise the event");
  for (int i = 0; i < count; ++i) {
    const auto [index, when] = list[static_cast<std::size_t>(i)];
    for (Flight& f : flights_)
      if (f.index == index) {
        f.reads_done = true;  // every stage comes after the sources
        if (when >= 2) f.writes_done = f.writes_done || when == 3;
        if (when == 2) std::erase_if(f.writes, [](const Access& a) { return a.space == -1; });
      }
  }
  std::erase_if(flights_, [](const Flight& f) { return f.writes_done; });
}

std::optional<std::string> RaceChecker::start(const isa::Task& t,
                                              const std::vector<Signal>& signals) {
  std::erase_if(flights_, [&](const Flight& f) { return f.index < issued_ - depend_; });
  Flight now{.index = issued_, .id = t.id, .reads = {}, .writes = {}, .signals = signals};
  Accesses all = accesses_of(t);
  now.reads = std::move(all.reads);
  now.writes = std::move(all.writes);
  std::optional<std::string> found;
  const auto meet = [&](const std::vector<Access>& mine, const std::vector<Access>& theirs,
                        const Flight& other, const char* mine_does, const char* other_does) {
    for (const Access& a : mine)
      for (const Access& b : theirs)
        if (!found && a.space == b.space && a.range.begin < b.range.end &&
            b.range.begin < a.range.end)
          found = fmt::format(
              "race: task {} {} {:#x} to {:#x} in {} ({}) while task {} may still {} it ({})", t.id,
              mine_does, std::max(a.range.begin, b.range.begin), std::min(a.range.end, b.range.end),
              a.space < 0 ? "L2" : fmt::format("section {}", a.space), a.what, other.id, other_does,
              b.what);
  };
  for (const Flight& f : flights_) {
    meet(now.reads, f.writes, f, "reads", "write");
    meet(now.writes, f.writes, f, "writes", "write");
    if (!f.reads_done) meet(now.writes, f.reads, f, "writes", "read");
  }
  for (const Signal& s : signals)
    signalled_[static_cast<std::size_t>(s.event)].emplace_back(issued_, s.when);
  if (depend_ > 0) flights_.push_back(std::move(now));
  ++issued_;
  return found;
}

}  // namespace ane::sim
