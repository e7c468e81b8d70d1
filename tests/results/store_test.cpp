#include "results/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "isa/error.h"
#include "records.h"
#include "results/schema.h"

namespace ane::results {
namespace {

using testing::HasSubstr;

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "anesim_store_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    file_ = folder_ + "/anesim.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // What opening the file says.
  std::string error_of(const std::function<void()>& act) const {
    try {
      act();
    } catch (const InputError& e) {
      return e.place() + ": " + e.what() + "; " + e.note();
    }
    return "";
  }
  std::int64_t count(const std::string& table) {
    Database db(file_, Database::Open::existing);
    return db.number("SELECT count(*) FROM " + table);
  }

  std::string folder_, file_;
};

std::string content(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool same_bits(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || a == b;
}

void expect_equal(const Record& a, const Record& b) {
  EXPECT_EQ(a.run, b.run);
  const Totals &s = a.totals, &t = b.totals;
  EXPECT_TRUE(same_bits(s.latency_s, t.latency_s));
  EXPECT_TRUE(same_bits(s.throughput_items_per_s, t.throughput_items_per_s));
  EXPECT_TRUE(same_bits(s.energy_j, t.energy_j));
  EXPECT_TRUE(same_bits(s.power_w, t.power_w));
  EXPECT_EQ(s.peak_memory_bytes, t.peak_memory_bytes);
  EXPECT_EQ(s.dram_bytes, t.dram_bytes);
  EXPECT_EQ(s.macs, t.macs);
  EXPECT_EQ(s.bound, t.bound);
  EXPECT_EQ(s.causes, t.causes);
  EXPECT_EQ(s.energy_parts, t.energy_parts);
  EXPECT_EQ(s.memory_parts, t.memory_parts);
  EXPECT_EQ(s.accuracy, t.accuracy);
  EXPECT_EQ(s.digest, t.digest);
  EXPECT_EQ(s.latency_band_s, t.latency_band_s);
  EXPECT_EQ(s.energy_band_j, t.energy_band_j);
  EXPECT_TRUE(same_bits(a.limits.peak_macs_per_s, b.limits.peak_macs_per_s));
  EXPECT_TRUE(same_bits(a.limits.dram_bytes_per_s, b.limits.dram_bytes_per_s));
  EXPECT_EQ(a.notes, b.notes);
  ASSERT_EQ(a.operators.size(), b.operators.size());
  for (std::size_t i = 0; i < a.operators.size(); ++i) {
    const OperatorRow &o = a.operators[i], &p = b.operators[i];
    EXPECT_EQ(
        std::tie(o.index, o.name, o.op, o.unit, o.placement, o.reason, o.tasks, o.start_s,
                 o.seconds, o.macs, o.weight_bytes, o.dram_bytes, o.l2_bytes, o.bound, o.causes),
        std::tie(p.index, p.name, p.op, p.unit, p.placement, p.reason, p.tasks, p.start_s,
                 p.seconds, p.macs, p.weight_bytes, p.dram_bytes, p.l2_bytes, p.bound, p.causes));
    EXPECT_TRUE(same_bits(o.energy_j, p.energy_j));
    EXPECT_TRUE(same_bits(o.utilisation, p.utilisation));
  }
  ASSERT_EQ(a.tasks.size(), b.tasks.size());
  for (std::size_t i = 0; i < a.tasks.size(); ++i) {
    const TaskRow &o = a.tasks[i], &p = b.tasks[i];
    EXPECT_EQ(std::tie(o.index, o.operator_index, o.name, o.start, o.end, o.cause, o.bytes, o.macs,
                       o.energy_j),
              std::tie(p.index, p.operator_index, p.name, p.start, p.end, p.cause, p.bytes, p.macs,
                       p.energy_j));
    ASSERT_EQ(o.stages.size(), p.stages.size());
    for (std::size_t k = 0; k < o.stages.size(); ++k)
      EXPECT_EQ(std::tie(o.stages[k].device, o.stages[k].start, o.stages[k].end),
                std::tie(p.stages[k].device, p.stages[k].start, p.stages[k].end));
  }
}

TEST_F(StoreTest, ABandOfNoWidthIsABand) {
  Store store(file_);
  Record r = ane_record();
  r.totals.latency_band_s = Band{250e-6, 250e-6};
  r.totals.energy_band_j = Band{500e-6, 500e-6};
  expect_equal(store.load(store.add(r).id), r);
}

TEST_F(StoreTest, ARunComesBackAsItWasStored) {
  Store store(file_);
  expect_equal(store.load(store.add(ane_record()).id), ane_record());
  expect_equal(store.load(store.add(cpu_record()).id), cpu_record());
}

TEST_F(StoreTest, TasksAreLeftOutWhereTheyAreNotWanted) {
  Store store(file_);
  Record r = store.load(store.add(ane_record(), false, false).id);
  EXPECT_TRUE(r.tasks.empty());
  r.tasks = ane_record().tasks;
  expect_equal(r, ane_record());
}

TEST_F(StoreTest, OddNumbersKeepTheirBits) {
  Record r = ane_record();
  r.totals.latency_s = 0.1 + 0.2;  // no short decimal
  r.totals.causes = {{"compute", 0.1 + 0.2}};
  r.totals.energy_j = 5e-324;  // the smallest there is
  r.totals.energy_parts = {{"mac", 5e-324}};
  r.totals.power_w = unknown;
  r.run.input = "quote ' and \" and \n and \xc3\xa9";
  Store store(file_);
  expect_equal(store.load(store.add(r).id), r);
}

TEST_F(StoreTest, TheSameQuestionAddsNoRowUnlessAskedAgain) {
  Store store(file_);
  const auto first = store.add(ane_record());
  EXPECT_TRUE(first.added);
  const auto second = store.add(ane_record());
  EXPECT_FALSE(second.added);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(count("run"), 1);
  const auto third = store.add(ane_record(), true);
  EXPECT_TRUE(third.added);
  EXPECT_NE(third.id, first.id);
  EXPECT_EQ(store.find(ane_record().run), third.id);
  Record other = ane_record();
  other.run.code_version = "0.2.0";
  EXPECT_TRUE(store.add(other).added);
  EXPECT_EQ(count("run"), 3);
}

TEST_F(StoreTest, ListsItsRunsOldestFirst) {
  Store store(file_);
  EXPECT_TRUE(store.list().empty());
  EXPECT_THAT(error_of([&] { store.newest(); }), HasSubstr("holds no runs yet"));
  store.add(ane_record());
  const std::int64_t last = store.add(cpu_record()).id;
  const auto all = store.list();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].run, ane_record().run);
  EXPECT_EQ(all[1].bound, "compute");
  EXPECT_EQ(all[1].latency_s, 500e-6);
  EXPECT_THAT(all[0].recorded_at, testing::MatchesRegex("20..-..-..T..:..:......Z"));
  EXPECT_EQ(store.newest(), last);
  EXPECT_THAT(error_of([&] { store.load(77); }), HasSubstr("has no run 77"));
}

