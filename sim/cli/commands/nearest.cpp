// anesim nearest: the nearest rows of a table of vectors, by products on the accelerator.
//
//   $ anesim train readqc --reads reads.fastq --model kmer --embeddings kmers.npy
//   $ anesim nearest kmers.npy --k 3
#include "workloads/graph/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "results/document.h"
#include "results/report.h"
#include "results/text.h"
#include "sim/cli/session.h"
#include "sim/price/price.h"
#include "sim/run/machine_run.h"
#include "workloads/files/npy.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
using workloads::Neighbour;
using workloads::Vectors;

Vectors read_vectors(const std::string& path) {
  const workloads::NpyArray array = workloads::read_npy(path);
  constexpr std::int64_t most_values = std::int64_t{1} << 28;
  if (array.shape.size() != 2 || array.size() == 0)
    throw InputError(path,
                     fmt::format("is {}, not vectors row by row", kernels::to_string(array.shape)),
                     "an array of two dimensions, as --embeddings writes one");
  if (array.size() > most_values)
    throw InputError(path, fmt::format("{} values are too many", array.size()),
                     fmt::format("at most {}", most_values));
  Vectors v{.count = array.shape[0], .width = array.shape[1], .values = array.floats()};
  for (const float x : v.values)
    if (!std::isfinite(x) || std::abs(x) > 65504)
      throw InputError(path, fmt::format("holds {}, which binary16 cannot", x), "finite values");
  return v;
}

std::int64_t rows_of_zeros(const Vectors& v) {
  std::int64_t n = 0;
  for (std::int64_t row = 0; row < v.count; ++row) {
    const auto first = v.values.begin() + row * v.width;
    n += std::all_of(first, first + v.width, [](float x) { return x == 0; }) ? 1 : 0;
  }
  return n;
}

}  // namespace

