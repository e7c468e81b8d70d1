#include "sim/cli/tune/buckets.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "isa/error.h"
#include "results/json.h"
#include "sim/cli/bucket_plan.h"
#include "sim/cli/session.h"
#include "sim/cli/sweep/asked.h"
#include "sim/explore/bucket_sets.h"
#include "sim/price/price.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

constexpr std::int64_t multiple = 16, most_residues = 20'000;

// What a call costs; items side by side share it.
struct Aim {
  std::string_view name, title, unit;
  double (*of)(const results::Totals&);
};
constexpr Aim aims[] = {
    {"latency", "all items", "s", [](const results::Totals& t) { return t.latency_s; }},
    {"energy", "all items", "J", [](const results::Totals& t) { return t.energy_j; }}};

const Aim& aim_of(const po::variables_map& given) {
  const std::string name = given["objective"].as<std::string>();
  const auto* at = std::ranges::find(aims, name, &Aim::name);
  if (at == std::end(aims))
    throw InputError("--objective", fmt::format("'{}' is no sum over items", name),
                     "latency or energy");
  return *at;
}

}  // namespace

void add_bucket_options(po::options_description& options) {
  options.add_options()  //
      ("lengths", po::value<std::string>()->value_name("FILE"),
       "instead, of kind=mpnn: residues of many proteins, one a line; for which lengths programs "
       "should be made")  //
      ("most-buckets", po::value<int>()->default_value(8)->value_name("N"),
       "with --lengths: programs at most, 1 to 64");
}

int tune_buckets(const po::variables_map& given) {
  refuse_beside(given, "--lengths", {"choose",     "where",     "min-agreement", "max-latency",
                                     "max-energy", "max-power", "max-memory",    "min-throughput",
                                     "whole",      "starts",    "pdb",           "weights",
                                     "reads",      "model",     "limit",         "seed",
                                     "answer",     "db",        "no-db",         "threads"},
                "it asks for buckets alone, and stores nothing");
  const Aim& aim = aim_of(given);
  const int most = given["most-buckets"].as<int>();
  if (most < 1 || most > 64) throw InputError("--most-buckets", "1 to 64");
  const std::string text = only_request(given, "anesim tune", "of which network?",
                                        "anesim tune mpnn --lengths lengths.txt");
  if (workloads::said(text, "kind") != "mpnn")
    throw InputError("--lengths", "is of kind=mpnn: other work has no lengths that are padded",
                     "anesim tune mpnn --lengths lengths.txt");
  for (const char* key : {"residues", "bucket"})
    if (workloads::said(text, key))
      throw InputError("--lengths", fmt::format("the request says {}", key),
                       fmt::format("without {}=", key));
  const std::string file = given["lengths"].as<std::string>();
  const std::vector<std::int64_t> lengths = read_lengths(file);
  if (lengths.empty()) throw InputError(file, "has no lengths");
  const std::int64_t longest = std::ranges::max(lengths);
  if (longest > most_residues)
    throw InputError(file, fmt::format("{} residues are more than a search prices", longest),
                     fmt::format("{} at most", most_residues));
  const Chip chip = load_chip(given["chip"].as<std::string>(), overrides_of(given));
  const auto cost_of = [&](std::int64_t residues) {
    const workloads::Request r =
        workloads::parse_request(fmt::format("{} residues={}", text, residues));
    return aim.of(price(r, target_of(r, chip), Detail::totals).totals) /
           static_cast<double>(r.batch);
  };
  const std::vector<BucketSet> sets = best_bucket_sets(lengths, multiple, most, cost_of);

  const double residues =
      static_cast<double>(std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}));
  results::Report report{.heading =
                             fmt::format("{} on {}: {} proteins of {} to {} residues, least {}",
                                         text, chip.name(), lengths.size(),
                                         std::ranges::min(lengths), longest, aim.name)};
  results::Block block;
  block.table = {
      "bucket_sets",
      {{"programs", "programs", ""},
       {"buckets", "for lengths to", ">"},
       {aim.unit == "s" ? "latency_s" : "energy_j", std::string(aim.title), std::string(aim.unit)},
       {"gives", "one more gives", "x"},
       {"padded_share", "padded", "%"}},
      {},
      true};
  for (std::size_t k = 0; k < sets.size(); ++k) {
    double places = 0;
    for (const std::int64_t n : lengths)
      places += static_cast<double>(*std::ranges::lower_bound(sets[k].buckets, n));
    block.table.rows.push_back(
        {static_cast<std::int64_t>(sets[k].buckets.size()),
         fmt::format("{}", fmt::join(sets[k].buckets, ",")), sets[k].cost,
         k == 0 ? results::Cell{} : results::Cell{sets[k - 1].cost / sets[k].cost},
         places / residues - 1});
  }
  report.blocks = {std::move(block)};
  const results::Style style = style_of(given);
  const std::vector<results::Report> reports{std::move(report)};
  fmt::print("{}", style == results::Style::json  ? results::reports_json({}, reports)
                   : style == results::Style::csv ? results::csv_of(reports, table_of(given))
                                                  : results::text_of(reports, columns_of(given)));
  return 0;
}

}  // namespace ane::sim