TEST_F(StoreTest, AFailureHalfWayLeavesNothingBehind) {
  Store store(file_);
  store.add(cpu_record());
  {
    Database db(file_, Database::Open::existing);
    db.execute("CREATE TRIGGER full BEFORE INSERT ON task BEGIN SELECT RAISE(ABORT, 'full'); END");
  }
  EXPECT_THAT(error_of([&] { store.add(ane_record()); }), HasSubstr("full"));
  for (const char* table : {"run", "total", "operator"}) EXPECT_EQ(count(table), 1) << table;
  EXPECT_EQ(count("cause"), 2);
}

TEST_F(StoreTest, EveryColumnOfAViewHasAType) {
  { Store(file_).add(ane_record()); }
  Database db(file_, Database::Open::existing);
  Statement views(db, "SELECT name FROM sqlite_schema WHERE type = 'view'");
  int columns = 0;
  while (views.step()) {
    Statement types(db, "SELECT name, type FROM pragma_table_info(?)");
    types.bind(views.text(0));
    for (; types.step(); ++columns)
      EXPECT_THAT((std::vector<std::string>{"INTEGER", "REAL", "TEXT"}),
                  testing::Contains(types.text(1)))
          << views.text(0) << "." << types.text(0);
  }
  EXPECT_GT(columns, 100);
}

