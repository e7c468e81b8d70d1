// Are axes and conditions what their text says?
#include "sim/explore/axis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "isa/error.h"
#include "sim/explore/expression.h"

namespace ane::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string fault(const std::string& text) {
  try {
    parse_axis(text);
  } catch (const InputError& e) {
    return e.place() + ": " + e.what() + " | " + e.note();
  }
  return "";
}

TEST(Axis, ListsAndSteps) {
  EXPECT_THAT(parse_axis("chip=M1, M1 Max,M4").values, ElementsAre("M1", "M1 Max", "M4"));
  EXPECT_THAT(parse_axis("ane.l2=1MiB..4MiB*2").values, ElementsAre("1MiB", "2MiB", "4MiB"));
  EXPECT_THAT(parse_axis("memory.bandwidth=60..120GB/s:30GB/s").values,
              ElementsAre("60GB/s", "90GB/s", "120GB/s"));
  EXPECT_THAT(parse_axis("batch=1..10:4").values, ElementsAre("1", "5", "9"));
  EXPECT_THAT(parse_axis("residues=64..1024*4").values, ElementsAre("64", "256", "1024"));
  // The end is met although a tenth is no binary fraction.
  EXPECT_EQ(parse_axis("x.y=0.1..0.7:0.1").values.size(), 7U);
  EXPECT_EQ(parse_axis("x.y=0.1..0.7:0.1").values.back(), "0.7");
  // A step in another unit than the ends.
  EXPECT_THAT(parse_axis("ane.l2=1MiB..2MiB:512KiB").values, ElementsAre("1MiB", "1.5MiB", "2MiB"));
}

TEST(Axis, RangesWithoutStepsAreForSamples) {
  const Axis linear = parse_axis("ane.clock=1GHz..3GHz"),
             log = parse_axis("ane.clock=1GHz..4GHz:log");
  EXPECT_TRUE(linear.continuous());
  EXPECT_EQ(linear.at(0.25), "1.5GHz");
  EXPECT_EQ(log.at(0.5), "2GHz");
  EXPECT_EQ(parse_axis("batch=1..9").at(0.5), "5");  // a key takes whole numbers
  const Axis list = parse_axis("chip=M1,M2,M3,M4");
  EXPECT_EQ(list.at(0), "M1");
  EXPECT_EQ(list.at(0.5), "M3");
  EXPECT_EQ(list.at(0.999), "M4");
}

TEST(Axis, FaultsNameTheAxis) {
  EXPECT_THAT(fault("ane.l2"), HasSubstr("no NAME=VALUES"));
  EXPECT_THAT(fault("=1,2"), HasSubstr("no NAME=VALUES"));
  EXPECT_THAT(fault("batch="), HasSubstr("no NAME=VALUES"));
  EXPECT_THAT(fault("batch=1,,2"), HasSubstr("--axis batch: an empty value"));
  EXPECT_THAT(fault("batch=1,2,1"), HasSubstr("'1' is there twice"));
  EXPECT_THAT(fault("batch=8..1:1"), HasSubstr("no value above its first"));
  EXPECT_THAT(fault("batch=1..8:0"), HasSubstr("goes nowhere"));
  EXPECT_THAT(fault("batch=1..8*1"), HasSubstr("goes nowhere"));
  EXPECT_THAT(fault("batch=1..8*2s"), HasSubstr("goes nowhere"));
  EXPECT_THAT(fault("ane.l2=1MiB..2GHz:1MiB"), HasSubstr("from B to Hz"));
  EXPECT_THAT(fault("ane.l2=1MiX..2MiB:1MiB"), HasSubstr("'1MiX' is no number with a unit"));
  EXPECT_THAT(fault("batch=0..8:log"), HasSubstr("above 0"));
  EXPECT_THAT(fault("batch=1..1e12:1"), HasSubstr("more than 1000000 values"));
}

bool holds(const std::string& text) {
  const std::map<std::string, double> values = {
      {"latency", 4e-3}, {"ane.l2", 2097152}, {"ane.cores", 16}, {"batch", 8}};
  return Condition(text).holds([&](const std::string& name) {
    const auto at = values.find(name);
    return at == values.end() ? std::nan("") : at->second;
  });
}

TEST(Condition, IsArithmeticAndOneComparison) {
  EXPECT_TRUE(holds("latency < 5ms"));
  EXPECT_FALSE(holds("latency<4ms"));
  EXPECT_TRUE(holds("latency <= 4ms"));
  EXPECT_TRUE(holds("ane.l2 * ane.cores <= 32MiB"));
  EXPECT_FALSE(holds("ane.l2 * ane.cores < 32MiB"));
  EXPECT_TRUE(holds("2 + 3 * batch == 26"));
  EXPECT_TRUE(holds("(2 + 3) * batch == 40"));
  EXPECT_TRUE(holds("batch - 2 - 1 == 5"));
  EXPECT_TRUE(holds("64 / batch / 2 == 4"));
  EXPECT_TRUE(holds("batch != 7"));
  EXPECT_FALSE(holds("batch != 8"));
  EXPECT_TRUE(holds("latency > 1e-3"));
  EXPECT_TRUE(holds("16/batch >= 2"));
}

TEST(Condition, OfWhatHasNoValueHoldsNothing) {
  for (const char* op : {"<", "<=", ">", ">=", "==", "!="})
    EXPECT_FALSE(holds(std::string("unknown ") + op + " 1")) << op;
}

TEST(Condition, FaultsSayWhere) {
  for (const char* text :
       {"", "latency", "latency <", "< 5ms", "latency < 5 ms ms", "latency < 5parsec",
        "(latency < 5ms", "latency < 5ms)", "a < b < c", "latency = 5ms"})
    EXPECT_THROW(Condition{text}, InputError) << text;
  EXPECT_THROW(Condition(std::string(1000, '(') + "1" + std::string(1000, ')') + " < 2"),
               InputError);
}

}  // namespace
}  // namespace ane::sim
