// What the system refuses is told in one line with the documented status, and leaves all whole: no
// room on the disk, no memory, nobody who reads, a store that is another's.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <thread>

#include "results/sqlite.h"
#include "tests/faults/writers.h"

namespace ane::faults {
namespace {

namespace fs = std::filesystem;
using results::Database;
using testing::HasSubstr;
using testing::IsEmpty;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool address_space_is_ours = false;
#else
constexpr bool address_space_is_ours = true;
#endif

bool thorough() {
  return std::getenv("ANESIM_EVERY_WRITE") != nullptr;
}

void limit(int resource, rlim_t bytes) {
  const rlimit r{bytes, bytes};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &r);
}

// One line, perhaps with a note, behind whatever progress there was.
void expect_refused(const Outcome& end, const std::string& what) {
  EXPECT_EQ(end.status, 2) << what << ", signal " << end.signal << ": " << end.err;
  const std::size_t at = end.err.rfind("error: ");
  ASSERT_NE(at, std::string::npos) << what << end.err;
  const std::string tail = end.err.substr(at);
  const std::size_t lines = static_cast<std::size_t>(std::ranges::count(tail, '\n'));
  EXPECT_TRUE(lines == 1 || (lines == 2 && tail.find("\nnote: ") != std::string::npos))
      << what << tail;
}

TEST(Refusals, AFullDiskIsToldAndLeavesAllWhole) {
  Folder folder;
  for (const Writer& writer : writers()) {
    folder.clear();
    ASSERT_EQ(run(folder.start(writer)).status, 0) << writer.name;
    const auto whole = folder.outputs(writer);
    for (const rlim_t bytes : {0, 1, 100, 4096, 20'000}) {
      folder.clear();
      const auto before = folder.outputs(writer);
      Start start = folder.start(writer);
      start.prepare = [bytes] { limit(RLIMIT_FSIZE, bytes); };
      const Outcome end = run(start);
      const std::string what = fmt::format("{} with files of {} bytes", writer.name, bytes);
      EXPECT_EQ(end.signal, 0) << what;
      EXPECT_EQ(fault_of_outputs(before, whole, folder.outputs(writer)), "") << what;
      EXPECT_EQ(folder.fault_of_store(), "") << what;
      EXPECT_THAT(folder.left_behind(), IsEmpty()) << what;
      // Its own words have no room either in the first cases.
      if (end.status == 0) {
        EXPECT_EQ(folder.outputs(writer), whole) << what;
      } else {
        EXPECT_EQ(end.status, 2) << what;
      }
    }
  }
}

class Memory : public testing::Test {
 protected:
  // `refuse` as refusing_new.cpp reads it.
  Outcome run_with(const Writer& writer, const std::string& refuse) const {
    Start start = folder_.start(writer);
    start.program = ANESIM_REFUSING;
    start.prepare = [refuse] { ::setenv("ANESIM_REFUSE", refuse.c_str(), 1); };
    return run(start);
  }
  Folder folder_;
};

TEST_F(Memory, RefusedAtAnyAllocationIsToldAndLeavesAllWhole) {
  constexpr long before_main = 2;
  std::mt19937 random(5);
  int all = 0, refused = 0;
  for (const Writer& writer : writers()) {
    folder_.clear();
    const Outcome counted = run_with(writer, "0");
    ASSERT_EQ(counted.status, 0) << writer.name << counted.err;
    const std::size_t at = counted.err.rfind("allocations: ");
    ASSERT_NE(at, std::string::npos);
    const long count = std::atol(counted.err.c_str() + at + 13);
    const auto whole = folder_.outputs(writer);
    const int tries = thorough() ? 120 : 8;
    for (int i = 0; i < tries; ++i) {
      // Early ones as often as late ones.
      const double part = static_cast<double>(random()) / static_cast<double>(random.max());
      const double drawn = i % 2 == 0 ? part * static_cast<double>(count)
                                      : std::pow(static_cast<double>(count), part);
      // Static objects are made before main, which could tell of it.
      const long n = before_main + std::max(1L, std::lround(drawn));
      const std::string refuse = fmt::format("{}{}", n, i % 4 < 2 ? "" : "+");
      folder_.clear();
      const auto before = folder_.outputs(writer);
      const Outcome end = run_with(writer, refuse);
      const std::string what = fmt::format("{}, allocation {} of {}", writer.name, refuse, count);
      EXPECT_EQ(end.signal, 0) << what << ": " << end.err;
      if (end.status != 0) expect_refused(end, what);
      EXPECT_EQ(fault_of_outputs(before, whole, folder_.outputs(writer)), "") << what;
      EXPECT_EQ(folder_.fault_of_store(), "") << what;
      EXPECT_THAT(folder_.left_behind(), IsEmpty()) << what;
      ++all;
      refused += end.status == 2 ? 1 : 0;
    }
  }
  EXPECT_GT(refused, all / 2);
  std::printf("%d allocations refused, %d of them told, the others done without\n", all, refused);
}

TEST_F(Memory, OfAnySizeThatIsTooSmallIsTold) {
  if (!address_space_is_ours) GTEST_SKIP() << "the address sanitizer takes the address space";
  const std::vector<std::vector<std::string>> commands = {
      {"run", "readqc", "--reads", "reads.fq", "--model", "biometal", "--no-db", "--threads", "16",
       "--batch", "8"},
      {"train", "readqc", "--reads", "reads.fq", "--epochs", "1", "--batch", "65536"},
      {"run", "mpnn", "--pdb", "helix.pdb", "--no-db"},
      {"run", "kind=network name=resnet50", "--no-db"}};
  for (const auto& command : commands)
    for (const rlim_t mebibytes : {30, 45, 60, 90, 150, 400, 1000}) {
      const Outcome end = run({.arguments = command, .folder = folder_.path(), .prepare = [&] {
                                 limit(RLIMIT_AS, mebibytes << 20);
                               }});
      const std::string what = fmt::format("{} {} in {} MiB", command[0], command[1], mebibytes);
      // With less than its libraries take it does not begin.
      if (end.status == 127) continue;
      EXPECT_EQ(end.signal, 0) << what << end.err;
      if (end.status != 0) expect_refused(end, what);
    }
}

TEST(Refusals, NobodyWhoReadsLosesNoRun) {
  Folder folder;
  for (const int unread : {STDOUT_FILENO, STDERR_FILENO}) {
    for (const Writer& writer : writers()) {
      folder.clear();
      Start start = folder.start(writer);
      start.prepare = [unread] {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) _exit(124);
        ::dup2(ends[1], unread);
        ::close(ends[0]);
      };
      const Outcome end = run(start);
      const std::string what = fmt::format("{}, stream {}", writer.name, unread);
      if (unread == STDERR_FILENO) {
        EXPECT_EQ(end.status, 0) << what;
      } else {
        EXPECT_THAT(end.status, testing::AnyOf(0, 2)) << what << end.signal;
        EXPECT_THAT(end.err, testing::Not(HasSubstr("error: "))) << what;
      }
      EXPECT_EQ(folder.outputs(writer).size(), writer.outputs.size()) << what << end.err;
      EXPECT_EQ(folder.runs() > 0, writer.stores) << what;
    }
  }
}

// Bad stores of every kind: the figures are shown all the same, the file is named and stays.
class BadStore : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(run(folder_.start(writer_)).status, 0); }
  std::string db() const { return folder_.file("runs.db"); }
  std::string bytes() const {
    std::ifstream file(db(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put(const std::string& bytes) const { std::ofstream(db(), std::ios::binary) << bytes; }
  void expect_told(const std::string& words) const {
    const std::string before = bytes();
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"run", "kind=matmul m=7 n=7 k=7", "--db", "runs.db"},
          {"show", "--db", "runs.db"},
          {"runs", "--db", "runs.db"}}) {
      const Outcome end = run({.arguments = command, .folder = folder_.path()});
      expect_refused(end, command[0]);
      EXPECT_THAT(end.err, HasSubstr("error: runs.db: ")) << command[0];
      EXPECT_THAT(end.err, HasSubstr(words)) << command[0];
      if (command[0] == "run") {
        EXPECT_THAT(end.out, HasSubstr("latency"));
      }
    }
    EXPECT_EQ(bytes(), before);
  }
  Folder folder_;
  const Writer& writer_ = writers()[0];
};

