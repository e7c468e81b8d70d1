// Sweeps in the results file.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "results/store.h"
#include "results/time.h"

namespace ane::results {
namespace {

using Json = nlohmann::ordered_json;

// {"ane.l2":"4MiB","batch":"8"}
std::string assignment_of(const std::vector<std::string>& axes, const SweepPoint& p) {
  Json json = Json::object();
  for (std::size_t a = 0; a < axes.size(); ++a) json[axes[a]] = p.values[a];
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> names_of(Database& db, const char* table, std::int64_t sweep) {
  std::vector<std::string> names;
  Statement rows(db, fmt::format("SELECT name FROM {} WHERE sweep = ? ORDER BY ordinal", table));
  rows.bind(sweep);
  while (rows.step()) names.push_back(rows.text(0));
  return names;
}

void put_names(Database& db, const char* table, std::int64_t sweep,
               const std::vector<std::string>& names) {
  Statement insert(db,
                   fmt::format("INSERT INTO {} (sweep, ordinal, name) VALUES (?, ?, ?)", table));
  for (std::size_t i = 0; i < names.size(); ++i) {
    insert.bind(sweep, static_cast<std::int64_t>(i), names[i]);
    insert.run();
  }
}

}  // namespace

std::int64_t Store::begin_sweep(const Sweep& sweep, std::vector<bool>& done) {
  done.assign(static_cast<std::size_t>(sweep.points), false);
  Transaction transaction(database_);
  Statement known(database_, "SELECT id FROM sweep WHERE digest = ?");
  std::int64_t id = 0;
  if (known.bind(sweep.digest()).step()) {
    id = known.integer(0);
    Statement points(database_, "SELECT point FROM sweep_point WHERE sweep = ?");
    points.bind(id);
    while (points.step())
      if (const std::int64_t at = points.integer(0); at >= 0 && at < sweep.points)
        done[static_cast<std::size_t>(at)] = true;
  } else {
    Statement insert(database_,
                     "INSERT INTO sweep (digest, recorded_at, plan, code_version, command, points) "
                     "VALUES (?, ?, ?, ?, ?, ?)");
    insert.bind(sweep.digest(), utc_now(), sweep.plan, sweep.code_version, sweep.command,
                sweep.points);
    insert.run();
    id = database_.number("SELECT last_insert_rowid()");
    put_names(database_, "sweep_axis", id, sweep.axes);
    put_names(database_, "sweep_objective", id, sweep.objectives);
  }
  transaction.commit();
  return id;
}

void Store::add_points(std::int64_t sweep, std::span<const SweepPoint> points) {
  Transaction transaction(database_);
  const std::vector<std::string> axes = names_of(database_, "sweep_axis", sweep);
  Statement insert(database_,
                   "INSERT OR IGNORE INTO sweep_point (sweep, point, assignment, latency_s, "
                   "energy_j, throughput_items_per_s, peak_memory_bytes, dram_bytes, bound, "
                   "feasible, refused, agreement) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const SweepPoint& p : points) {
    insert.bind(sweep, p.index, assignment_of(axes, p), p.latency_s, p.energy_j,
                p.throughput_items_per_s, p.peak_memory_bytes, p.dram_bytes, p.bound,
                p.feasible ? 1 : 0, p.refused, p.agreement);
    insert.run();
  }
  transaction.commit();
}

std::vector<Sweep> Store::sweeps() {
  std::vector<Sweep> all;
  Statement rows(
      database_,
      "SELECT id, recorded_at, plan, code_version, command, points FROM sweep ORDER BY id");
  while (rows.step())
    all.push_back({.id = rows.integer(0),
                   .recorded_at = rows.text(1),
                   .plan = rows.text(2),
                   .code_version = rows.text(3),
                   .command = rows.text(4),
                   .points = rows.integer(5),
                   .axes = names_of(database_, "sweep_axis", rows.integer(0)),
                   .objectives = names_of(database_, "sweep_objective", rows.integer(0))});
  return all;
}

Sweep Store::load_sweep(std::int64_t id) {
  const std::vector<Sweep> all = sweeps();
  if (all.empty()) throw InputError(path(), "holds no sweep yet", "`anesim sweep` adds one");
  Sweep sweep = all.back();
  if (id != 0) {
    const auto at = std::ranges::find(all, id, &Sweep::id);
    if (at == all.end())
      throw InputError(path(), fmt::format("has no sweep {}", id),
                       fmt::format("the newest is {}", all.back().id));
    sweep = *at;
  }
  Statement rows(
      database_,
      "SELECT point, assignment, latency_s, energy_j, throughput_items_per_s, "
      "peak_memory_bytes, dram_bytes, bound, feasible, refused, agreement FROM sweep_point "
      "WHERE sweep = ? ORDER BY point");
  rows.bind(sweep.id);
  while (rows.step()) {
    SweepPoint p{.index = rows.integer(0),
                 .latency_s = rows.real(2),
                 .energy_j = rows.real(3),
                 .throughput_items_per_s = rows.real(4),
                 .peak_memory_bytes = rows.integer(5),
                 .dram_bytes = rows.integer(6),
                 .agreement = rows.real(10),
                 .bound = rows.text(7),
                 .feasible = rows.integer(8) != 0,
                 .refused = rows.text(9)};
    const Json json = Json::parse(rows.text(1), nullptr, false);
    for (const std::string& axis : sweep.axes) {
      if (!json.is_object() || !json.contains(axis) || !json[axis].is_string())
        throw InputError(path(), fmt::format("point {} of sweep {} is damaged", p.index, sweep.id),
                         "it was changed by another program");
      p.values.push_back(json[axis].get<std::string>());
    }
    sweep.rows.push_back(std::move(p));
  }
  return sweep;
}

}  // namespace ane::results
