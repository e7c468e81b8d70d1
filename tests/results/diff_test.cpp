#include "results/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "isa/error.h"
#include "records.h"

namespace ane::results {
namespace {

double number(const Cell& cell) {
  if (const auto* d = std::get_if<double>(&cell)) return *d;
  return unknown;
}
std::string word(const Cell& cell) {
  const auto* s = std::get_if<std::string>(&cell);
  return s ? *s : "-";
}
const Table& table(const Report& report, std::string_view key) {
  for (const Block& b : report.blocks)
    if (b.table.key == key) return b.table;
  throw std::runtime_error("no such table");
}

Record faster() {
  Record b = ane_record();
  b.run.precision = "int8w";
  b.totals.latency_s = 230e-6;
  b.totals.energy_j = 450e-6;
  b.totals.causes = {{"dispatch", 200e-6},
                     {"weights", 12e-6},
                     {"compute", 15e-6},
                     {"copies", 3e-6}};  // no transfer
  b.operators[0].seconds = 12e-6;
  b.operators[2].name = "sorted";
  b.totals.digest = "1234";
  return b;
}

TEST(Diff, SaysWhatWasAskedOtherwise) {
  const Report d = diff(ane_record(), faster());
  const Table& q = table(d, "asked");
  ASSERT_EQ(q.rows.size(), 1u);
  EXPECT_EQ(word(q.rows[0][0]), "precision");
  EXPECT_EQ(word(q.rows[0][1]), "fp16");
  EXPECT_EQ(word(q.rows[0][2]), "int8w");
  EXPECT_TRUE(table(diff(ane_record(), ane_record()), "asked").rows.empty());
  EXPECT_THAT(text_of({diff(ane_record(), ane_record())}), testing::HasSubstr("one question"));
}

TEST(Diff, CausesAreOfBothRunsTheLargestChangeFirst) {
  const Report d = diff(ane_record(), faster());
  const Table& c = table(d, "cause_changes");
  std::vector<std::string> names;
  double change = 0, share = 0;
  for (const auto& row : c.rows) {
    names.push_back(word(row[0]));
    change += number(row[3]);
    share += number(row[5]);
  }
  EXPECT_THAT(names, testing::ElementsAre("weights", "transfer", "copies", "dispatch", "compute"));
  EXPECT_NEAR(change, -20e-6, 1e-15);  // that of the call
  EXPECT_NEAR(share, 1, 1e-12);
  EXPECT_NEAR(number(c.rows[0][3]), -18e-6, 1e-15);
  EXPECT_NEAR(number(c.rows[0][4]), -0.6, 1e-12);  // of 30 us
  EXPECT_TRUE(std::isnan(number(c.rows[1][2])));   // transfer: not in B
}

TEST(Diff, OperatorsAreMatchedByNameAndOrder) {
  const Table o = table(diff(ane_record(), faster()), "operator_changes");
  ASSERT_EQ(o.rows.size(), 4u);  // fc1, fc2, sort of A, sorted of B
  EXPECT_EQ(word(o.rows[0][0]), "fc1");
  EXPECT_NEAR(number(o.rows[0][5]), -18e-6, 1e-15);
  Record twice = ane_record();
  twice.operators[1].name = "fc1";  // two of one name
  const Table same = table(diff(twice, twice), "operator_changes");
  ASSERT_EQ(same.rows.size(), 3u);
  for (const auto& row : same.rows) EXPECT_EQ(number(row[5]), 0.0);
}

TEST(Diff, LimitsBreakAboveTheirBoundOnly) {
  const Record a = ane_record();
  Record b = a;
  b.totals.latency_s = a.totals.latency_s * 1.02;
  const auto broken = [&](const std::string& text) {
    return !broken_limits(a, b, {change_limit(text, "--fail-if")}).empty();
  };
  EXPECT_TRUE(broken("latency>1.9%"));
  EXPECT_FALSE(broken("latency>2.1%"));
  EXPECT_TRUE(broken("latency > 4 us"));  // 5 us more
  EXPECT_FALSE(broken("latency>6us"));
  EXPECT_FALSE(broken("energy>0%"));
  EXPECT_TRUE(broken("energy<0.1%"));  // it did not grow so much
  b.totals.throughput_items_per_s = a.totals.throughput_items_per_s * 0.9;
  EXPECT_TRUE(broken("throughput<-5%"));
  EXPECT_FALSE(broken("throughput<-11%"));
  b.totals.energy_j = unknown;
  EXPECT_TRUE(broken("energy>1000%"));  // nothing is known of it
  EXPECT_THAT(broken_limits(a, b, {change_limit("latency>1%", "--fail-if")})[0],
              testing::HasSubstr("latency>1%: latency is 255 us, was 250 us (+2 %)"));
}

TEST(Diff, LimitsThatMakeNoSenseAreTheUsersError) {
  for (const char* text : {"latency", "latenzy>2%", "latency>", "latency>two", "latency>2 J",
                           "energy>1 s", "latency>2%%", "throughput>1 s", ">2%", "latency>nan%"})
    EXPECT_THROW(change_limit(text, "--fail-if"), InputError) << text;
  EXPECT_DOUBLE_EQ(change_limit("memory>4KiB", "--fail-if").bound, 4096);
  EXPECT_DOUBLE_EQ(change_limit("throughput<-1k", "--fail-if").bound, -1000);
  try {
    change_limit("latencyy>2%", "--fail-if");
    FAIL();
  } catch (const InputError& e) {
    EXPECT_THAT(e.note(), testing::HasSubstr("latency"));
  }
}

}  // namespace
}  // namespace ane::results