TEST_F(BadStore, OfAnotherProgramIsTold) {
  put("");
  fs::remove(db());
  Database(db(), Database::Open::create).execute("CREATE TABLE theirs (x)");
  expect_told("another program");
}

TEST_F(BadStore, OfANewerProgramIsTold) {
  Database(db(), Database::Open::existing).execute("PRAGMA user_version = 1000");
  expect_told("newer than this program's");
}

TEST_F(BadStore, ThatIsNoDatabaseIsTold) {
  for (const std::string& text : {std::string("@r1\nACGT\n+\nIIII\n") + std::string(5000, 'x'),
                                  std::string("SQLite format 2") + std::string(4096, '\0')}) {
    put(text);
    expect_told("file is not a database");
  }
}

TEST_F(BadStore, ThatIsCutOffAnywhereIsToldOrStillWhole) {
  const std::string whole = bytes();
  for (const double part : {0.02, 0.1, 0.35, 0.5, 0.77, 0.95, 0.999}) {
    put(whole.substr(0, static_cast<std::size_t>(part * static_cast<double>(whole.size()))));
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"show", "--db", "runs.db"},
          {"run", "kind=matmul m=7 n=7 k=7", "--db", "runs.db"}}) {
      const Outcome end = run({.arguments = command, .folder = folder_.path()});
      EXPECT_TRUE(end.orderly()) << part << command[0] << end.signal << end.err;
      if (end.status == 2) {
        EXPECT_THAT(end.err, HasSubstr("error: runs.db: ")) << part;
      }
    }
  }
}