// A value of another type than its column says would be read as text by who trusts the type.
TEST_F(StoreTest, TheValuesOfViewsAreOfTheirTypes) {
  Store(file_).add(ane_record());
  Store(file_).add(cpu_record());
  Database db(file_, Database::Open::existing);
  Statement views(db, "SELECT name FROM sqlite_schema WHERE type = 'view'");
  while (views.step()) {
    std::vector<std::pair<std::string, std::string>> columns;
    {
      Statement types(db, "SELECT name, type FROM pragma_table_info(?)");
      types.bind(views.text(0));
      while (types.step()) columns.emplace_back(types.text(0), types.text(1));
    }
    for (const auto& [column, type] : columns) {
      Statement values(db, "SELECT DISTINCT typeof(" + column + ") FROM " + views.text(0) +
                               " WHERE " + column + " IS NOT NULL");
      while (values.step())
        EXPECT_EQ(values.text(0), type == "INTEGER" ? "integer"
                                  : type == "REAL"  ? "real"
                                                    : "text")
            << views.text(0) << "." << column;
    }
  }
}

TEST_F(StoreTest, KeepsTheCommandAndTheModelOfARun) {
  Record r = ane_record();
  r.stored.command = "run readqc --model 'my model.safetensors'";
  r.stored.model = "my model.safetensors";
  Store store(file_);
  const Record loaded = store.load(store.add(r).id);
  EXPECT_EQ(loaded.stored.command, r.stored.command);
  EXPECT_EQ(loaded.stored.model, r.stored.model);
  EXPECT_EQ(loaded.run.question_digest(), ane_record().run.question_digest());
}

TEST_F(StoreTest, BringsAFileOfVersion1ToThePresentWithItsRuns) {
  {  // as the first version of the program left it
    Database db(file_, Database::Open::create);
    db.execute(std::string(migrations()[0].sql));
    db.execute(
        "CREATE VIEW newest AS SELECT id AS run FROM run;"
        "INSERT INTO run VALUES (5, 'd', '2026-01-01T00:00:00.000Z', 'readqc', 'mlp', 'in', 'ff',"
        " 'M1', 'ane', 'direct', 'ane16', 'fp16', 10, 100, '', '0.0.1');"
        "INSERT INTO total VALUES (5, 2e-3, 5000, NULL, NULL, 64, 32, 16, 'compute', NULL, NULL,"
        " NULL, NULL, NULL, NULL);"
        "INSERT INTO cause VALUES (5, 0, 'compute', 2e-3);"
        "PRAGMA application_id = 1095648595; PRAGMA user_version = 1");
  }
  Store store(file_);
  const Record r = store.load(5);
  EXPECT_EQ(r.run.chip, "M1");
  EXPECT_EQ(r.totals.latency_s, 2e-3);
  EXPECT_TRUE(std::isnan(r.totals.energy_j));
  EXPECT_EQ(count("claim"), 0);
  EXPECT_EQ(count("best_batch"), 1);
  Database db(file_, Database::Open::existing);
  EXPECT_EQ(db.number("PRAGMA user_version"), static_cast<std::int64_t>(migrations().size()));
  EXPECT_TRUE(store.add(ane_record()).added);
}

TEST_F(StoreTest, RefusesAFileOfANewerProgram) {
  { Store store(file_); }
  {
    Database db(file_, Database::Open::existing);
    db.execute("PRAGMA user_version = 99");
  }
  EXPECT_THAT(error_of([&] { Store s(file_); }),
              HasSubstr("anesim.db: has schema version 99, newer than this program's"));
}

TEST_F(StoreTest, RefusesADatabaseOfAnotherProgramAndLeavesItAlone) {
  {
    Database db(file_, Database::Open::create);
    db.execute("CREATE TABLE theirs (x); PRAGMA user_version = 1");
  }
  const std::string before = content(file_);
  EXPECT_THAT(error_of([&] { Store s(file_); }), HasSubstr("database of another program"));
  EXPECT_EQ(content(file_), before);
  const std::string unversioned = folder_ + "/other.db";
  Database(unversioned, Database::Open::create).execute("CREATE TABLE theirs (x)");
  EXPECT_THAT(error_of([&] { Store s(unversioned); }), HasSubstr("database of another program"));
}

