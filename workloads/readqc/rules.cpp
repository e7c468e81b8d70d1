#include "workloads/readqc/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "isa/error.h"

namespace ane::workloads::readqc {
namespace {

constexpr std::array table{
    RuleInfo{Rule::meanq20, "meanq20", "mean quality >= 20 and length >= 50 (biometal)"},
    RuleInfo{Rule::fastp, "fastp",
             "fastp 0.23 defaults: at most 40 % of bases below Q15, at most 5 N, length >= 15"},
    RuleInfo{Rule::maxee1, "maxee1", "expected errors, the sum of 10^(-Q/10), <= 1"},
};

std::int64_t sum_of(std::span<const std::uint8_t> values) {
  std::int64_t sum = 0;
  for (const std::uint8_t v : values) sum += v;
  return sum;
}

bool passes_meanq20(const ReadView& read) {
  return read.length >= 50 && sum_of(read.qualities) + read.tail.quality_sum >= 20 * read.length;
}

// fastp src/filter.cpp, Filter::passFilter: low-quality bases against 40.0 * length / 100, then N,
// then length; a read of no bases fails on length. The comparison is exact in integers.
bool passes_fastp(const ReadView& read) {
  const auto low = read.tail.below_q15 + std::count_if(read.qualities.begin(), read.qualities.end(),
                                                       [](std::uint8_t q) { return q < 15; });
  const auto unknown =
      read.tail.unknown + std::count(read.bases.begin(), read.bases.end(), base_unknown);
  return 100 * low <= 40 * read.length && unknown <= 5 && read.length >= 15;
}

}  // namespace

std::span<const RuleInfo> rules() {
  return table;
}

const RuleInfo& info(Rule rule) {
  return table[static_cast<std::size_t>(rule)];
}

Rule rule_named(std::string_view name) {
  std::vector<std::string> names;
  for (const RuleInfo& r : table) {
    if (r.name == name) return r.rule;
    names.emplace_back(r.name);
  }
  throw InputError("--rule", fmt::format("unknown rule '{}'", name), choice_note(name, names));
}

bool passes(const ReadView& read, Rule rule) {
  switch (rule) {
    case Rule::meanq20:
      return passes_meanq20(read);
    case Rule::fastp:
      return passes_fastp(read);
    case Rule::maxee1:
      return read.length > 0 && expected_errors(read) <= 1.0;
  }
  ANE_CHECK(false, "a rule of the table");
}

std::vector<std::uint8_t> labels(const ReadBatch& reads, Rule rule) {
  std::vector<std::uint8_t> out(static_cast<std::size_t>(reads.size()));
  for (std::int64_t i = 0; i < reads.size(); ++i)
    out[static_cast<std::size_t>(i)] = passes(reads[i], rule) ? 1 : 0;
  return out;
}

double expected_errors(const ReadView& read) {
  double sum = 0;
  for (const std::uint8_t q : read.qualities) sum += error_rates[q];
  return sum + read.tail.expected_errors;
}

float gc_fraction(const ReadView& read) {
  std::int64_t gc = read.tail.gc, known = read.tail.known;
  for (const std::uint8_t b : read.bases) {
    gc += b == base_c || b == base_g ? 1 : 0;
    known += b <= base_t ? 1 : 0;
  }
  return known == 0 ? 0.0F : static_cast<float>(gc) / static_cast<float>(known);
}

float complexity(const ReadView& read) {
  if (read.length < 2) return 0.0F;
  std::int64_t changes = read.tail.changes;
  for (std::size_t i = 0; i + 1 < read.bases.size(); ++i)
    changes += read.bases[i] != read.bases[i + 1] ? 1 : 0;
  return static_cast<float>(changes) / static_cast<float>(read.length - 1);
}

RuleWork work(Rule rule, std::int64_t bases) {
  ANE_CHECK(bases >= 0, "a length");
  const std::int64_t n = bases;
  switch (rule) {
    // biometal's mean_quality: 16 qualities an iteration (load, subtract 33, add pairs to 16 bits,
    // add those to sums of 32 bits), the rest one by one; four lanes added, a division, a
    // comparison.
    case Rule::meanq20:
      return {.bytes = Bytes{n},
              .vector = 3 * (n / 16),
              .loads = n / 16 + n % 16,
              .scalar = 2 * (n / 16) + 4 * (n % 16) + 14,
              .branches = n / 16 + n % 16 + 4};
    // fastp's passFilter: 8 bases an iteration; quality and base each widened to 32 bits, compared
    // and counted, 10 instructions.
    case Rule::fastp:
      return {.bytes = Bytes{2 * n},
              .vector = 20 * (n / 8),
              .loads = 2 * (n / 8) + 2 * (n % 8),
              .scalar = 4 * (n / 8) + 6 * (n % 8) + 12,
              .branches = n / 8 + n % 8 + 3};
    // vsearch's sum of error probabilities, in the reads' order: two bases an iteration, each a
    // look-up and an addition.
    case Rule::maxee1:
      return {.bytes = Bytes{n},
              .loads = 2 * n,
              .scalar = n / 2 + 4,
              .branches = n / 2 + 2,
              .chained = n};
  }
  ANE_CHECK(false, "a rule of the table");
}

namespace {

constexpr std::string_view gc_name = "gc";

// biometal's gc_content_neon: 16 bases an iteration, of which G and C and all four letters are
// found by comparison, joined, shifted to 0 or 1 and added by pairs, 14 instructions, and the four
// lanes of one of the two sums moved to the core and added; the rest base by base.
RuleWork gc_work(std::int64_t n) {
  return {.bytes = Bytes{n},
          .vector = 18 * (n / 16),
          .loads = n / 16 + n % 16,
          .scalar = 6 * (n / 16) + 6 * (n % 16) + 14,
          .branches = n / 16 + n % 16 + 4};
}

}  // namespace

std::vector<std::string> plain_work_names() {
  std::vector<std::string> names;
  for (const RuleInfo& r : table) names.emplace_back(r.name);
  names.emplace_back(gc_name);
  return names;
}

RuleWork plain_work(std::string_view name, std::int64_t bases) {
  if (name == gc_name) {
    ANE_CHECK(bases >= 0, "a length");
    return gc_work(bases);
  }
  const auto at = std::ranges::find(table, name, &RuleInfo::name);
  if (at == table.end())
    throw InputError("request", fmt::format("unknown rule '{}'", name),
                     choice_note(name, plain_work_names()));
  return work(at->rule, bases);
}

}  // namespace ane::workloads::readqc