TEST_F(BadStore, WithDamagedBytesIsToldOrStillWhole) {
  const std::string whole = bytes();
  std::mt19937 random(17);
  for (int i = 0; i < (thorough() ? 200 : 20); ++i) {
    std::string damaged = whole;
    for (int n = 0; n < 40; ++n)
      damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
    put(damaged);
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"show", "--db", "runs.db"},
          {"runs", "--db", "runs.db"},
          {"run", "kind=matmul m=7 n=7 k=7", "--db", "runs.db"}}) {
      const Outcome end = run({.arguments = command, .folder = folder_.path()});
      EXPECT_TRUE(end.orderly()) << i << command[0] << end.signal << end.err;
    }
    for (const char* log : {"runs.db-wal", "runs.db-shm"}) fs::remove(folder_.file(log));
  }
}

TEST_F(BadStore, WithoutPermissionIsToldAndStillShown) {
  if (::geteuid() == 0) {
    // Root may write everywhere: as nobody, whose folder this then is not.
    fs::permissions(folder_.path(), fs::perms(0755));
  } else {
    fs::permissions(db(), fs::perms(0444));
    fs::permissions(folder_.path(), fs::perms(0555));
  }
  const auto as_nobody = [] {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) _exit(123);
  };
  const auto ask = [&](std::vector<std::string> arguments) {
    return run({.arguments = std::move(arguments), .folder = folder_.path(), .prepare = as_nobody});
  };
  const Outcome shown = ask({"show", "--db", "runs.db"});
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("latency"));
  const Outcome run_there = ask({"run", "kind=matmul m=7 n=7 k=7", "--db", "runs.db"});
  expect_refused(run_there, "run");
  EXPECT_THAT(run_there.err, HasSubstr("runs.db"));
  EXPECT_THAT(run_there.out, HasSubstr("latency"));
  fs::permissions(folder_.path(), fs::perms(0755));
}

TEST_F(BadStore, ThatAnotherProgramHoldsIsWaitedFor) {
  Database holder(db(), Database::Open::existing);
  holder.execute("BEGIN IMMEDIATE");
  const Start start{.arguments = {"run", "kind=matmul m=7 n=7 k=7", "--db", "runs.db"},
                    .folder = folder_.path()};
  Process waits(start);
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_FALSE(waits.ended());
  holder.execute("COMMIT");
  const Outcome end = waits.wait();
  EXPECT_EQ(end.status, 0) << end.err;
  EXPECT_THAT(end.err, HasSubstr("1 of 1 runs added"));
  if (!thorough()) return;
  holder.execute("BEGIN IMMEDIATE");
  const Outcome gave_up = run(start);
  expect_refused(gave_up, "held for longer than anybody waits");
  EXPECT_THAT(gave_up.err, HasSubstr("error: runs.db: results database: database is locked"));
  EXPECT_THAT(gave_up.out, HasSubstr("latency"));
}

