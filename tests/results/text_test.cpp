#include "results/text.h"

#include <gtest/gtest.h>

#include <limits>

#include "results/csv.h"
#include "results/report.h"

namespace ane::results {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(Significant, KeepsThreeDigitsAndNeverDropsOnesBeforeThePoint) {
  EXPECT_EQ(significant(3.14159), "3.14");
  EXPECT_EQ(significant(31.4159), "31.4");
  EXPECT_EQ(significant(3141.59), "3142");
  EXPECT_EQ(significant(0.0213456), "0.0213");
  EXPECT_EQ(significant(-2.5), "-2.50");
  EXPECT_EQ(significant(3.14159, 5), "3.1416");
}

TEST(Significant, RoundsBeforeItCountsDigits) {
  EXPECT_EQ(significant(9.996), "10.0");
  EXPECT_EQ(significant(99.96), "100");
  EXPECT_EQ(significant(0.09996), "0.100");
}

TEST(Significant, UsesAnExponentOnlyFarFromOne) {
  EXPECT_EQ(significant(1e-4), "0.000100");
  EXPECT_EQ(significant(1.5e-5), "1.50e-05");
  EXPECT_EQ(significant(1e14), "100000000000000");
  EXPECT_EQ(significant(1e15), "1.00e+15");
}

TEST(Significant, ShowsWhatHasNoMeaningAsADash) {
  EXPECT_EQ(significant(nan), "-");
  EXPECT_EQ(significant(0), "0");
  EXPECT_EQ(with_unit(nan, "s"), "-");
  EXPECT_EQ(percent(nan), "-");
}

TEST(Units, TakeThePrefixThatFits) {
  EXPECT_EQ(with_unit(1.5e-3, "s"), "1.50 ms");
  EXPECT_EQ(with_unit(250e-6, "s"), "250 us");
  EXPECT_EQ(with_unit(3e-13, "J"), "300 fJ");
  EXPECT_EQ(with_unit(12.5e9, "B/s"), "12.5 GB/s");
  EXPECT_EQ(with_unit(0, "s"), "0 s");
  EXPECT_EQ(with_unit(100, "s"), "100 s");
  EXPECT_EQ(with_unit(1000, "J"), "1.00 kJ");
  EXPECT_EQ(with_unit(1e-9, "J"), "1.00 nJ");
}

TEST(Units, BytesCountIn1024AndStayWholeBelowAKibibyte) {
  EXPECT_EQ(with_unit(1023, "B"), "1023 B");
  EXPECT_EQ(with_unit(1536, "B"), "1.50 KiB");
  EXPECT_EQ(with_unit(3.0 * 1024 * 1024 * 1024, "B"), "3.00 GiB");
}

TEST(Units, CountsHaveNoMilliThings) {
  EXPECT_EQ(with_unit(4'665'600, ""), "4.67 M");
  EXPECT_EQ(with_unit(12, ""), "12");
  EXPECT_EQ(with_unit(0.5, ""), "0.500");
}

TEST(Percent, SaysSmallRatherThanZero) {
  EXPECT_EQ(percent(0.8), "80.0 %");
  EXPECT_EQ(percent(0.0001), "<0.1 %");
  EXPECT_EQ(percent(0), "0 %");
}

TEST(Bar, ShowsAtLeastOneCellForAnythingAboveNothing) {
  EXPECT_EQ(bar(0.5, 10), "#####");
  EXPECT_EQ(bar(1e-6, 10), "#");
  EXPECT_EQ(bar(0, 10), "");
  EXPECT_EQ(bar(nan, 10), "");
  EXPECT_EQ(bar(1.5, 10), "##########");
}

TEST(Csv, QuotesWhatWouldBreakALine) {
  EXPECT_EQ(csv_field("plain"), "plain");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"x\"\n"), "\"say \"\"x\"\"\n\"");
  EXPECT_EQ(csv_cell(Cell{}), "");
  EXPECT_EQ(csv_cell(nan), "");
  EXPECT_EQ(csv_cell(0.1), "0.1");
  EXPECT_EQ(csv_cell(1.0 / 3), "0.3333333333333333");
}

TEST(Report, ScalesEachCellWhereOneOddRowWouldSpoilTheRest) {
  Table t{"rows", {{"s", "time", "s"}}, {{1e-6}, {2e-6}, {5e-3}, {Cell{}}, {0.0}}};
  EXPECT_EQ(text_of({{"head", nullptr, {{{}, t, {}}}}}),
            "head\n     time\n  1.00 us\n  2.00 us\n  5.00 ms\n        -\n        0\n");
}

TEST(Percent, SaysLessOnlyOfWhatWouldRoundToNothing) {
  EXPECT_EQ(percent(0.0004), "<0.1 %");
  EXPECT_EQ(percent(0.0005), "0.1 %");
  EXPECT_EQ(percent(0.0009), "0.1 %");
}

TEST(Csv, ALastLineNeedsNoEnd) {
  const CsvRecords one = parse_csv("a", "f.csv");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].fields, std::vector<std::string>{"a"});
  EXPECT_EQ(parse_csv("a\n", "f.csv").size(), 1u);
  const CsvRecords two = parse_csv("a,b\nc,", "f.csv");
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[1].fields, (std::vector<std::string>{"c", ""}));
  EXPECT_TRUE(parse_csv("", "f.csv").empty());
}

}  // namespace
}  // namespace ane::results
