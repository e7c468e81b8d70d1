#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "isa/error.h"
#include "readqc_data.h"
#include "workloads/files/npy.h"
#include "workloads/readqc/fastq/fastq.h"
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

TEST(Rules, JudgeTheWholeReadAndNotTheWindow) {
  // Good to base 150; what is behind it decides.
  const auto judged = [](std::size_t length, std::uint8_t behind, Rule rule, char base = 'C') {
    Qualities q(length, behind);
    std::fill(q.begin(), q.begin() + 150, std::uint8_t{40});
    return passes(std::string(150, 'A') + std::string(length - 150, base), q, rule);
  };
  for (const RuleInfo& r : rules()) {
    EXPECT_TRUE(judged(400, 40, r.rule)) << r.name;
    EXPECT_FALSE(judged(400, 0, r.rule)) << r.name;
  }
  EXPECT_TRUE(judged(250, 14, Rule::fastp));  // 100 of 250 are 40 %
  EXPECT_FALSE(judged(251, 14, Rule::fastp));
  EXPECT_TRUE(judged(400, 15, Rule::fastp));  // Q15 is not low
  EXPECT_TRUE(judged(155, 40, Rule::fastp, 'N'));
  EXPECT_FALSE(judged(156, 40, Rule::fastp, 'N'));
  EXPECT_TRUE(judged(300, 0, Rule::meanq20));
  EXPECT_FALSE(judged(301, 0, Rule::meanq20));
  EXPECT_TRUE(judged(159, 10, Rule::maxee1));  // 0.015 and 9 * 0.1
  EXPECT_FALSE(judged(160, 10, Rule::maxee1));
}

TEST(Targets, OfALongReadAreThoseOfAllItsBases) {
  Random random(7);
  for (const std::size_t length : {1U, 149U, 150U, 151U, 152U, 300U, 5000U}) {
    std::string bases;
    Qualities qualities;
    double errors = 0;
    float gc = 0, known = 0, changes = 0;
    for (std::size_t i = 0; i < length; ++i) {
      bases += "ACGTN"[random.below(5)];
      qualities.push_back(static_cast<std::uint8_t>(random.below(42)));
      errors += std::pow(10, qualities.back() / -10.0);
      gc += bases[i] == 'G' || bases[i] == 'C' ? 1.0F : 0.0F;
      known += bases[i] != 'N' ? 1.0F : 0.0F;
      changes += i > 0 && bases[i] != bases[i - 1] ? 1.0F : 0.0F;
    }
    ReadBatch batch;
    append_read(batch, bases, qualities);
    batch.append(batch.select(std::vector<std::int64_t>{0}));  // copies know as much
    for (const std::int64_t i : {0, 1}) {
      EXPECT_EQ(batch[i].length, static_cast<std::int64_t>(length));
      EXPECT_NEAR(expected_errors(batch[i]), errors, 1e-9) << length;
      EXPECT_FLOAT_EQ(gc_fraction(batch[i]), known > 0 ? gc / known : 0) << length;
      EXPECT_FLOAT_EQ(complexity(batch[i]),
                      length > 1 ? changes / static_cast<float>(length - 1) : 0);
    }
  }
}

TEST(Rules, AreNamedAndAnUnknownNameIsAnError) {
  for (const RuleInfo& r : rules()) EXPECT_EQ(rule_named(r.name), r.rule);
  EXPECT_THROW(rule_named("fastq"), InputError);
}

TEST(Rules, WorkGrowsWithTheRead) {
  EXPECT_EQ(work(Rule::meanq20, 72).bytes, Bytes{72});
  EXPECT_EQ(work(Rule::fastp, 72).bytes, Bytes{144});
  EXPECT_EQ(work(Rule::meanq20, 150).branches, 9 + 6 + 4);
  EXPECT_EQ(work(Rule::fastp, 72).vector, 20 * 9);
  EXPECT_EQ(work(Rule::maxee1, 10'000).chained, 10'000);
  // What a CPU counts instead of a model of GC, beside the rules.
  EXPECT_EQ(plain_work("gc", 150).bytes, Bytes{150});
  EXPECT_EQ(plain_work("gc", 150).loads, 9 + 6);
  EXPECT_EQ(plain_work("meanq20", 150).branches, work(Rule::meanq20, 150).branches);
  EXPECT_EQ(plain_work_names().size(), rules().size() + 1);
  EXPECT_THROW(plain_work("gg", 150), InputError);
}

TEST(Targets, GcAndComplexityAreShares) {
  ReadBatch batch;
  append_read(batch, "GGCCAN", Qualities(6, 30));
  EXPECT_FLOAT_EQ(gc_fraction(batch[0]), 4.0F / 5.0F);
  EXPECT_FLOAT_EQ(complexity(batch[0]), 3.0F / 5.0F);
  append_read(batch, "A", Qualities(1, 30));
  EXPECT_EQ(complexity(batch[1]), 0.0F);
}

TEST(Targets, AreOfTheWholeRead) {
  ReadBatch batch;
  append_read(batch, std::string(150, 'G') + std::string(50, 'A'), Qualities(200, 30));
  EXPECT_FLOAT_EQ(gc_fraction(batch[0]), 0.75F);
  EXPECT_FLOAT_EQ(complexity(batch[0]), 1.0F / 199.0F);  // from base 150 to 151
}

TEST(WindowFit, CountsReadsThatAreLongerAndShorter) {
  ReadBatch batch;
  for (const std::size_t length : {0U, 149U, 150U, 151U, 300U, 301U})
    append_read(batch, std::string(length, 'A'), Qualities(length, 30));
  WindowFit fit;
  EXPECT_EQ(fit.longer_remark() + fit.shorter_remark(), "");
  fit.add(batch);
  fit.add(batch);
  EXPECT_EQ(fit.reads, 12);
  EXPECT_EQ(fit.longer, 6);
  EXPECT_EQ(fit.shorter, 4);
  EXPECT_EQ(fit.longer_remark(),
            "reads longer than 150 bases: 6 of 12; the model sees their first 150, rule, label and "
            "so accuracy are of the whole read");
  EXPECT_EQ(fit.shorter_remark(),
            "reads shorter than 150 bases: 4 of 12; the model sees zeros behind their end");
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

TEST(Rules, WorkIsThatOfTheirLoopsAndTheirRests) {
  const RuleWork q = work(Rule::meanq20, 150);  // 9 times 16, and 6
  EXPECT_EQ(q.vector, 3 * 9);
  EXPECT_EQ(q.loads, 9 + 6);
  EXPECT_EQ(q.scalar, 2 * 9 + 4 * 6 + 14);
  const RuleWork f = work(Rule::fastp, 75);  // 9 times 8, and 3
  EXPECT_EQ(f.vector, 20 * 9);
  EXPECT_EQ(f.loads, 2 * 9 + 2 * 3);
  EXPECT_EQ(f.scalar, 4 * 9 + 6 * 3 + 12);
  EXPECT_EQ(f.branches, 9 + 3 + 3);
  const RuleWork e = work(Rule::maxee1, 75);
  EXPECT_EQ(e.loads, 150);
  EXPECT_EQ(e.scalar, 37 + 4);
  EXPECT_EQ(e.branches, 37 + 2);
}

}  // namespace
}  // namespace ane::workloads::readqc