TEST(Refusals, AnOutputIsNoInputUnderWhateverName) {
  Folder folder;
  ASSERT_EQ(run(folder.start(writers()[0])).status, 0);
  ASSERT_EQ(run(folder.start(writers()[2])).status, 0);
  const auto in = [&](const char* name) { return folder.file(name); };
  fs::copy(in("helix.pdb"), in("helix.fasta"));
  fs::create_symlink("reads.fq", in("link.fq"));
  fs::create_hard_link(in("reads.fq"), in("hard.fq"));
  fs::copy(SOURCE_DIR "/sim/chips/M1.json", in("chip.json"));
  const std::vector<std::string> train{"train", "readqc", "--epochs", "1", "--reads"},
      sample{"run", "mpnn", "--hidden", "16", "--layers", "1", "--no-db", "--pdb", "helix.fasta"},
      readqc{"run", "readqc", "--model", "model.safetensors", "--reads", "reads.fq"},
      question{"run", "kind=matmul m=8 n=8 k=8", "--chip", "chip.json", "--db", "runs.db"};
  const std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> pairs = {
      {train, {"reads.fq", "--out", "reads.fq"}},
      {train, {"reads.fq", "--out", "./reads.fq"}},
      {train, {"reads.fq", "--out", "link.fq"}},
      {train, {"link.fq", "--out", "hard.fq"}},
      {train, {"reads.fq", "--reads2", "link.fq", "--out", "hard.fq"}},
      {sample, {"--mode", "sample", "--out", "helix.fasta"}},
      {sample, {"--trace", "helix.fasta"}},
      {sample, {"--pdb", "helix.pdb,helix.fasta", "--mode", "sample", "--trace", "helix.pdb"}},
      {sample, {"--out", "new.npy", "--trace", "new.npy"}},
      {readqc, {"--no-db", "--trace", "reads.fq"}},
      {readqc, {"--no-db", "--trace", "model.safetensors"}},
      {readqc, {"--db", "new.db", "--trace", "new.db"}},
      {question, {"--trace", "runs.db"}},
      {question, {"--trace", "runs.db-wal"}},
      {question, {"--trace", "chip.json"}},
      {{"show", "--db", "runs.db"}, {"--trace", "runs.db"}},
      {{"asm", "program.s"}, {"-o", "program.s"}},
      {{"check", "--update", "--case", "readqc mlp fp16 ane16"}, {"--file", "reads.fq"}}};
  std::map<std::string, std::string> before;
  const auto contents = [&] {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      all[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return all;
  };
  before = contents();
  for (const auto& [command, more] : pairs) {
    std::vector<std::string> words = command;
    if (more[0] == "--pdb") words.resize(words.size() - 2);
    words.insert(words.end(), more.begin(), more.end());
    const Outcome end = run({.arguments = words, .folder = folder.path()});
    expect_refused(end, fmt::format("{}", fmt::join(words, " ")));
    EXPECT_EQ(contents(), before) << fmt::format("{}", fmt::join(words, " "));
  }
}

// Whatever a file holds: the error is a line that a person can read.
TEST(Refusals, AreOneShortLineWhateverTheFileHolds) {
  Folder folder;
  const std::map<std::string, std::string> files = {
      {"long.json", std::string(1'000'000, 'A')},
      {"zeros.json", std::string(100'000, '\0')},
      {"lines.json", std::string(100'000, '\n')},
      {"utf16.json", std::string("\xff\xfe{\0\"\0", 6)},
      {"page.json", "<!DOCTYPE html><html><title>404</title></html>"}};
  for (const auto& [name, text] : files) {
    std::ofstream(folder.file(name), std::ios::binary) << text;
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"run", "kind=matmul m=8 n=8 k=8", "--no-db", "--chip", name},
          {"validate", "--rows", name},
          {"compare", "mpnn", "--no-db", "--buckets-from", name},
          {"arith", "act", "--fn", "relu", "--x", "@" + name},
          {"disasm", name},
          {"run", "mpnn", "--no-db", "--pdb", name},
          {"run", "readqc", "--no-db", "--reads", name},
          {"run", "mpnn", "--no-db", "--pdb", "helix.pdb", "--weights", name},
          {"show", "--db", name}}) {
      const Outcome end = run({.arguments = command, .folder = folder.path()});
      const std::string what = fmt::format("{}", fmt::join(command, " "));
      expect_refused(end, what);
      EXPECT_LT(end.err.size(), 3000U) << what;
    }
  }
}

}  // namespace
}  // namespace ane::faults