int run_nearest(const Arguments& arguments) {
  CommandLine line{
      .name = "nearest",
      .usage =
          "TABLE.npy [options]\n\nThe nearest rows of a table of vectors for each query, by one "
          "product in FP16 on the simulated\naccelerator, and how many of them float64 finds as "
          "well. A cosine unless --dot.",
      .options = po::options_description("options"),
      .positional = "TABLE.npy",
      .examples = {"anesim nearest vectors.npy", "anesim nearest vectors.npy --k 3 --dot --json"}};
  std::int64_t k = 5, shown = 10;
  line.options.add_options()  //
      ("queries", po::value<std::string>()->value_name("FILE"),
       ".npy of as many columns; default: the table's own rows")                           //
      ("k", po::value(&k)->default_value(5), "neighbours of a query")                      //
      ("dot", "plain products instead of cosines")                                         //
      ("chip", po::value<std::string>()->default_value("M4"), "a chip of `anesim chips`")  //
      ("shown", po::value(&shown)->default_value(10), "queries of which the text shows the answer");
  add_threads_option(line.options);
  add_style(line.options);
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  const results::Style style = style_of(*given);
  if (style != results::Style::text)
    refuse_beside(*given, "--json and --csv", {"shown"}, "they have all queries");
  const std::string path =
      only_word(*given, "TABLE.npy", "nearest", "which vectors are to be searched?");
  Vectors table = read_vectors(path);
  Vectors queries = table;
  if (given->count("queries")) {
    const std::string file = (*given)["queries"].as<std::string>();
    queries = read_vectors(file);
    if (queries.width != table.width)
      throw InputError(
          file, fmt::format("has vectors of {}, the table of {}", queries.width, table.width));
  }
  if (k < 1 || k > table.count)
    throw InputError("--k", fmt::format("{} of {} rows", k, table.count),
                     fmt::format("1 to {}", table.count));
  if (shown < 1) throw InputError("--shown", "at least 1");
  const int threads = threads_option(*given);
  constexpr double most_macs = 2e10;
  const double macs = static_cast<double>(table.count) * static_cast<double>(table.width) *
                      static_cast<double>(queries.count);
  if (macs > most_macs)
    throw InputError("--queries", fmt::format("{:.3g} multiply-adds are too many", macs),
                     fmt::format("at most {:g}: fewer queries", most_macs));
  if (given->count("dot") == 0) {
    for (const Vectors* v : {&table, &queries})
      if (const std::int64_t zeros = rows_of_zeros(*v); zeros > 0)
        throw InputError(v == &table ? path : (*given)["queries"].as<std::string>(),
                         fmt::format("{} of {} vectors are all zeros: no cosine", zeros, v->count),
                         "--dot, or without them");
    table = workloads::unit_rows(std::move(table));
    queries = workloads::unit_rows(std::move(queries));
  }
  const Target target = make_target((*given)["chip"].as<std::string>(), Unit::ane, "", {});
  const auto& profile = kernels::arith::profile_named(target.chip.machine().default_profile);
  // What it costs is the product's, asked as any other.
  const results::Totals cost =
      price(workloads::parse_request(fmt::format("kind=matmul m={} n={} k={} unit=ane",
                                                 queries.count, table.count, table.width)),
            target)
          .totals;
  MachineRun machine(workloads::nearest_graph(table, queries.count), target.chip, profile,
                     {.threads = threads});
  const auto found = workloads::ranked(
      machine.run({{"queries", workloads::nearest_input(queries)}}).at("scores"), k);
  std::int64_t overflows = 0;
  for (const auto& neighbours : found)
    overflows += std::ranges::count_if(neighbours,
                                       [](const Neighbour& n) { return !std::isfinite(n.score); });
  if (overflows > 0)
    throw InputError(path, fmt::format("{} scores are beyond what FP16 holds", overflows),
                     "smaller values, or cosines: without --dot");
  const double share = workloads::recall(found, workloads::nearest_reference(table, queries, k));

  if (style == results::Style::json) {
    auto all = nlohmann::ordered_json::array();
    for (std::size_t q = 0; q < found.size(); ++q) {
      auto rows = nlohmann::ordered_json::array(), scores = nlohmann::ordered_json::array();
      for (const Neighbour& n : found[q]) rows.push_back(n.row), scores.push_back(n.score);
      all.push_back({{"query", q}, {"rows", rows}, {"scores", scores}});
    }
    fmt::print("{}", results::document({{"neighbours", all},
                                        {"chip", target.chip.name()},
                                        {"recall_share", share},
                                        {"latency_s", cost.latency_s},
                                        {"energy_j", cost.energy_j}}));
    return 0;
  }
  if (style == results::Style::csv) {
    fmt::print("query,rank,row,score\n");
    for (std::size_t q = 0; q < found.size(); ++q)
      for (std::size_t i = 0; i < found[q].size(); ++i)
        fmt::print("{},{},{},{}\n", q, i + 1, found[q][i].row, found[q][i].score);
    return 0;
  }
  results::Table text{
      "", {{"", "query", ">"}, {"", "nearest rows, with their scores", "..."}}, {}, true};
  for (std::size_t q = 0; q < std::min(found.size(), static_cast<std::size_t>(shown)); ++q) {
    std::string rows;
    for (const Neighbour& n : found[q])
      rows += fmt::format("{}{} ({:.4f})", rows.empty() ? "" : "  ", n.row, n.score);
    text.rows.push_back({fmt::format("{}", q), rows});
  }
  fmt::print("{} queries against {} vectors of {} on {}'s ane: {} and {} in one product\n",
             queries.count, table.count, table.width, target.chip.name(),
             results::with_unit(cost.latency_s, "s"), results::with_unit(cost.energy_j, "J"));
  fmt::print("{}", results::table_text(text, columns_of(*given)));
  if (found.size() > static_cast<std::size_t>(shown))
    fmt::print("  ... of {} queries; --csv has all\n", found.size());
  fmt::print("{:.4g} % of them are float64's as well\n", 100 * share);
  return 0;
}

}  // namespace ane::sim
