// Requests priced for the command line: one line of a run or of a comparison, and the grid of
// comparisons. For command files only.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "sim/cli/session.h"
#include "sim/price/price.h"
#include "sim/silicon/band.h"

namespace ane::sim {

// A request as a command asks it, with what only people read of it.
struct Asked {
  workloads::Request request;
  std::string variant{}, input{}, model{};  // model: the file of the weights, empty for none
};

// Priced with its bands, as a record.
results::Record priced_record(const Asked& asked, const Target& target, Bands& bands,
                              Detail detail);

// --chips, --units, --batches, --precisions, --form, --against of every compare.
struct Grid {
  std::vector<std::string> chips;
  std::vector<Unit> units;
  bool units_given = false;  // else those that a chip lacks are left out
  std::string against;
};
void add_grid_options(boost::program_options::options_description& options,
                      const std::string& chips, const std::string& units);
Grid grid_of(const boost::program_options::variables_map& given);

Target target_in(const Grid& grid, const Chip& chip, Unit unit, const std::string& runtime);

// The requests of one target, in order. One that this target does not do is left out, each reason
// told once on stderr; when none is left, the first InputError is thrown.
std::vector<results::Record> compare_records(
    const boost::program_options::variables_map& given, const Grid& grid,
    const std::function<std::vector<Asked>(const Target&)>& requests);

// Stores and prints the records of a comparison.
int finish_compare(const boost::program_options::variables_map& given,
                   const std::vector<results::Record>& records, const Grid& grid);

}  // namespace ane::sim
