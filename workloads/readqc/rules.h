// What makes a read pass: three rules in use, on the whole read, and what each costs a CPU. The
// models learn these rules from the first 150 bases; the rules themselves are the honest baseline.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isa/units.h"
#include "workloads/readqc/reads.h"

namespace ane::workloads::readqc {

enum class Rule : std::uint8_t {
  meanq20,  // mean quality >= 20 and length >= 50 (biometal's passes_quality_filter and its label)
  fastp,    // fastp 0.23 with its defaults: fails with more than 40 % of bases below Q15, with more
            // than 5 N, or with fewer than 15 bases
  maxee1,   // expected errors, the sum of 10^(-Q/10), at most 1 (vsearch, DADA2)
};

struct RuleInfo {
  Rule rule;
  std::string_view name, summary;
};
std::span<const RuleInfo> rules();
const RuleInfo& info(Rule rule);
Rule rule_named(std::string_view name);  // InputError with the nearest name

// True when the read passes. An empty read fails all three.
bool passes(const ReadView& read, Rule rule);
std::vector<std::uint8_t> labels(const ReadBatch& reads, Rule rule);  // 1 pass, 0 fail

// Expected errors: the sum of 10^(-Q/10) in float64, in read order, first of the window, then of
// what is behind it.
double expected_errors(const ReadView& read);
// G and C over A, C, G and T, in [0, 1]; 0 when there are none.
float gc_fraction(const ReadView& read);
// fastp's complexity: the share of bases that differ from the next one, in [0, 1]; 0 below 2 bases.
float complexity(const ReadView& read);

// What one read of n bases asks of a CPU that applies the rule to text in memory: the instructions
// of the loops that those who publish the rule run, counted in their source as clang makes aarch64
// code of it (not measured); n >= 0. Parsing is not counted: model and rule both need it.
struct RuleWork {
  Bytes bytes;                // characters that must be read: qualities, bases for fastp
  std::int64_t vector = 0;    // NEON instructions
  std::int64_t loads = 0;     // of vectors, of single bytes and of a table in L1
  std::int64_t scalar = 0;    // additions, comparisons, conversions of the loop and once a read
  std::int64_t branches = 0;  // taken: one an iteration, calls and returns
  std::int64_t chained = 0;   // float additions in order, each of which waits for the one before
};
RuleWork work(Rule rule, std::int64_t bases);

// What a CPU does without a model, by name: the rules, and "gc", GC content by counting, which is
// what the models of GC compete with. The names; and the work, InputError with the nearest name.
std::vector<std::string> plain_work_names();
RuleWork plain_work(std::string_view name, std::int64_t bases);

}  // namespace ane::workloads::readqc
