#include "sim/cli/ask.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "isa/error.h"
#include "isa/status.h"
#include "workloads/request/kind.h"

namespace ane::sim {

namespace po = boost::program_options;

results::Record priced_record(const Asked& asked, const Target& target, Bands& bands,
                              Detail detail) {
  results::Record record = record_of(asked.request, target, price(asked.request, target, detail),
                                     {.variant = asked.variant, .input = asked.input});
  record.stored.model = asked.model;
  bands.add(record, asked.request, target);
  return record;
}

void add_grid_options(po::options_description& options, const std::string& chips,
                      const std::string& units) {
  options.add_options()  //
      ("chips", po::value<std::string>()->default_value(chips)->value_name("A,B"),
       "chips of `anesim chips`, at commas")  //
      ("units", po::value<std::string>()->default_value(units)->value_name("A,B"),
       "units, at commas; of the default those that a chip lacks are left out")  //
      ("against", po::value<std::string>()->default_value("cpu")->value_name("WHAT"),
       "whom speed-up and energy are held against: a unit or runtime of the same chip, or a chip");
}

Grid grid_of(const po::variables_map& given) {
  Grid grid{.chips = split_set("--chips", given["chips"].as<std::string>()),
            .units = {},
            .units_given = !given["units"].defaulted(),
            .against = given["against"].as<std::string>()};
  for (const std::string& unit : split_set("--units", given["units"].as<std::string>()))
    grid.units.push_back(workloads::parse_term<Unit>("unit", unit, "--units"));
  return grid;
}

namespace {

// What could not be priced: each fault once, with how many lines it cost.
class LeftOut {
 public:
  void add(const std::string& line, const InputError& fault) {
    const auto same = std::ranges::find_if(
        all_, [&](const Group& g) { return std::string(g.fault.what()) == fault.what(); });
    if (same == all_.end())
      all_.push_back({fault, line});
    else
      ++same->more;
  }
  bool any() const { return !all_.empty(); }
  const InputError& first() const { return all_.front().fault; }
  void tell() const {
    for (const Group& g : all_)
      print_status("left out: {}{}: {}{}\n", g.line,
                   g.more > 0 ? fmt::format(" and {} more", g.more) : "", g.fault.what(),
                   g.fault.note().empty() ? "" : " (" + g.fault.note() + ")");
  }

 private:
  struct Group {
    InputError fault;
    std::string line;  // the first
    int more = 0;
  };
  std::vector<Group> all_;
};

}  // namespace

// A runtime that drives one of several units is that one's; the others keep their usual.
Target target_in(const Grid& grid, const Chip& chip, Unit unit, const std::string& runtime) {
  const bool own = runtime.empty() || drives(load_runtime(runtime), unit_on(chip, unit));
  return make_target(chip, unit, own || grid.units.size() == 1 ? runtime : std::string());
}

std::vector<results::Record> compare_records(
    const po::variables_map& given, const Grid& grid,
    const std::function<std::vector<Asked>(const Target&)>& requests) {
  refuse_options_of_values(given, {}, "a comparison is of costs");
  const std::vector<std::string> overrides = overrides_of(given);
  const std::string runtime = given["runtime"].as<std::string>();
  std::vector<results::Record> records;
  Bands bands;
  LeftOut left_out;
  for (const std::string& name : grid.chips) {
    const Chip chip = load_chip(name, overrides);
    for (const Unit unit : grid.units) {
      if (!grid.units_given && !has_unit(chip, unit)) continue;
      const Target target = target_in(grid, chip, unit, runtime);
      for (const Asked& asked : requests(target)) try {
          records.push_back(priced_record(asked, target, bands, Detail::operators));
        } catch (const InputError& e) {
          left_out.add(fmt::format("{} on {} {} {}", asked.request.work->label(), chip.name(),
                                   workloads::name(unit), workloads::label(asked.request.formats)),
                       e);
        }
    }
  }
  if (records.empty() && left_out.any()) throw left_out.first();
  if (records.empty())
    throw InputError("--units", "none of the chips has one of these units", "ane, gpu, cpu");
  left_out.tell();
  return records;
}

int finish_compare(const po::variables_map& given, const std::vector<results::Record>& records,
                   const Grid& grid) {
  return finish(given, records, "compare", grid.against);
}

}  // namespace ane::sim
