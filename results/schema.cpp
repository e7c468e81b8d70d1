#include "results/schema.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "isa/error.h"

namespace ane::results {

std::span<const Migration> migrations() {
  static constexpr std::array table{
      Migration{"runs, their totals and parts, operators and tasks", R"sql(
        CREATE TABLE run (
          id INTEGER PRIMARY KEY, question_digest TEXT NOT NULL, recorded_at TEXT NOT NULL,
          workload TEXT NOT NULL, variant TEXT NOT NULL, input TEXT NOT NULL,
          input_digest TEXT NOT NULL, chip TEXT NOT NULL, unit TEXT NOT NULL,
          runtime TEXT NOT NULL, profile TEXT NOT NULL, precision TEXT NOT NULL,
          batch INTEGER NOT NULL, items INTEGER NOT NULL, overrides TEXT NOT NULL,
          code_version TEXT NOT NULL);
        CREATE INDEX run_by_question ON run (question_digest);
        CREATE TABLE total (
          run INTEGER PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE,
          latency_s REAL, throughput_items_per_s REAL, energy_j REAL, power_w REAL,
          peak_memory_bytes INTEGER NOT NULL, dram_bytes INTEGER NOT NULL, macs INTEGER NOT NULL,
          bound TEXT NOT NULL, latency_low_s REAL, latency_high_s REAL, energy_low_j REAL,
          energy_high_j REAL, peak_macs_per_s REAL, dram_bytes_per_s REAL);
        CREATE TABLE cause (run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
          ordinal INTEGER NOT NULL, name TEXT NOT NULL, seconds REAL NOT NULL,
          PRIMARY KEY (run, ordinal)) WITHOUT ROWID;
        CREATE TABLE energy_part (run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
          ordinal INTEGER NOT NULL, name TEXT NOT NULL, joules REAL NOT NULL,
          PRIMARY KEY (run, ordinal)) WITHOUT ROWID;
        CREATE TABLE memory_part (run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
          ordinal INTEGER NOT NULL, name TEXT NOT NULL, bytes REAL NOT NULL,
          PRIMARY KEY (run, ordinal)) WITHOUT ROWID;
        CREATE TABLE accuracy (run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
          ordinal INTEGER NOT NULL, name TEXT NOT NULL, value REAL,
          PRIMARY KEY (run, ordinal)) WITHOUT ROWID;
        CREATE TABLE digest (run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
          tensor TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run, tensor)) WITHOUT ROWID;
        CREATE TABLE note (run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
          ordinal INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (run, ordinal)) WITHOUT ROWID;
        CREATE TABLE operator (
          run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE, ordinal INTEGER NOT NULL,
          name TEXT NOT NULL, op TEXT NOT NULL, unit TEXT NOT NULL, placement TEXT NOT NULL,
          reason TEXT NOT NULL, tasks INTEGER NOT NULL, start_s REAL NOT NULL,
          seconds REAL NOT NULL, macs INTEGER NOT NULL, weight_bytes INTEGER NOT NULL,
          dram_bytes INTEGER NOT NULL, l2_bytes INTEGER NOT NULL, energy_j REAL,
          bound TEXT NOT NULL, utilisation REAL, PRIMARY KEY (run, ordinal)) WITHOUT ROWID;
        CREATE TABLE operator_cause (run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
          operator INTEGER NOT NULL, ordinal INTEGER NOT NULL, name TEXT NOT NULL,
          seconds REAL NOT NULL, PRIMARY KEY (run, operator, ordinal)) WITHOUT ROWID;
        CREATE TABLE task (
          run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE, ordinal INTEGER NOT NULL,
          operator INTEGER NOT NULL, name TEXT NOT NULL, start_ps INTEGER NOT NULL,
          end_ps INTEGER NOT NULL, cause TEXT NOT NULL, bytes INTEGER NOT NULL,
          macs INTEGER NOT NULL, energy_j REAL, PRIMARY KEY (run, ordinal)) WITHOUT ROWID;
        CREATE TABLE stage (run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
          task INTEGER NOT NULL, ordinal INTEGER NOT NULL, device TEXT NOT NULL,
          start_ps INTEGER NOT NULL, end_ps INTEGER NOT NULL,
          PRIMARY KEY (run, task, ordinal)) WITHOUT ROWID;
      )sql"},
      Migration{"published claims with their answers, and comparisons with silicon", R"sql(
        CREATE TABLE claim (
          id TEXT PRIMARY KEY, source TEXT NOT NULL, metric TEXT NOT NULL,
          published_low REAL, published_high REAL, value_unit TEXT NOT NULL,
          simulated REAL, simulated_low REAL, simulated_high REAL, verdict TEXT NOT NULL,
          reason TEXT NOT NULL, run INTEGER REFERENCES run (id) ON DELETE SET NULL,
          code_version TEXT NOT NULL);
        CREATE TABLE silicon (
          file TEXT NOT NULL, line INTEGER NOT NULL, chip TEXT NOT NULL, kind TEXT NOT NULL,
          spec TEXT NOT NULL, quantity TEXT NOT NULL, source TEXT NOT NULL, trust TEXT NOT NULL,
          measured REAL NOT NULL, predicted REAL, predicted_low REAL, predicted_high REAL,
          skipped TEXT NOT NULL, code_version TEXT NOT NULL,
          PRIMARY KEY (file, line)) WITHOUT ROWID;
      )sql"},
      Migration{"the form that was priced, and the whole request", R"sql(
        ALTER TABLE run ADD COLUMN form TEXT NOT NULL DEFAULT '';
        ALTER TABLE run ADD COLUMN request TEXT NOT NULL DEFAULT '';
      )sql"},
      Migration{"the command line and the model's file of a run; types for the columns of views",
                R"sql(
        ALTER TABLE run ADD COLUMN command TEXT NOT NULL DEFAULT '';
        ALTER TABLE run ADD COLUMN model TEXT NOT NULL DEFAULT '';
        CREATE TABLE declared (i INTEGER, r REAL, t TEXT);
      )sql"},
      Migration{"what an operator loads while others run", R"sql(
        ALTER TABLE operator ADD COLUMN ahead_s REAL NOT NULL DEFAULT 0;
      )sql"},
      Migration{"sweeps and their points; who judged a claim", R"sql(
        CREATE TABLE sweep (
          id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, recorded_at TEXT NOT NULL,
          plan TEXT NOT NULL, code_version TEXT NOT NULL, command TEXT NOT NULL,
          points INTEGER NOT NULL);
        CREATE TABLE sweep_axis (
          sweep INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE, ordinal INTEGER NOT NULL,
          name TEXT NOT NULL, PRIMARY KEY (sweep, ordinal)) WITHOUT ROWID;
        CREATE TABLE sweep_objective (
          sweep INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE, ordinal INTEGER NOT NULL,
          name TEXT NOT NULL, PRIMARY KEY (sweep, ordinal)) WITHOUT ROWID;
        CREATE TABLE sweep_point (
          sweep INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE, point INTEGER NOT NULL,
          assignment TEXT NOT NULL, latency_s REAL, energy_j REAL, throughput_items_per_s REAL,
          peak_memory_bytes INTEGER NOT NULL, dram_bytes INTEGER NOT NULL, bound TEXT NOT NULL,
          feasible INTEGER NOT NULL, refused TEXT NOT NULL,
          PRIMARY KEY (sweep, point)) WITHOUT ROWID;
        ALTER TABLE claim ADD COLUMN judge TEXT NOT NULL DEFAULT '';
      )sql"},
      Migration{"how many of a point's answers are float32's", R"sql(
        ALTER TABLE sweep_point ADD COLUMN agreement REAL;
      )sql"},
      Migration{"how much of L2 is in use while a task runs", R"sql(
        ALTER TABLE task ADD COLUMN l2_bytes INTEGER NOT NULL DEFAULT 0;
      )sql"},
  };
  return table;
}

