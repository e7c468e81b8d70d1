// anesim merge: results files of several computers, as one.
//
//   $ anesim merge shard-1.db shard-2.db --into all.db
#include <fmt/format.h>

#include <set>

#include "isa/error.h"
#include "isa/file.h"
#include "isa/status.h"
#include "results/store.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"

namespace ane::sim {

int run_merge(const Arguments& arguments) {
  namespace po = boost::program_options;
  po::options_description options("options");
  std::string into;
  options.add_options()  //
      ("into", po::value(&into)->value_name("FILE"),
       "the file that takes it all, made when absent")  //
      ("mixed", "also what different versions of the program have computed");
  const auto given = parse(
      {.name = "merge",
       .usage = "FILE... --into FILE [options]\n\nRuns and sweeps of several results files in one. "
                "What is there already is left out, so that\nmerging again changes nothing.",
       .options = options,
       .positional = "FILE",
       .examples = {"anesim merge shard-1.db shard-2.db --into all.db",
                    "anesim merge old.db new.db --into all.db --mixed"}},
      arguments);
  if (!given) return 0;
  if (given->count("FILE") == 0)
    throw InputError("anesim merge", "which files?", "anesim merge A.db B.db --into C.db");
  if (into.empty()) throw InputError("--into", "which file takes it all?", "--into all.db");
  const auto& files = (*given)["FILE"].as<std::vector<std::string>>();
  for (const std::string& file : files)
    if (same_file(file, into))
      throw InputError(file, "is the file that takes it all", "--into another file");
  // All versions first: nothing is merged where one does not go with the others.
  std::set<std::string> versions;
  const auto add_versions = [&](results::Store& store) {
    for (const results::Sweep& s : store.sweeps()) versions.insert(s.code_version);
    for (const results::Listing& l : store.list()) versions.insert(l.run.code_version);
  };
  for (const std::string& file : files) {
    results::Store store(file, results::Store::Open::existing);
    add_versions(store);
  }
  results::Store all(into);
  add_versions(all);
  if (versions.size() > 1 && given->count("mixed") == 0) {
    std::string names;
    for (const std::string& v : versions) names += (names.empty() ? "" : ", ") + v;
    throw InputError(into, fmt::format("of different versions of the program: {}", names),
                     "--mixed takes them side by side");
  }
  for (const std::string& file : files) {
    results::Store store(file, results::Store::Open::existing);
    std::int64_t points = 0, known = 0;
    for (const results::Sweep& about : store.sweeps()) {
      const results::Sweep sweep = store.load_sweep(about.id);
      std::vector<bool> done;
      const std::int64_t id = all.begin_sweep(sweep, done);
      std::vector<results::SweepPoint> fresh;
      for (const results::SweepPoint& p : sweep.rows)
        if (p.index >= 0 && p.index < sweep.points && !done[static_cast<std::size_t>(p.index)])
          fresh.push_back(p);
      known += std::ssize(sweep.rows) - std::ssize(fresh);
      points += std::ssize(fresh);
      all.add_points(id, fresh);
    }
    std::size_t runs = 0, runs_known = 0;
    for (const results::Listing& l : store.list())
      ++(all.add(store.load(l.id)).added ? runs : runs_known);
    print_status("{}: {} points and {} runs added, {} and {} were there\n", file, points, runs,
                 known, runs_known);
  }
  return 0;
}

}  // namespace ane::sim
