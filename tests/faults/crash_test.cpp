// Whoever stops a writer, at whatever moment, finds the store whole and each file as it was or as
// it was to be. ANESIM_KILLS=200 for as many random kills, ANESIM_EVERY_WRITE=1 for a stop in front
// of every write instead of a few: scripts/crash does both.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string_view>
#include <thread>

#include "isa/error.h"
#include "results/sqlite.h"
#include "tests/faults/writers.h"

namespace ane::faults {
namespace {

using Clock = std::chrono::steady_clock;
using testing::IsEmpty;

int kills() {
  const char* given = std::getenv("ANESIM_KILLS");
  return given == nullptr ? 24 : std::atoi(given);
}

bool every_write() {
  return std::getenv("ANESIM_EVERY_WRITE") != nullptr;
}

// What a writer makes where nobody stops it, and how long that takes.
struct Undisturbed {
  std::map<std::string, std::string> outputs;
  std::size_t runs = 0;
  Clock::duration took{};
};

Undisturbed undisturbed(Folder& folder, const Writer& writer) {
  folder.clear();
  const Clock::time_point start = Clock::now();
  const Outcome done = run(folder.start(writer));
  Undisturbed u{
      .outputs = folder.outputs(writer), .runs = folder.runs(), .took = Clock::now() - start};
  EXPECT_EQ(done.status, 0) << writer.name << ": " << done.err;
  EXPECT_EQ(u.outputs.size(), writer.outputs.size()) << writer.name;
  EXPECT_EQ(u.runs > 0, writer.stores) << writer.name;
  folder.clear();
  return u;
}

// The files of an earlier run, other than those that the writer will make.
void put_old_files(const Folder& folder, const Writer& writer) {
  for (const std::string& name : writer.outputs) {
    // An older file of the same kind, where the writer reads it first.
    if (name.starts_with("sim/") || name == "check.txt") continue;
    std::FILE* file = std::fopen(folder.file(name).c_str(), "wb");
    std::fputs("of an earlier run", file);
    std::fclose(file);
  }
}

void expect_whole(const Folder& folder, const Writer& writer,
                  const std::map<std::string, std::string>& before, const Undisturbed& whole,
                  const std::string& what) {
  EXPECT_EQ(fault_of_outputs(before, whole.outputs, folder.outputs(writer)), "") << what;
  EXPECT_EQ(folder.fault_of_store(), "") << what;
}

// Nothing that was left behind hinders the next run, and nothing of it stays.
void expect_next_run_mends(const Folder& folder, const Writer& writer, const Undisturbed& whole,
                           const std::string& what) {
  const Outcome next = run(folder.start(writer));
  EXPECT_EQ(next.status, 0) << what << next.err;
  EXPECT_EQ(fault_of_outputs({}, whole.outputs, folder.outputs(writer)), "") << what;
  EXPECT_EQ(folder.outputs(writer).size(), writer.outputs.size()) << what;
  if (!writer.outputs.empty()) {
    EXPECT_THAT(folder.left_behind(), IsEmpty()) << what;
  }
  EXPECT_EQ(folder.fault_of_store(), "") << what;
}

TEST(Crash, AWriterKilledAtARandomMomentLeavesAllWhole) {
  std::mt19937 random(20261129);
  Folder folder;
  std::map<std::string, Undisturbed> whole;
  for (const Writer& w : writers()) whole[w.name] = undisturbed(folder, w);
  int stopped = 0;
  for (int i = 0; i < kills(); ++i) {
    const Writer& writer = writers()[static_cast<std::size_t>(i) % writers().size()];
    const Undisturbed& u = whole[writer.name];
    const int signal = std::array{SIGKILL, SIGKILL, SIGTERM, SIGINT}[random() % 4];
    // Not to the very end: another time it may take less.
    const auto most = std::chrono::duration_cast<std::chrono::microseconds>(u.took).count() * 3 / 4;
    const auto delay = std::chrono::microseconds(random() % static_cast<unsigned>(most));
    const std::string what = fmt::format("kill {} of seed 20261129: {}, signal {} after {} us", i,
                                         writer.name, signal, delay.count());
    if (random() % 2 == 0) folder.clear();
    if (random() % 2 == 0) put_old_files(folder, writer);
    const auto before = folder.outputs(writer);
    const std::size_t runs = folder.runs();
    {
      Process process(folder.start(writer));
      std::this_thread::sleep_for(delay);
      process.send(signal);
      const Outcome end = process.wait();
      EXPECT_TRUE(end.signal == signal || end.status == 0) << what << end.err;
      stopped += end.signal == signal ? 1 : 0;
    }
    expect_whole(folder, writer, before, u, what);
    EXPECT_GE(folder.runs(), runs) << what;
    expect_next_run_mends(folder, writer, u, what);
  }
  EXPECT_GE(stopped, kills() / 4);
  std::printf("%d kills, %d of them before the end\n", kills(), stopped);
}

TEST(Crash, AWriterKilledInFrontOfAnyWriteLeavesAllWhole) {
  if (!can_trace()) GTEST_SKIP() << "the system lets nobody trace a process";
  std::mt19937 random(7);
  Folder folder;
  int all = 0;
  for (const Writer& writer : writers()) {
    const Undisturbed u = undisturbed(folder, writer);
    AtWrite count;
    run_traced(folder.start(writer), count);
    ASSERT_GT(count.calls, 2) << writer.name;
    for (int n = 1; n <= count.calls; n += every_write() ? 1 : 1 + count.calls / 4) {
      folder.clear();
      if (random() % 2 == 0) put_old_files(folder, writer);
      const auto before = folder.outputs(writer);
      AtWrite at{.n = n};
      const Outcome end = run_traced(folder.start(writer), at);
      const std::string what = fmt::format("{}, write {} of {}", writer.name, n, count.calls);
      EXPECT_TRUE(end.signal == SIGKILL || at.calls < n) << what << end.err;
      expect_whole(folder, writer, before, u, what);
      if (n % 5 == 1 || every_write()) expect_next_run_mends(folder, writer, u, what);
      ++all;
    }
  }
  std::printf("%d writes\n", all);
}

// A full disk, a limit, a disk that fails: at any write.
TEST(Crash, AWriteThatFailsIsToldAndLeavesAllWhole) {
  if (!can_trace()) GTEST_SKIP() << "the system lets nobody trace a process";
  Folder folder;
  int all = 0, refused = 0;
  for (const Writer& writer : writers()) {
    const Undisturbed u = undisturbed(folder, writer);
    AtWrite count;
    run_traced(folder.start(writer), count);
    for (const int fault : {ENOSPC, EIO})
      for (int n = 1; n <= count.calls; n += every_write() ? 1 : 1 + count.calls / 4) {
        folder.clear();
        if (n % 2 == 0) put_old_files(folder, writer);
        const auto before = folder.outputs(writer);
        AtWrite at{.n = n, .fault = fault};
        const Outcome end = run_traced(folder.start(writer), at);
        const std::string what =
            fmt::format("{}, write {} of {} fails with {}: status {}, {}", writer.name, n,
                        count.calls, fault, end.status, end.err);
        EXPECT_EQ(end.signal, 0) << what;
        // Where the line itself is what cannot be written, the status alone tells it.
        EXPECT_TRUE(end.orderly() || (end.status == 2 && end.err.empty())) << what;
        expect_whole(folder, writer, before, u, what);
        EXPECT_THAT(folder.left_behind().size(), testing::Le(1U)) << what;
        if (end.status == 0) {
          EXPECT_EQ(folder.outputs(writer), u.outputs) << what;
          EXPECT_EQ(folder.runs(), u.runs) << what;
        }
        ++all;
        refused += end.status == 2 ? 1 : 0;
      }
  }
  EXPECT_GT(refused, all / 4);
  std::printf("%d writes that fail, %d of them refused, the others harmless\n", all, refused);
}

// A sweep's points, a line each.
std::string points_of(const std::string& db) {
  results::Database database(db, results::Database::Open::existing);
  results::Statement all(database,
                         "SELECT point, assignment, latency_s, energy_j, peak_memory_bytes, bound, "
                         "feasible, refused FROM sweep_point ORDER BY point");
  std::string text;
  while (all.step()) {
    for (int c = 0; c < 8; ++c) text += all.text(c) + "|";
    text += "\n";
  }
  return text;
}

// Killed at random moments until it ends, a sweep leaves row for row what an undisturbed one does,
// and computes no point twice that was in the file.
TEST(Crash, ASweepKilledAgainAndAgainEndsAsIfNobodyHad) {
  std::mt19937 random(11);
  Folder folder;
  const auto sweep = [&](const char* db) {
    return Start{{"sweep", "kind=matmul", "m=96", "n=96", "k=96", "--axis", "chip=M1,M4", "--axis",
                  "memory.bandwidth=30GB/s..60GB/s:100MB/s", "--axis", "ane.l2=1MiB,2MiB",
                  "--threads", "2", "--view", "best", "--db", db},
                 folder.path()};
  };
  const Clock::time_point start = Clock::now();
  ASSERT_EQ(run(sweep("whole.db")).status, 0);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  const std::string whole = points_of(folder.file("whole.db"));
  const auto rows = std::ranges::count(whole, '\n');
  ASSERT_EQ(rows, 2 * 301 * 2);
  int killed = 0, ends = 0;
  std::ptrdiff_t there = 0;  // rows when the last one was killed
  const int most = 4 * kills();
  for (int i = 0; (killed < kills() && i < most) || there > 0; ++i) {
    Outcome end;
    {
      Process process(sweep("killed.db"));
      std::this_thread::sleep_for(std::chrono::microseconds(
          random() % static_cast<unsigned>(std::max<std::int64_t>(1, took.count()))));
      // Past the last kill it may end.
      if (killed < kills() && i < most) process.send(SIGKILL);
      end = process.wait();
    }
    const std::string file = folder.file("killed.db");
    if (end.signal == SIGKILL) {
      ++killed;
      // Before its tables there is nothing to read.
      std::string now;
      if (std::filesystem::exists(file)) try {
          now = points_of(file);
        } catch (const InputError&) {
          EXPECT_EQ(there, 0) << "kill " << i;
        }
      const auto more = std::ranges::count(now, '\n');
      EXPECT_GE(more, there) << "kill " << i;
      there = more;
      continue;
    }
    ASSERT_EQ(end.status, 0) << end.err;
    // Those that were there are not computed again.
    EXPECT_THAT(end.err, testing::HasSubstr(fmt::format(" {} points computed", rows - there)))
        << "end " << i;
    EXPECT_EQ(points_of(file), whole) << "end " << i;
    for (const char* name : {"killed.db", "killed.db-wal", "killed.db-shm", "killed.db-journal"})
      std::filesystem::remove(folder.file(name));
    there = 0;
    ++ends;
  }
  EXPECT_GE(killed, kills() / 4);
  std::printf("%d kills of sweeps, %d of them resumed to their end\n", killed, ends);
}

// While one writer dies, another one of the same store works on.
TEST(Crash, OfOneWriterHindersNoOther) {
  std::mt19937 random(3);
  Folder folder;
  const Writer &run_one = writers()[0], &other = writers()[1];
  const Undisturbed u = undisturbed(folder, run_one);
  const std::size_t runs = undisturbed(folder, other).runs;
  const auto most = std::chrono::duration_cast<std::chrono::microseconds>(u.took).count();
  for (int i = 0; i < std::max(3, kills() / 8); ++i) {
    folder.clear();
    Process dies(folder.start(run_one)), lives(folder.start(other));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<unsigned>(most)));
    dies.send(SIGKILL);
    const Outcome killed = dies.wait(), done = lives.wait();
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(folder.fault_of_store(), "");
    EXPECT_GE(folder.runs(), runs);
  }
}

}  // namespace
}  // namespace ane::faults
