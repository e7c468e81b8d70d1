#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "isa/error.h"
#include "readqc_data.h"
#include "workloads/files/npy.h"
#include "workloads/readqc/fastq.h"
#include "workloads/readqc/rules.h"

namespace ane::workloads::readqc {
namespace {

using Qualities = std::vector<std::uint8_t>;

bool passes(const std::string& bases, const Qualities& qualities, Rule rule) {
  ReadBatch batch;
  append_read(batch, bases, qualities);
  return readqc::passes(batch[0], rule);
}

// `low` bases of quality q_low, the others of q_high.
Qualities mixed(std::size_t n, std::size_t low, std::uint8_t q_low, std::uint8_t q_high) {
  Qualities q(n, q_high);
  std::fill(q.begin(), q.begin() + static_cast<std::ptrdiff_t>(low), q_low);
  return q;
}

std::int64_t count_of(const std::vector<std::uint8_t>& labels) {
  return std::accumulate(labels.begin(), labels.end(), std::int64_t{0});
}

TEST(Rules, MeanQualityTakesTwentyAndFiftyBasesButNoLess) {
  const std::string bases(50, 'A');
  EXPECT_TRUE(passes(bases, Qualities(50, 20), Rule::meanq20));
  EXPECT_FALSE(passes(bases, mixed(50, 1, 19, 20), Rule::meanq20));
  EXPECT_TRUE(passes(bases, mixed(50, 25, 0, 40), Rule::meanq20));
  EXPECT_FALSE(passes(std::string(49, 'A'), Qualities(49, 40), Rule::meanq20));
}

TEST(Rules, FastpTakesFortyPercentOfLowBasesButNoMore) {
  EXPECT_TRUE(passes(std::string(100, 'A'), mixed(100, 40, 14, 15), Rule::fastp));
  EXPECT_FALSE(passes(std::string(100, 'A'), mixed(100, 41, 14, 15), Rule::fastp));
  EXPECT_TRUE(passes(std::string(72, 'A'), mixed(72, 28, 2, 40), Rule::fastp));  // 28.8 allowed
  EXPECT_FALSE(passes(std::string(72, 'A'), mixed(72, 29, 2, 40), Rule::fastp));
}

TEST(Rules, FastpTakesFiveUnknownBasesAndFifteenBases) {
  const Qualities good(20, 40);
  EXPECT_TRUE(passes("NNNNNACGTACGTACGTACG", good, Rule::fastp));
  EXPECT_FALSE(passes("NNNNN.CGTACGTACGTACG", good, Rule::fastp));
  EXPECT_TRUE(passes(std::string(15, 'A'), Qualities(15, 15), Rule::fastp));
  EXPECT_FALSE(passes(std::string(14, 'A'), Qualities(14, 40), Rule::fastp));
}

TEST(Rules, ExpectedErrorsTakeOneButNoMore) {
  EXPECT_TRUE(passes(std::string(10, 'A'), Qualities(10, 11), Rule::maxee1));  // 0.794
  EXPECT_FALSE(passes(std::string(10, 'A'), Qualities(10, 9), Rule::maxee1));  // 1.259
  EXPECT_TRUE(passes("A", Qualities(1, 0), Rule::maxee1));                     // exactly 1
  EXPECT_FALSE(passes("AC", mixed(2, 1, 0, 40), Rule::maxee1));                // 1.0001
}

TEST(Rules, NoRulePassesAnEmptyRead) {
  for (const RuleInfo& r : rules()) EXPECT_FALSE(passes("", {}, r.rule)) << r.name;
}

TEST(Rules, LookAtTheWindowOnly) {
  // Behind base 150 all qualities are 0: no rule may see them.
  Qualities q(400, 0);
  std::fill(q.begin(), q.begin() + 150, std::uint8_t{40});
  for (const RuleInfo& r : rules()) EXPECT_TRUE(passes(std::string(400, 'C'), q, r.rule)) << r.name;
}

TEST(Rules, AreNamedAndAnUnknownNameIsAnError) {
  for (const RuleInfo& r : rules()) EXPECT_EQ(rule_named(r.name), r.rule);
  EXPECT_THROW(rule_named("fastq"), InputError);
}

TEST(Rules, WorkGrowsWithTheReadUpToTheWindow) {
  EXPECT_EQ(work(Rule::meanq20, 72).bytes, Bytes{72});
  EXPECT_EQ(work(Rule::fastp, 72).bytes, Bytes{144});
  EXPECT_EQ(work(Rule::fastp, 72).byte_ops, 4 * 72);
  EXPECT_EQ(work(Rule::maxee1, 10'000).table_lookups, window);
}

TEST(Targets, GcAndComplexityAreShares) {
  ReadBatch batch;
  append_read(batch, "GGCCAN", Qualities(6, 30));
  EXPECT_FLOAT_EQ(gc_fraction(batch[0]), 4.0F / 5.0F);
  EXPECT_FLOAT_EQ(complexity(batch[0]), 3.0F / 5.0F);
  append_read(batch, "A", Qualities(1, 30));
  EXPECT_EQ(complexity(batch[1]), 0.0F);
}

TEST(Rules, FastpGivesTheGoldenLabels) {
  const std::string reads = golden_path("readqc_512.fastq");
  const std::string golden = golden_path("readqc_mlp_ERR127302_fastp.npz");
  SKIP_WITHOUT(reads);
  SKIP_WITHOUT(golden);
  const std::vector<std::uint8_t> ours = labels(FastqReader(reads).rest(), Rule::fastp);
  const std::vector<float> theirs = Npz(golden)["label"].floats();
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(ours[i], theirs[i]) << "read " << i;
}

// What the fastp 0.23 binary passes with -A -G.
TEST(Rules, FastpPassesAsManyReadsAsTheFastpProgram) {
  const std::string first = fetched_path("ERR127302_1_subset.fastq.gz");
  const std::string second = fetched_path("ERR127302_2_subset.fastq.gz");
  SKIP_WITHOUT(first);
  SKIP_WITHOUT(second);
  EXPECT_EQ(count_of(labels(FastqReader(first).rest(), Rule::fastp)), 18'854);
  EXPECT_EQ(count_of(labels(FastqReader(second).rest(), Rule::fastp)), 17'874);
}

TEST(FastqReader, ReadsPhred64WithDotsForUnknownBases) {
  const std::string path = fetched_path("multiplex_bad_contam_1.fq.gz");
  SKIP_WITHOUT(path);
  FastqReader reader(path);
  EXPECT_EQ(reader.phred(), 64);
  const ReadBatch reads = reader.rest();
  ASSERT_EQ(reads.size(), 100'000);
  EXPECT_EQ(reads[0].bases[9], base_unknown);
  EXPECT_EQ(reads[0].qualities[0], '[' - 64);
}

}  // namespace
}  // namespace ane::workloads::readqc
