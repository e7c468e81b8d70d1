#include "sim/ane/occupancy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "isa/emitter.h"
#include "sim/ane/races.h"

namespace ane::sim {
namespace {

using isa::Task;

// 64 values of 2 bytes from `from` to `to` in L2; loaded from memory first, stored behind.
Task copy(std::int64_t from, std::int64_t to, bool load = false, bool store = false) {
  Task t;
  t.ne = isa::NeOp::copy;
  t.in1 = t.out = {.w = 64, .h = 1, .c = 1, .n = 1};
  t.l2_in1 = {.address = from, .sh = 128, .sc = 128, .sn = 128};
  t.l2_out = {.address = to, .sh = 128, .sc = 128, .sn = 128};
  const isa::MemoryOperand memory = [] {
    isa::MemoryOperand m;
    m.enable = true;
    m.bar = 25;
    m.sw = 2;
    m.sh = m.sc = m.sn = 128;
    return m;
  }();
  if (load) t.load1 = memory;
  if (store) t.store = memory;
  return t;
}

Schedule schedule_of(const std::vector<Task>& tasks) {
  isa::Emitter e;
  int id = 0;
  for (const Task& t : tasks) {
    isa::encode_task(t, e.next());
    e.run({.id = id++}, {});
  }
  e.end();
  isa::Program p;
  p.name = "p";
  p.words = e.take();
  for (const int bar : {24, 25})
    p.sections.push_back(
        {.bar = bar, .name = "s" + std::to_string(bar), .size = {1 << 20}, .contents = {}});
  return {p, load_chip("M4").ane()};
}

TEST(Occupancy, HoldsWhatIsReadLaterAndNothingElse) {
  // a is loaded and copied to b; b to c; b again to d, which is stored.
  const std::vector<Task> tasks{copy(0, 1024, true), copy(1024, 2048),
                                copy(1024, 4096, false, true)};
  // Of the second task c is written and never read: it counts while the task runs, b until the end.
  EXPECT_THAT(l2_occupancy(schedule_of(tasks)), testing::ElementsAre(256, 256, 256));
  // A value that waits through a task that does not touch it.
  const std::vector<Task> waits{copy(0, 1024, true), copy(8192, 9216, true), copy(1024, 2048)};
  EXPECT_THAT(l2_occupancy(schedule_of(waits)), testing::ElementsAre(256, 384, 256));
  // What is written over before it is read was not in use between.
  const std::vector<Task> over{copy(0, 1024, true), copy(0, 1024, true), copy(1024, 2048)};
  EXPECT_THAT(l2_occupancy(schedule_of(over)), testing::ElementsAre(256, 256, 256));
  // In place: one stretch.
  EXPECT_THAT(l2_occupancy(schedule_of({copy(0, 0, true, true)})), testing::ElementsAre(128));
}

// Byte by byte: a byte is in use while a task touches it, and from a task on whose successors read
// it before another writes it.
std::vector<std::int64_t> by_bytes(const Schedule& s, std::int64_t size) {
  const auto& issues = s.issues();
  std::vector<std::int64_t> used(issues.size());
  const auto touches = [&](const std::vector<Access>& all, std::int64_t byte) {
    for (const Access& a : all)
      if (a.space < 0 && a.range.begin <= byte && byte < a.range.end) return true;
    return false;
  };
  for (std::int64_t byte = 0; byte < size; ++byte)
    for (std::size_t i = 0; i < issues.size(); ++i) {
      const Accesses mine = accesses_of(issues[i].task);
      bool in_use = touches(mine.reads, byte) || touches(mine.writes, byte);
      for (std::size_t k = i + 1; !in_use && k < issues.size(); ++k) {
        const Accesses later = accesses_of(issues[k].task);
        // What a task loads it writes before it reads.
        const bool loads = issues[k].task.load1.enable;
        if (!loads && touches(later.reads, byte)) in_use = true;
        if (touches(later.writes, byte)) break;
      }
      used[i] += in_use;
    }
  return used;
}

TEST(Occupancy, IsThatOfEachByteInRandomPrograms) {
  std::mt19937 rng(7);
  for (int round = 0; round < 30; ++round) {
    std::vector<Task> tasks;
    for (int i = 0; i < 8; ++i)
      tasks.push_back(copy(static_cast<std::int64_t>(rng() % 24) * 32,
                           static_cast<std::int64_t>(rng() % 24) * 32, rng() % 2 == 0,
                           rng() % 4 == 0));
    const Schedule s = schedule_of(tasks);
    EXPECT_EQ(l2_occupancy(s), by_bytes(s, 1024)) << round;
  }
}

}  // namespace
}  // namespace ane::sim
