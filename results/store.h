// The results file: every run, in SQLite, for any SQLite client (docs/results.md has the schema).
// Faults of the file (absent, foreign, damaged, of a newer program, not writable) are InputErrors
// that name it. An addition is whole or absent; writers of several processes wait for each other.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "isa/error.h"
#include "results/comparison.h"
#include "results/record.h"
#include "results/sqlite.h"
#include "results/sweep.h"

namespace ane::results {

struct Listing {
  std::int64_t id = 0;
  std::string recorded_at;  // UTC, ISO 8601
  std::string command, model;
  Run run;
  double latency_s = unknown, throughput_items_per_s = unknown, energy_j = unknown;
  std::string bound;
};

class Store {
 public:
  using Open = Database::Open;
  // create: makes the file when it is absent. existing: its absence is an error, and a file that
  // cannot be written to is read all the same.
  explicit Store(std::string path, Open open = Open::create);

  struct Added {
    std::int64_t id;  // of the new run, or of the one that had already answered this question
    bool added;
  };
  // A question that was answered before adds nothing unless `again`. `tasks`: the rows of tasks
  // too, where the record has some. The record must hold together (check() in record.h).
  Added add(const Record& record, bool again = false, bool tasks = true);

  // In order up to the first that fails: those before it stay added.
  struct Additions {
    std::size_t added = 0, known = 0;   // new runs; questions that were answered before
    std::vector<std::int64_t> ids{};    // of each of those
    std::optional<InputError> fault{};  // of the first that failed
  };
  Additions add(std::span<const Record> records, bool again = false, bool tasks = true);

  // The newest run that answers this question.
  std::optional<std::int64_t> find(const Run& question);
  Record load(std::int64_t id);  // InputError for an id that is not there
  std::int64_t newest();         // the last added; InputError when there is none
  std::vector<Listing> list();   // oldest first

  // The sweep of this plan and version: the one that is there, else a new one. Its points so far
  // are in `done`.
  std::int64_t begin_sweep(const Sweep& sweep, std::vector<bool>& done);
  // Points of a sweep; one that is there stays as it is.
  void add_points(std::int64_t sweep, std::span<const SweepPoint> points);
  Sweep load_sweep(std::int64_t id);  // 0: the newest; InputError for one that is not there
  std::vector<Sweep> sweeps();        // oldest first, without their points

  // Replaces rows of the same id (claims) or file and line (silicon).
  void put(std::span<const Claim> claims);
  void put(std::span<const Silicon> rows);

  const std::string& path() const { return database_.path(); }

 private:
  Database database_;
};

}  // namespace ane::results
