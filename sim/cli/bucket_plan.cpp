#include "sim/cli/bucket_plan.h"

#include <fmt/format.h>

#include <charconv>
#include <numeric>
#include <sstream>

#include "isa/error.h"
#include "isa/file.h"
#include "workloads/mpnn/structure/buckets.h"

namespace ane::sim {
namespace {

namespace mp = workloads::mpnn;

constexpr std::int64_t multiple = 16, longest = 1'000'000;

results::Block block(const std::string& key, const std::string& what,
                     const std::vector<std::int64_t>& lengths,
                     const std::vector<std::int64_t>& buckets) {
  results::Table table{.key = key,
                       .columns = {{"bucket", "bucket", ""},
                                   {"proteins", "proteins", ""},
                                   {"residues", "residues", ""},
                                   {"padded_places", "padded places", ""},
                                   {"waste", "waste", "%"}},
                       .rows = {}};
  std::int64_t proteins = 0, residues = 0, padded = 0;
  const auto add = [&](results::Cell bucket, std::int64_t n, std::int64_t r, std::int64_t p) {
    table.rows.push_back({std::move(bucket), n, r, p,
                          results::share_of(static_cast<double>(p), static_cast<double>(r))});
  };
  for (const mp::BucketUse& use : mp::route(lengths, buckets)) {
    const std::int64_t extra = use.bucket == 0 ? 0 : use.bucket * use.proteins - use.residues;
    add(use.bucket == 0 ? std::string("too long") : std::to_string(use.bucket), use.proteins,
        use.residues, extra);
    if (use.bucket == 0) continue;
    proteins += use.proteins;
    residues += use.residues;
    padded += extra;
  }
  add(std::string("all"), proteins, residues, padded);
  return {.before = {what}, .table = std::move(table), .after = {}};
}

std::string joined(const std::vector<std::int64_t>& numbers) {
  std::string text;
  for (const std::int64_t n : numbers) text += fmt::format("{}{}", text.empty() ? "" : ",", n);
  return text;
}

}  // namespace

std::vector<std::int64_t> read_lengths(const std::string& path) {
  std::istringstream file(read_file(path, std::uint64_t{64} << 20));
  std::vector<std::int64_t> lengths;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), n);
    if (error != std::errc{} || end != line.data() + line.size() || n < 1 || n > longest)
      throw InputError(fmt::format("{}:{}", path, number),
                       fmt::format("'{}' is no length of 1 to {} residues", line, longest));
    lengths.push_back(n);
  }
  if (lengths.empty()) throw InputError(path, "no lengths in it");
  return lengths;
}

results::Report bucket_plan(const std::vector<std::int64_t>& lengths,
                            const std::vector<std::int64_t>& usual, int count) {
  const std::vector<std::int64_t> best = mp::best_buckets(lengths, count, multiple);
  const std::int64_t residues = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  results::Report report{
      .heading = fmt::format("{} proteins, {} residues", lengths.size(), residues),
      .record = nullptr,
      .blocks = {}};
  report.blocks.push_back(block("given", "buckets " + joined(usual), lengths, usual));
  report.blocks.push_back(
      block("best", fmt::format("best {} buckets: --bucket {}", best.size(), joined(best)), lengths,
            best));
  return report;
}

}  // namespace ane::sim
