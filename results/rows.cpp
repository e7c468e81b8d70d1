#include "results/rows.h"

#include <fmt/format.h>

#include "results/binding.h"
#include "results/columns.h"

namespace ane::results {

namespace {

struct PartTable {
  std::string_view table, value;
  Parts Totals::*parts;
};
constexpr PartTable part_tables[] = {{"cause", "seconds", &Totals::causes},
                                     {"energy_part", "joules", &Totals::energy_parts},
                                     {"memory_part", "bytes", &Totals::memory_parts},
                                     {"accuracy", "value", &Totals::accuracy}};

// As two bands, with NaN where there is none.
Band band_or_unknown(const std::optional<Band>& b) {
  return b ? *b : Band{unknown, unknown};
}

void insert_totals(Database& db, std::int64_t run, const Record& record) {
  Names names;
  const Band latency = band_or_unknown(record.totals.latency_band_s);
  const Band energy = band_or_unknown(record.totals.energy_band_j);
  total_columns(record.totals, record.limits, names);
  band_columns(latency, energy, names);
  Statement insert(
      db, fmt::format("INSERT INTO total (run, {}) VALUES (?, {})", names.joined, names.marks));
  insert.bind_at(1, run);
  Binder bind{insert, 1};
  total_columns(record.totals, record.limits, bind);
  band_columns(latency, energy, bind);
  insert.run();
  for (const PartTable& t : part_tables) {
    Statement one(db, fmt::format("INSERT INTO {} (run, ordinal, name, {}) VALUES (?, ?, ?, ?)",
                                  t.table, t.value));
    int ordinal = 0;
    for (const Part& p : record.totals.*t.parts) one.bind(run, ordinal++, p.name, p.value).run();
  }
  if (!record.totals.digest.empty())
    Statement(db, "INSERT INTO digest (run, tensor, value) VALUES (?, 'output', ?)")
        .bind(run, record.totals.digest)
        .run();
  Statement note(db, "INSERT INTO note (run, ordinal, text) VALUES (?, ?, ?)");
  int ordinal = 0;
  for (const std::string& n : record.notes) note.bind(run, ordinal++, n).run();
}

void insert_operators(Database& db, std::int64_t run, const std::vector<OperatorRow>& operators) {
  Names names;
  operator_columns(OperatorRow{}, names);
  Statement insert(
      db, fmt::format("INSERT INTO operator (run, {}) VALUES (?, {})", names.joined, names.marks));
  Statement cause(db,
                  "INSERT INTO operator_cause (run, operator, ordinal, name, seconds) "
                  "VALUES (?, ?, ?, ?, ?)");
  for (const OperatorRow& o : operators) {
    insert.bind_at(1, run);
    operator_columns(o, Binder{insert, 1});
    insert.run();
    int ordinal = 0;
    for (const Part& p : o.causes) cause.bind(run, o.index, ordinal++, p.name, p.value).run();
  }
}

void insert_tasks(Database& db, std::int64_t run, const std::vector<TaskRow>& tasks) {
  Names names, stage_names;
  task_columns(TaskRow{}, names);
  stage_columns(StageInterval{}, stage_names);
  Statement insert(
      db, fmt::format("INSERT INTO task (run, {}) VALUES (?, {})", names.joined, names.marks));
  Statement stage(db, fmt::format("INSERT INTO stage (run, task, ordinal, {}) VALUES (?, ?, ?, {})",
                                  stage_names.joined, stage_names.marks));
  for (const TaskRow& t : tasks) {
    insert.bind_at(1, run);
    task_columns(t, Binder{insert, 1});
    insert.run();
    int ordinal = 0;
    for (const StageInterval& s : t.stages) {
      stage.bind(run, t.index, ordinal++);
      stage_columns(s, Binder{stage, 3});
      stage.run();
    }
  }
}

void load_totals(Database& db, std::int64_t id, Record& record) {
  Names names;
  Band latency{}, energy{};
  total_columns(record.totals, record.limits, names);
  band_columns(latency, energy, names);
  Statement totals(db, fmt::format("SELECT {} FROM total WHERE run = ?", names.joined));
  if (totals.bind(id).step()) {
    Reader read{totals};
    total_columns(record.totals, record.limits, read);
    band_columns(latency, energy, read);
    if (latency.low <= latency.high) record.totals.latency_band_s = latency;
    if (energy.low <= energy.high) record.totals.energy_band_j = energy;
  }
  for (const PartTable& t : part_tables) {
    Statement rows(db, fmt::format("SELECT name, {} FROM {} WHERE run = ? ORDER BY ordinal",
                                   t.value, t.table));
    rows.bind(id);
    while (rows.step()) (record.totals.*t.parts).push_back({rows.text(0), rows.real(1)});
  }
  Statement digest(db, "SELECT value FROM digest WHERE run = ? AND tensor = 'output'");
  if (digest.bind(id).step()) record.totals.digest = digest.text(0);
  Statement notes(db, "SELECT text FROM note WHERE run = ? ORDER BY ordinal");
  notes.bind(id);
  while (notes.step()) record.notes.push_back(notes.text(0));
}

void load_operators(Database& db, std::int64_t id, Record& record) {
  Names names;
  operator_columns(OperatorRow{}, names);
  Statement rows(
      db, fmt::format("SELECT {} FROM operator WHERE run = ? ORDER BY ordinal", names.joined));
  rows.bind(id);
  while (rows.step()) operator_columns(record.operators.emplace_back(), Reader{rows});
  Statement causes(db,
                   "SELECT operator, name, seconds FROM operator_cause WHERE run = ? "
                   "ORDER BY operator, ordinal");
  causes.bind(id);
  while (causes.step()) {
    const auto at = static_cast<std::size_t>(causes.integer(0));
    if (at < record.operators.size())
      record.operators[at].causes.push_back({causes.text(1), causes.real(2)});
  }
}

void load_tasks(Database& db, std::int64_t id, Record& record) {
  Names names, stage_names;
  task_columns(TaskRow{}, names);
  stage_columns(StageInterval{}, stage_names);
  Statement rows(db,
                 fmt::format("SELECT {} FROM task WHERE run = ? ORDER BY ordinal", names.joined));
  rows.bind(id);
  while (rows.step()) task_columns(record.tasks.emplace_back(), Reader{rows});
  Statement stages(db,
                   fmt::format("SELECT {}, task FROM stage WHERE run = ? ORDER BY task, ordinal",
                               stage_names.joined));
  stages.bind(id);
  while (stages.step()) {
    StageInterval s;
    Reader read{stages};
    stage_columns(s, read);
    const auto at = static_cast<std::size_t>(stages.integer(read.at));
    if (at < record.tasks.size()) record.tasks[at].stages.push_back(s);
  }
}

}  // namespace

void insert_rows(Database& database, std::int64_t run, const Record& record, bool tasks) {
  insert_totals(database, run, record);
  insert_operators(database, run, record.operators);
  if (tasks) insert_tasks(database, run, record.tasks);
}

void load_rows(Database& database, std::int64_t run, Record& record) {
  load_totals(database, run, record);
  load_operators(database, run, record);
  load_tasks(database, run, record);
}

}  // namespace ane::results