TEST_F(StoreTest, RefusesWhatIsNoDatabase) {
  std::ofstream(file_) << std::string(4096, 'x');
  EXPECT_THAT(error_of([&] { Store s(file_); }), HasSubstr("file is not a database"));
  EXPECT_THAT(error_of([&] { Store s(file_, Store::Open::existing); }),
              HasSubstr("file is not a database"));
  std::ofstream(file_, std::ios::trunc).close();
  EXPECT_THAT(error_of([&] { Store s(file_, Store::Open::existing); }), HasSubstr("empty file"));
}

TEST_F(StoreTest, RefusesADamagedFile) {
  {
    Store store(file_);
    store.add(ane_record());
    store.add(cpu_record());
  }
  // The header stays, every later page is lost.
  const auto size = std::filesystem::file_size(file_);
  std::fstream f(file_, std::ios::in | std::ios::out | std::ios::binary);
  f.seekp(4096);
  f << std::string(size - 4096, '\x5a');
  f.close();
  EXPECT_THAT(error_of([&] { Store(file_).load(1); }), HasSubstr("malformed"));
}

TEST_F(StoreTest, TellsOfARunThatAnotherProgramChanged) {
  Store store(file_);
  const auto id = store.add(ane_record()).id;
  Database db(file_, Database::Open::existing);
  db.execute("UPDATE total SET latency_s = 1");
  EXPECT_THAT(error_of([&] { store.load(id); }), HasSubstr("is damaged: causes: parts sum to"));
}

TEST_F(StoreTest, RefusesAPlaceThatCannotBeWritten) {
  EXPECT_THAT(error_of([&] { Store s(folder_ + "/no/such/x.db"); }),
              HasSubstr("folder that exists"));
  EXPECT_THAT(error_of([&] { Store s(folder_); }), HasSubstr("folder that exists"));
  EXPECT_THAT(error_of([&] { Store s(file_, Store::Open::existing); }),
              HasSubstr("there is no such results file"));
  EXPECT_FALSE(std::filesystem::exists(file_));
}

// --- files that may come from anyone ---

// A file as the first version of the program left it.
void make_version_1(const std::string& file, const std::string& more) {
  Database db(file, Database::Open::create);
  db.execute(std::string(migrations()[0].sql) + more +
             "; PRAGMA application_id = 1095648595; PRAGMA user_version = 1");
}

TEST_F(StoreTest, NamesOfAFileAreNeverExecuted) {
  const std::string made = folder_ + "/made.db";
  const std::string attach = "ATTACH '" + made + "' AS p; CREATE TABLE p.t (x); ";
  const std::vector<std::string> names{"w\"; " + attach + "SELECT \"",
                                       "w'; " + attach + "--",
                                       "w\"\"; " + attach,
                                       "w]; " + attach,
                                       "w`; " + attach,
                                       "\"",
                                       "",
                                       " ",
                                       "w\n; " + attach,
                                       "w; DROP TABLE run"};
  std::string views;
  for (const std::string& name : names) {
    std::string quoted;
    for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    views += "; CREATE VIEW \"" + quoted + "\" AS SELECT 1";
    if (name != "\"") views += "; CREATE TABLE \"t" + quoted + "\" (x)";
  }
  make_version_1(file_, views);
  Store store(file_);
  EXPECT_TRUE(store.add(ane_record()).added);
  EXPECT_FALSE(std::filesystem::exists(made));
  Database db(file_, Database::Open::existing);
  EXPECT_EQ(db.number("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'w%'"), 0);
  EXPECT_THAT(error_of([&] { db.execute("ATTACH '" + made + "' AS p"); }), HasSubstr("attached"));
  EXPECT_FALSE(std::filesystem::exists(made));
}

