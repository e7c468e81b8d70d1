#include "results/store.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "isa/error.h"
#include "results/binding.h"
#include "results/columns.h"
#include "results/rows.h"
#include "results/schema.h"
#include "results/time.h"

namespace ane::results {

namespace {

// Readers and a writer at once. Several programs may switch a new file at the same moment; SQLite
// answers that race with "busy" at once, without waiting.
void use_wal(Database& db) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    if (db.try_execute("PRAGMA journal_mode = WAL")) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  db.execute("PRAGMA journal_mode = WAL");
}

}  // namespace

Store::Store(std::string path, Open open) : database_(std::move(path), open) {
  std::error_code unknown_size;
  if (open == Open::existing && std::filesystem::file_size(database_.path(), unknown_size) == 0 &&
      !unknown_size)
    throw InputError(database_.path(), "is an empty file, it holds no runs");
  database_.number("PRAGMA schema_version");  // a file that is no database fails here
  migrate(database_);  // first, so that another program's file stays as it is
  if (open == Open::create) use_wal(database_);
  database_.execute("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
}

Store::Added Store::add(const Record& record, bool again, bool tasks) {
  const std::string broken = check(record);
  ANE_CHECK(broken.empty(), broken.c_str());
  Transaction transaction(database_);
  if (!again)
    if (const auto known = find(record.run)) return {*known, false};
  Names names;
  run_columns(record.run, names);
  Statement insert(database_,
                   fmt::format("INSERT INTO run (question_digest, recorded_at, command, model, {}) "
                               "VALUES (?, ?, ?, ?, {})",
                               names.joined, names.marks));
  insert.bind(record.run.question_digest(), utc_now(), record.stored.command, record.stored.model);
  run_columns(record.run, Binder{insert, 4});
  insert.run();
  const std::int64_t id = database_.number("SELECT last_insert_rowid()");
  insert_rows(database_, id, record, tasks);
  transaction.commit();
  return {id, true};
}

Store::Additions Store::add(std::span<const Record> records, bool again, bool tasks) {
  Additions sum;
  try {
    for (const Record& r : records) {
      const Added added = add(r, again, tasks);
      ++(added.added ? sum.added : sum.known);
      sum.ids.push_back(added.id);
    }
  } catch (const InputError& e) {
    sum.fault = e;
  }
  return sum;
}

std::optional<std::int64_t> Store::find(const Run& question) {
  Statement s(database_, "SELECT max(id) FROM run WHERE question_digest = ?");
  s.bind(question.question_digest());
  if (s.step() && !s.is_null(0)) return s.integer(0);
  return std::nullopt;
}

Record Store::load(std::int64_t id) {
  Record record;
  Names names;
  run_columns(record.run, names);
  Statement rows(
      database_,
      fmt::format("SELECT {}, recorded_at, command, model FROM run WHERE id = ?", names.joined));
  if (!rows.bind(id).step()) {
    const std::int64_t last = database_.number("SELECT max(id) FROM run");
    throw InputError(path(), fmt::format("has no run {}", id),
                     last ? fmt::format("the newest is {}; `anesim runs` lists all", last)
                          : "it holds no runs yet");
  }
  Reader read{rows};
  run_columns(record.run, read);
  record.stored.id = id;
  read("recorded_at", record.stored.recorded_at);
  read("command", record.stored.command);
  read("model", record.stored.model);
  load_rows(database_, id, record);
  const std::string broken = check(record);
  if (!broken.empty())
    throw InputError(path(), fmt::format("run {} is damaged: {}", id, broken),
                     "it was changed by another program; run it again");
  return record;
}

std::int64_t Store::newest() {
  const std::int64_t id = database_.number("SELECT max(id) FROM run");
  if (id == 0) throw InputError(path(), "holds no runs yet", "`anesim run` adds one");
  return id;
}

std::vector<Listing> Store::list() {
  Names names;
  run_columns(Run{}, names);
  Statement rows(
      database_,
      fmt::format(
          "SELECT {}, id, recorded_at, command, model, latency_s, "
          "throughput_items_per_s, energy_j, bound FROM run JOIN total ON run = id ORDER BY id",
          names.joined));
  std::vector<Listing> all;
  while (rows.step()) {
    Listing& l = all.emplace_back();
    Reader read{rows};
    run_columns(l.run, read);
    read("id", l.id);
    read("recorded_at", l.recorded_at);
    read("command", l.command);
    read("model", l.model);
    read("latency_s", l.latency_s);
    read("throughput_items_per_s", l.throughput_items_per_s);
    read("energy_j", l.energy_j);
    read("bound", l.bound);
  }
  return all;
}

void Store::put(std::span<const Claim> claims) {
  Names names;
  claim_columns(Claim{}, names);
  Transaction transaction(database_);
  Statement insert(database_,
                   fmt::format("INSERT OR REPLACE INTO claim (run, {}) VALUES (nullif(?, 0), {})",
                               names.joined, names.marks));
  for (const Claim& c : claims) {
    insert.bind_at(1, c.run);
    claim_columns(c, Binder{insert, 1});
    insert.run();
  }
  transaction.commit();
}

void Store::put(std::span<const Silicon> rows) {
  Names names;
  silicon_columns(Silicon{}, names);
  Transaction transaction(database_);
  Statement insert(database_, fmt::format("INSERT OR REPLACE INTO silicon ({}) VALUES ({})",
                                          names.joined, names.marks));
  for (const Silicon& r : rows) {
    silicon_columns(r, Binder{insert});
    insert.run();
  }
  transaction.commit();
}

}  // namespace ane::results