namespace {

// SQLite knows the type of a view's column only where it is a column of a table, and of a compound
// it is the first part that says so. So each view begins with no rows of the table `declared`: who
// asks for the types, as DuckDB and ODBC do, is told INTEGER, REAL or TEXT also of what is
// computed.
struct SqlView {
  std::string_view name;
  std::string_view columns;  // "i run, t chip, r speed_up": type and name, in the order of `body`
  std::string_view body;
};
constexpr SqlView sql_views[] = {
    // The newest answer to each question, whatever program version gave it.
    {"newest", "i run", R"sql(
      SELECT max(id) FROM run
      GROUP BY workload, variant, input_digest, chip, unit, runtime, profile, precision, batch,
               items, overrides, form, request)sql"},
    // One line a run, identity and totals side by side.
    {"run_total",
     "i run, i id, t question_digest, t recorded_at, t workload, t variant, t input, t "
     "input_digest, "
     "t chip, t unit, t runtime, t profile, t precision, i batch, i items, t overrides, "
     "t code_version, t form, t request, t command, t model, r latency_s, "
     "r throughput_items_per_s, r energy_j, r power_w, i peak_memory_bytes, i dram_bytes, i macs, "
     "t bound, r latency_low_s, r latency_high_s, r energy_low_j, r energy_high_j, "
     "r peak_macs_per_s, r dram_bytes_per_s, r energy_per_item_j, r latency_per_item_s",
     R"sql(
      SELECT r.id, r.id, question_digest, recorded_at, workload, variant, input, input_digest, chip,
             unit, runtime, profile, precision, batch, items, overrides, code_version, form,
             request, command, model, latency_s, throughput_items_per_s, energy_j, power_w,
             peak_memory_bytes, dram_bytes, macs, bound, latency_low_s, latency_high_s,
             energy_low_j, energy_high_j, peak_macs_per_s, dram_bytes_per_s,
             energy_j / (throughput_items_per_s * latency_s), 1 / throughput_items_per_s
      FROM run r JOIN total t ON t.run = r.id)sql"},
    // Each newest run against the fastest CPU run of the same chip, input and batch, in the
    // framework's form where it was priced.
    {"against_cpu",
     "i run, t workload, t variant, t input, t chip, t unit, t runtime, t profile, t precision, "
     "t form, i batch, t overrides, r latency_s, r energy_j, i peak_memory_bytes, i cpu_run, "
     "r speed_up, r energy_ratio, r memory_ratio",
     R"sql(
      SELECT * FROM (
        WITH latest AS (SELECT rt.* FROM run_total rt JOIN newest n ON n.run = rt.id),
          cpu AS (SELECT *, row_number() OVER (
                    PARTITION BY workload, variant, input_digest, chip, batch, items, overrides
                    ORDER BY form <> 'framework', latency_s) AS place
                  FROM latest WHERE unit = 'cpu')
        SELECT a.id, a.workload, a.variant, a.input, a.chip, a.unit, a.runtime, a.profile,
               a.precision, a.form, a.batch, a.overrides, a.latency_s, a.energy_j,
               a.peak_memory_bytes, c.id AS cpu_run, c.latency_s / a.latency_s,
               c.energy_j / a.energy_j,
               1.0 * c.peak_memory_bytes / nullif(a.peak_memory_bytes, 0)
        FROM latest a JOIN cpu c ON c.place = 1 AND c.workload = a.workload
          AND c.variant = a.variant AND c.input_digest = a.input_digest AND c.chip = a.chip
          AND c.batch = a.batch AND c.items = a.items AND c.overrides = a.overrides))sql"},
    // The batch of the highest throughput, by chip, unit, runtime and precision.
    {"best_batch",
     "t workload, t variant, t input, t chip, t unit, t runtime, t profile, t precision, t form, "
     "t overrides, i batch, r throughput_items_per_s, r latency_s, r energy_per_item_j, i run",
     R"sql(
      SELECT workload, variant, input, chip, unit, runtime, profile, precision, form, overrides,
             batch, throughput_items_per_s, latency_s, energy_per_item_j, run
      FROM (SELECT rt.*, row_number() OVER (
              PARTITION BY workload, variant, input_digest, chip, unit, runtime, profile,
                           precision, form, overrides
              ORDER BY throughput_items_per_s DESC, batch) AS place
            FROM run_total rt JOIN newest n ON n.run = rt.id)
      WHERE place = 1)sql"},
    // The smallest batch at which a unit beats the CPU of its chip.
    {"pays_from",
     "t workload, t variant, t input, t chip, t unit, t runtime, t profile, t precision, t form, "
     "t overrides, i batch, r speed_up",
     R"sql(
      SELECT workload, variant, input, chip, unit, runtime, profile, precision, form, overrides,
             min(batch), speed_up
      FROM against_cpu WHERE unit <> 'cpu' AND speed_up > 1
      GROUP BY workload, variant, input, chip, unit, runtime, profile, precision, form,
               overrides)sql"},
    {"cause_share", "i run, t name, r seconds, r share", R"sql(
      SELECT c.run, c.name, c.seconds, c.seconds / nullif(t.latency_s, 0)
      FROM cause c JOIN total t ON t.run = c.run)sql"},
    {"energy_share", "i run, t name, r joules, r share", R"sql(
      SELECT e.run, e.name, e.joules, e.joules / nullif(t.energy_j, 0)
      FROM energy_part e JOIN total t ON t.run = e.run)sql"},
    // What bounds the operators of a run: how many, and how much of its time.
    {"operator_bound", "i run, t bound, i operators, r seconds, r share", R"sql(
      SELECT o.run, o.bound, count(*), sum(o.seconds), sum(o.seconds) / nullif(t.latency_s, 0)
      FROM operator o JOIN total t ON t.run = o.run GROUP BY o.run, o.bound)sql"},
    // Operators that were not placed on the unit that was asked for, and why.
    {"fallback", "i run, i ordinal, t name, t op, t unit, t placement, t reason, r seconds", R"sql(
      SELECT o.run, o.ordinal, o.name, o.op, o.unit, o.placement, o.reason, o.seconds
      FROM operator o JOIN run r ON r.id = o.run WHERE o.unit <> r.unit)sql"},
    {"claim_verdict", "t source, t judge, t verdict, i claims", R"sql(
      SELECT source, judge, verdict, count(*) FROM claim GROUP BY source, judge, verdict)sql"},
    {"silicon_error",
     "t file, i line, t chip, t kind, t spec, t quantity, t source, t trust, r measured, "
     "r predicted, r predicted_low, r predicted_high, t skipped, t code_version, r error",
     R"sql(
      SELECT file, line, chip, kind, spec, quantity, source, trust, measured, predicted,
             predicted_low, predicted_high, skipped, code_version,
             exp(abs(ln(predicted / measured))) - 1
      FROM silicon WHERE predicted > 0 AND measured > 0)sql"},
};

// "i run, t chip" as "i AS run, t AS chip".
std::string declared(std::string_view columns) {
  std::string list(columns);
  for (std::size_t at = 0; (at = list.find(' ', at)) != std::string::npos;) {
    const bool after_comma = at > 0 && list[at - 1] == ',';
    if (!after_comma)
      list.replace(at, 1, " AS "), at += 4;
    else
      ++at;
  }
  return list;
}

}  // namespace

