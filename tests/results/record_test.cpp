#include "results/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ane::results {
namespace {

using testing::HasSubstr;

Record small_record() {
  Record r;
  r.run.workload = "readqc";
  r.totals.latency_s = 3e-4;
  r.totals.energy_j = 2e-3;
  r.totals.causes = {{"compute", 1e-4}, {"dispatch", 2e-4}};
  r.totals.energy_parts = {{"mac", 5e-4}, {"static", 1.5e-3}};
  r.operators.push_back({.index = 0, .name = "fc1", .seconds = 1e-4});
  r.tasks.push_back({.index = 0, .operator_index = 0, .name = "fc1", .end = {100}});
  return r;
}

TEST(Record, HoldsTogetherWhenItsPartsSumToTheirWhole) {
  EXPECT_EQ(check(small_record()), "");
}

TEST(Record, TellsOfCausesThatMissTheLatencyByMoreThanOneInABillion) {
  Record r = small_record();
  r.totals.causes[0].value *= 1 + 1e-8;
  EXPECT_THAT(check(r), HasSubstr("causes: parts sum to"));
  r = small_record();
  r.totals.causes[0].value *= 1 + 1e-10;
  EXPECT_EQ(check(r), "");
  r.totals.causes.clear();
  EXPECT_THAT(check(r), HasSubstr("causes: parts sum to 0"));
}

TEST(Record, TellsOfEnergyThatIsNotTheSumOfItsParts) {
  Record r = small_record();
  r.totals.energy_j = 2.1e-3;
  EXPECT_THAT(check(r), HasSubstr("energy parts: parts sum to"));
}

TEST(Record, TellsOfMemoryPartsThatMissThePeakButAllowsNone) {
  Record r = small_record();
  r.totals.peak_memory_bytes = 100;
  EXPECT_EQ(check(r), "");
  r.totals.memory_parts = {{"weights", 60}, {"activations", 41}};
  EXPECT_THAT(check(r), HasSubstr("memory parts"));
}

TEST(Record, UnknownEnergyNeedsNoParts) {
  Record r = small_record();
  r.totals.energy_j = unknown;
  r.totals.energy_parts.clear();
  EXPECT_EQ(check(r), "");
}

TEST(Record, TellsOfRowsThatDoNotFit) {
  Record r = small_record();
  r.operators[0].causes = {{"compute", 2e-4}};
  EXPECT_THAT(check(r), HasSubstr("operator 0 (fc1) causes"));
  r = small_record();
  r.operators[0].index = 1;
  EXPECT_THAT(check(r), HasSubstr("index is not its position"));
  r = small_record();
  r.operators[0].utilisation = 1.2;
  EXPECT_THAT(check(r), HasSubstr("utilisation above 1"));
  r = small_record();
  r.tasks[0].operator_index = 1;
  EXPECT_THAT(check(r), HasSubstr("operator index out of range"));
  r = small_record();
  r.tasks[0].end = {-1};
  EXPECT_THAT(check(r), HasSubstr("ends before it starts"));
  r = small_record();
  r.tasks[0].stages = {{"ne", {5}, {4}}};
  EXPECT_THAT(check(r), HasSubstr("stage 'ne' ends before it starts"));
  r = small_record();
  r.totals.energy_parts = {{"mac", 3e-3}, {"static", -1e-3}};
  EXPECT_THAT(check(r), HasSubstr("part 'static' is -0.001"));
  r = small_record();
  r.totals.latency_band_s = Band{2, 1};
  EXPECT_THAT(check(r), HasSubstr("band"));
  r = small_record();
  r.run.batch = 0;
  EXPECT_THAT(check(r), HasSubstr("batch"));
}

TEST(Parts, KeepTheOrderInWhichTheyWereAdded) {
  Parts p;
  add(p, "weights", 1);
  add(p, "compute", 2);
  add(p, "weights", 4);
  EXPECT_EQ(p, (Parts{{"weights", 5}, {"compute", 2}}));
  EXPECT_EQ(sum(p), 7);
  EXPECT_EQ(part(p, "compute"), 2);
  EXPECT_EQ(part(p, "idle"), 0);
  EXPECT_EQ(largest(p), "weights");
  EXPECT_EQ(largest({}), "");
}

// Vectors of the FNV authors (draft-eastlake-fnv-17, appendix C).
TEST(Digest, IsFnv1aOf128Bits) {
  EXPECT_EQ(fnv1a_128(""), "6c62272e07bb014262b821756295c58d");
  EXPECT_EQ(fnv1a_128("a"), "d228cb696f1a8caf78912b704e4a8964");
  EXPECT_EQ(fnv1a_128("foobar"), "343e1662793c64bf6f0d3597ba446f18");
}

TEST(Digest, EveryFieldOfTheQuestionCountsButTheInputsName) {
  const results::Run base{.workload = "readqc", .chip = "M4", .batch = 10, .items = 100};
  std::vector<std::string> seen{base.question_digest()};
  const auto changed = [&](auto change) {
    results::Run r = base;
    change(r);
    seen.push_back(r.question_digest());
  };
  changed([](results::Run& r) { r.workload = "mpnn"; });
  changed([](results::Run& r) { r.variant = "x"; });
  changed([](results::Run& r) { r.input_digest = "x"; });
  changed([](results::Run& r) { r.chip = "x"; });
  changed([](results::Run& r) { r.unit = "x"; });
  changed([](results::Run& r) { r.runtime = "x"; });
  changed([](results::Run& r) { r.profile = "x"; });
  changed([](results::Run& r) { r.precision = "x"; });
  changed([](results::Run& r) { r.batch = 11; });
  changed([](results::Run& r) { r.items = 101; });
  changed([](results::Run& r) { r.overrides = "x"; });
  changed([](results::Run& r) { r.code_version = "x"; });
  changed([](results::Run& r) { r.form = "x"; });
  changed([](results::Run& r) { r.request = "x"; });
  for (std::size_t i = 0; i < seen.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) EXPECT_NE(seen[i], seen[k]) << i << " " << k;
  results::Run renamed = base;
  renamed.input = "other name";
  EXPECT_EQ(renamed.question_digest(), base.question_digest());
}

TEST(Record, ATaskEndsNoEarlierThanItStarts) {
  Record r = small_record();
  r.tasks[0].start = {100};
  EXPECT_EQ(check(r), "");
  r.tasks[0].start = {101};
  EXPECT_THAT(check(r), HasSubstr("ends before it starts"));
}

}  // namespace
}  // namespace ane::results