TEST_F(StoreTest, RefusesTablesThatAreNotThoseOfTheirVersion) {
  const auto error_with = [&](const std::string& change) {
    std::filesystem::remove(file_);
    make_version_1(file_, "; " + change);
    const std::string before = content(file_);
    const std::string error = error_of([&] { Store s(file_); });
    EXPECT_EQ(content(file_), before) << change;
    EXPECT_EQ(error_of([&] { Store s(file_, Store::Open::existing); }), error);
    return error;
  };
  EXPECT_THAT(error_with("DROP TABLE note"), HasSubstr("its table note is missing"));
  EXPECT_THAT(error_with("DROP TABLE note; CREATE TABLE note (run, ordinal, text)"),
              HasSubstr("its table note is another"));
  EXPECT_THAT(error_with("DROP TABLE note; CREATE VIEW note AS SELECT 1 AS run, 2 AS text"),
              HasSubstr("its table note is another"));
  EXPECT_THAT(error_with("ALTER TABLE cause ADD COLUMN x DEFAULT 5"),
              HasSubstr("its table cause is another"));
  EXPECT_THAT(error_with("DROP INDEX run_by_question"),
              HasSubstr("its index run_by_question is missing"));
  EXPECT_THAT(error_with("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM run; END"),
              HasSubstr("has a trigger"));
  // Of the present version too; what else its owner keeps in it is none of ours.
  std::filesystem::remove(file_);
  { Store store(file_); }
  {
    Database db(file_, Database::Open::existing);
    db.execute("CREATE TABLE mine (x); CREATE VIEW my_view AS SELECT * FROM run");
  }
  EXPECT_EQ(error_of([&] { Store s(file_); }), "");
  {
    Database db(file_, Database::Open::existing);
    db.execute("DROP TABLE silicon");
  }
  EXPECT_THAT(error_of([&] { Store s(file_); }), HasSubstr("its table silicon is missing"));
}

TEST_F(StoreTest, NamesThatSqliteReadsAsSomethingElseAreFiles) {
  EXPECT_THAT(error_of([&] { Store s(""); }), HasSubstr("empty"));
  const std::string before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  for (const char* name : {":memory:", "file:x.db?mode=memory", "-x", "a b'c.db"}) {
    { Store(name).add(ane_record()); }
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/" + name)) << name;
    EXPECT_EQ(Store(name, Store::Open::existing).newest(), 1);
  }
  std::filesystem::current_path(before);
}

// --- files that cannot be written to ---

// Within its life the program may write to nothing of root's.
class Unprivileged {
 public:
  Unprivileged() { done_ = geteuid() == 0 && seteuid(65534) == 0; }
  ~Unprivileged() {
    if (done_ && seteuid(0) != 0) std::abort();
  }

 private:
  bool done_ = false;
};

class ReadOnlyStoreTest : public StoreTest {
 protected:
  void protect() {
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      std::filesystem::permissions(entry.path(), std::filesystem::perms(0444));
    std::filesystem::permissions(folder_, std::filesystem::perms(0555));
  }
  void TearDown() override {
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
    StoreTest::TearDown();
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_),
                                                  std::filesystem::directory_iterator()));
  }
};

TEST_F(ReadOnlyStoreTest, IsReadAndStaysAsItIs) {
  for (const char* name : {"/anesim.db", "/a?b#c%20&immutable=0.db"}) {
    file_ = folder_ + name;
    {
      Store store(file_);
      store.add(cpu_record());
      store.add(ane_record());
    }
    const std::string before = content(file_);
    const std::size_t count = files();
    protect();
    {
      const Unprivileged user;
      Store store(file_, Store::Open::existing);
      expect_equal(store.load(store.newest()), ane_record());
      EXPECT_EQ(store.list().size(), 2u);
      EXPECT_THAT(error_of([&] { store.add(ane_record(), true); }),
                  HasSubstr("attempt to write a readonly database"));
      EXPECT_NE(error_of([&] { Store(file_).add(ane_record(), true); }), "");
    }
    EXPECT_EQ(content(file_), before);
    EXPECT_EQ(files(), count);
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  }
}