std::string view_sql() {
  std::string all;
  for (const SqlView& v : sql_views)
    all += fmt::format("CREATE VIEW {} AS SELECT {} FROM declared WHERE 0 UNION ALL {};\n", v.name,
                       declared(v.columns), v.body);
  return all;
}

namespace {

// Names come from the file and may hold anything: SQLite quotes them, and each is a statement of
// its own.
void drop_views(Database& database) {
  std::vector<std::string> drops;
  {
    Statement views(
        database, "SELECT format('DROP VIEW \"%w\"', name) FROM sqlite_schema WHERE type = 'view'");
    while (views.step()) drops.push_back(views.text(0));
  }
  for (const std::string& drop : drops) Statement(database, drop).run();
}

// Type and SQL text of everything that a schema names, without SQLite's own.
using Schema = std::map<std::string, std::pair<std::string, std::string>>;
Schema schema_of(Database& database) {
  Schema schema;
  Statement rows(database, "SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL");
  while (rows.step()) schema[rows.text(0)] = {rows.text(1), rows.text(2)};
  return schema;
}

// A file is what its version says when its tables are those that the migrations make. Further
// tables and views are their owner's.
void check_schema(Database& database, std::int64_t version) {
  Database made = Database::in_memory();
  for (std::int64_t v = 0; v < version; ++v)
    made.execute(std::string(migrations()[static_cast<std::size_t>(v)].sql));
  const Schema found = schema_of(database);
  const std::string note = "give another file with --db";
  for (const auto& [name, what] : schema_of(made)) {
    const auto at = found.find(name);
    if (at == found.end() || at->second != what)
      throw InputError(database.path(),
                       fmt::format("says schema version {}, but its {} {} is {}", version,
                                   what.first, name, at == found.end() ? "missing" : "another"),
                       note);
  }
  for (const auto& [name, what] : found)
    if (what.first == "trigger")
      throw InputError(database.path(), "has a trigger, which would change what is added", note);
}

// The file's version, once it is known to be one that this program can read or bring forward. One
// statement and so one snapshot: another program may be creating the schema at this moment.
std::int64_t readable_version(Database& database) {
  Statement header(database,
                   "SELECT (SELECT application_id FROM pragma_application_id), "
                   "(SELECT user_version FROM pragma_user_version), count(*) FROM sqlite_schema");
  ANE_CHECK(header.step(), "a count has a row");
  const std::int64_t id = header.integer(0), version = header.integer(1);
  const bool fresh = id == 0 && version == 0 && header.integer(2) == 0;
  if (id != application_id && !fresh)
    throw InputError(database.path(), "is an SQLite database of another program",
                     "give another file with --db");
  const auto present = static_cast<std::int64_t>(migrations().size());
  if (version < 0 || version > present)
    throw InputError(
        database.path(),
        fmt::format("has schema version {}, newer than this program's {}", version, present),
        "use the program that wrote it, or another file with --db");
  return version;
}

}  // namespace

void migrate(Database& database) {
  const auto present = static_cast<std::int64_t>(migrations().size());
  if (readable_version(database) == present) return check_schema(database, present);
  if (database.read_only()) database.continue_in_memory();
  Transaction transaction(database);
  const std::int64_t found = readable_version(database);  // another program may have been first
  check_schema(database, found);
  if (found < present) {
    drop_views(database);
    for (std::int64_t v = found; v < present; ++v)
      database.execute(std::string(migrations()[static_cast<std::size_t>(v)].sql));
    database.execute(view_sql());
    database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                 application_id, present));
  }
  transaction.commit();
}

}  // namespace ane::results