TEST_F(ReadOnlyStoreTest, OfAnOlderVersionIsReadAsThePresentOne) {
  { Store(file_).add(ane_record()); }
  {  // back to version 1
    Database db(file_, Database::Open::existing);
    std::string views;
    Statement names(db, "SELECT name FROM sqlite_schema WHERE type = 'view'");
    while (names.step()) views += "DROP VIEW " + names.text(0) + ";";
    db.execute(
        views +
        "ALTER TABLE run DROP COLUMN form; ALTER TABLE run DROP COLUMN request; "
        "ALTER TABLE run DROP COLUMN command; ALTER TABLE run DROP COLUMN model; "
        "ALTER TABLE operator DROP COLUMN ahead_s; ALTER TABLE task DROP COLUMN l2_bytes; "
        "DROP TABLE sweep_point; DROP TABLE sweep_axis; "
        "DROP TABLE sweep_objective; DROP TABLE sweep; DROP TABLE claim; DROP TABLE silicon; "
        "DROP TABLE declared; PRAGMA user_version = 1");
  }
  const std::string before = content(file_);
  protect();
  {
    const Unprivileged user;
    Store store(file_, Store::Open::existing);
    expect_equal(store.load(store.newest()), ane_record());
  }
  EXPECT_EQ(content(file_), before);
}

TEST_F(ReadOnlyStoreTest, ThatIsBeingWrittenIsReadWithWhatIsInItsLog) {
  Store writer(file_);
  writer.add(cpu_record());
  writer.add(ane_record());
  ASSERT_TRUE(std::filesystem::exists(file_ + "-wal"));
  protect();
  {
    const Unprivileged user;
    Store store(file_, Store::Open::existing);
    EXPECT_EQ(store.list().size(), 2u);
  }
  // A log without its writer: what is in it is not left out without a word.
  const std::string left = folder_ + "/left.db";
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  std::filesystem::copy_file(file_, left);
  std::filesystem::copy_file(file_ + "-wal", left + "-wal");
  protect();
  const Unprivileged user;
  EXPECT_THAT(error_of([&] { Store s(left, Store::Open::existing); }),
              HasSubstr("has runs in its log"));
}

// --- several runs ---

TEST_F(StoreTest, SeveralRunsAreAddedUpToTheFirstThatFails) {
  std::vector<Record> records(200, ane_record());
  for (std::size_t i = 0; i < records.size(); ++i) records[i].run.batch = static_cast<int>(1 + i);
  Store store(file_);
  store.add(records[3]);
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const struct rlimit small = {300'000, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Store::Additions sum = store.add(records);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, SIG_DFL);
  ASSERT_TRUE(sum.fault);
  EXPECT_EQ(sum.fault->place(), file_);
  EXPECT_EQ(sum.known, 1u);
  EXPECT_GT(sum.added, 0u);
  EXPECT_LT(sum.added, records.size() - 1);
  EXPECT_EQ(count("run"), static_cast<std::int64_t>(sum.added + 1));
  const Store::Additions rest = store.add(records);
  EXPECT_FALSE(rest.fault);
  EXPECT_EQ(rest.added + sum.added + 1, records.size());
  EXPECT_EQ(rest.known, sum.added + 1);
}

// Processes, not threads: the lock is between programs. They also race to create the file.
TEST_F(StoreTest, WritersOfSeveralProcessesWaitForEachOther) {
  constexpr int processes = 4, runs = 10;
  std::vector<pid_t> children;
  for (int p = 0; p < processes; ++p) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int status = 0;
      try {
        Store store(file_);
        for (int i = 0; i < runs; ++i) {
          Record r = ane_record();
          r.run.batch = i < runs / 2 ? 1 + i : 1000 * (p + 1) + i;  // half are everybody's
          store.add(r);
        }
      } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        status = 1;
      }
      _exit(status);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(count("run"), runs / 2 + processes * runs / 2);
  EXPECT_EQ(count("task"), 2 * count("run"));
}

// A writer that had read before it waited would find its snapshot stale.
TEST_F(StoreTest, AWriterThatWaitedSeesWhatTheOtherWrote) {
  Store store(file_);
  Database other(file_, Database::Open::existing);
  other.execute("BEGIN IMMEDIATE; DELETE FROM run");
  std::string error;
  std::jthread writer([&] { error = error_of([&] { store.add(ane_record()); }); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  other.execute("COMMIT");
  writer.join();
  EXPECT_EQ(error, "");
  EXPECT_EQ(count("run"), 1);
}

TEST_F(StoreTest, SqlViewsAnswerTheCommonQuestions) {
  Store store(file_);
  store.add(cpu_record());
  Record slow = cpu_record();  // another CPU answer: the faster one is the yardstick
  slow.run.precision = "fp16";
  slow.totals.latency_s = 600e-6;
  slow.totals.causes = {{"compute", 600e-6}};
  store.add(slow);
  store.add(ane_record());
  Record big = ane_record();
  big.run.batch = 1000;
  big.totals.throughput_items_per_s = 900e3;
  store.add(big);
  Database db(file_, Database::Open::existing);
  Statement s(db,
              "SELECT speed_up, energy_ratio, memory_ratio, batch FROM against_cpu "
              "WHERE unit = 'ane'");
  ASSERT_TRUE(s.step());  // batch 100 only: there is no CPU run of 1000
  EXPECT_DOUBLE_EQ(s.real(0), 2.0);
  EXPECT_DOUBLE_EQ(s.real(1), 5.0);
  EXPECT_DOUBLE_EQ(s.real(2), 2.0);
  EXPECT_EQ(s.integer(3), 100);
  EXPECT_FALSE(s.step());
  EXPECT_EQ(db.number("SELECT batch FROM best_batch WHERE unit = 'ane'"), 1000);
  EXPECT_EQ(db.number("SELECT batch FROM pays_from WHERE unit = 'ane'"), 100);
  EXPECT_EQ(db.number("SELECT count(*) FROM fallback WHERE run = 3 AND placement = 'C4'"), 1);
  Statement bound(db, "SELECT share FROM operator_bound WHERE run = 3 AND bound = 'weights'");
  ASSERT_TRUE(bound.step());
  EXPECT_DOUBLE_EQ(bound.real(0), 0.12);
  Statement share(db, "SELECT sum(share) FROM cause_share WHERE run = 3");
  ASSERT_TRUE(share.step());
  EXPECT_NEAR(share.real(0), 1, 1e-12);
  // Asked again: the newest answer replaces the older one in the comparison.
  Record faster = ane_record();
  faster.totals.latency_s = 125e-6;
  faster.totals.causes = {{"dispatch", 125e-6}};
  store.add(faster, true);
  Database later(file_, Database::Open::existing);  // the first still reads its snapshot
  Statement t(later, "SELECT max(speed_up), count(*) FROM against_cpu WHERE unit = 'ane'");
  ASSERT_TRUE(t.step());
  EXPECT_DOUBLE_EQ(t.real(0), 4.0);
  EXPECT_EQ(t.integer(1), 1);
}

TEST_F(StoreTest, ClaimsAndSiliconRowsReplaceTheirFormerAnswer) {
  Store store(file_);
  const std::int64_t run = store.add(ane_record()).id;
  Claim c{.id = "chip.M1.tops",
          .source = "000",
          .metric = "peak_ops",
          .published_low = 11,
          .published_high = 11,
          .value_unit = "TOPS",
          .simulated = 10.5,
          .verdict = "reproduced",
          .reason = "within the band",
          .run = run,
          .code_version = "0.1.0"};
  store.put(std::vector{c});
  c.verdict = "off";
  c.run = 0;
  store.put(std::vector{c});
  Database db(file_, Database::Open::existing);
  EXPECT_EQ(db.number("SELECT claims FROM claim_verdict WHERE verdict = 'off'"), 1);
  EXPECT_EQ(db.number("SELECT count(*) FROM claim"), 1);
  EXPECT_EQ(db.number("SELECT run IS NULL FROM claim"), 1);
  const Silicon fast{.file = "v.csv", .line = 3, .chip = "M4", .measured = 2e-4, .predicted = 1e-4};
  const Silicon slow{.file = "v.csv", .line = 4, .chip = "M4", .measured = 2e-4, .predicted = 4e-4};
  const Silicon none{.file = "v.csv", .line = 5, .measured = 1, .skipped = "unknown kind"};
  store.put(std::vector{fast, slow, none});
  store.put(std::vector{fast});
  EXPECT_EQ(db.number("SELECT count(*) FROM silicon"), 3);
  Statement s(db, "SELECT error FROM silicon_error ORDER BY line");
  ASSERT_TRUE(s.step());
  EXPECT_NEAR(s.real(0), 1, 1e-12);  // a factor of 2 either way is an error of 100 %
  ASSERT_TRUE(s.step());
  EXPECT_NEAR(s.real(0), 1, 1e-12);
  EXPECT_FALSE(s.step());
}

}  // namespace
}  // namespace ane::results
