// Does a profile add up, and does it say why?
#include "sim/profile/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "isa/error.h"
#include "tests/onnx_writer.h"

namespace ane::sim {
namespace {

using testing::Contains;
using testing::Field;

Profile of(const std::string& request, const std::string& chip = "M4", Units units = Units::all) {
  return profile_of(workloads::parse_request(request), load_chip(chip), units);
}
std::string sorted_model() {
  return "kind=model file=" + onnx_writer::classifier_file(true);
}

TEST(Profile, OperatorsUnitsAndCausesAddUpToTheCall) {
  for (const std::string& request : {sorted_model(), std::string("kind=network name=resnet18")})
    for (const char* chip : {"M1", "M4"}) {
      const Profile p = of(request, chip);
      double by_operator = 0, by_unit = 0, by_segment = 0, share = 0;
      for (const ProfiledOperator& o : p.operators) by_operator += o.seconds, share += o.share;
      for (const auto& [unit, sum] : p.by_unit) by_unit += sum.seconds;
      for (const ProfiledSegment& s : p.segments) by_segment += s.seconds;
      EXPECT_NEAR(by_operator, by_unit, 1e-12);
      EXPECT_NEAR(by_operator, by_segment, 1e-12);
      EXPECT_LE(by_operator, p.record.totals.latency_s * (1 + 1e-9));
      EXPECT_NEAR(share, by_operator / p.record.totals.latency_s, 1e-9);
    }
}

TEST(Profile, NamesWhatTheAcceleratorDoesNotTakeWithReasonAndRewrite) {
  const Profile p = of(sorted_model());
  EXPECT_THAT(p.operators, Contains(testing::AllOf(Field(&ProfiledOperator::name, "best"),
                                                   Field(&ProfiledOperator::op, "TopK"),
                                                   Field(&ProfiledOperator::unit, "cpu"))));
  EXPECT_THAT(p.operators, Contains(testing::AllOf(Field(&ProfiledOperator::name, "conv"),
                                                   Field(&ProfiledOperator::op, "Conv"),
                                                   Field(&ProfiledOperator::unit, "ane"))));
  ASSERT_EQ(p.fallbacks.size(), 1U);
  EXPECT_FALSE(p.fallbacks[0].reason.empty());
  EXPECT_LT(p.on_ane_share, 1);
  EXPECT_GT(p.on_ane_share, 0.5);
}

TEST(Profile, TheGainOfAFallbackIsThePriceWithoutIt) {
  const Profile p = of(sorted_model());
  const Profile without = of(sorted_model() + " without=" + p.fallbacks.at(0).label);
  EXPECT_NEAR(p.fallbacks[0].gain_s, p.record.totals.latency_s - without.record.totals.latency_s,
              1e-12);
  EXPECT_GE(p.fallbacks[0].gain_s, p.fallbacks[0].seconds * (1 - 1e-9));
  EXPECT_TRUE(without.fallbacks.empty());
}

TEST(Profile, UnitsDecideWhereItRuns) {
  for (const auto& [units, unit] :
       {std::pair{Units::cpu_only, "cpu"}, {Units::cpu_and_gpu, "gpu"}}) {
    const Profile p = of(sorted_model(), "M4", units);
    for (const ProfiledOperator& o : p.operators) EXPECT_EQ(o.unit, unit);
    EXPECT_EQ(p.on_ane_share, 0);
  }
}

TEST(Profile, AChipWithoutAKnownCpuBorrowsOneAndSaysSo) {
  const Profile p = of(sorted_model(), "A15");
  EXPECT_THAT(p.record.notes,
              Contains(testing::HasSubstr("M2, whose cores are assumed to be the same")));
  // Whoever asks, the question and the answer are the same.
  const workloads::Request plain = workloads::parse_request(sorted_model()),
                           said = workloads::parse_request(sorted_model() + " host=M2");
  const Target target = make_target("A15", Unit::ane, "", {});
  EXPECT_EQ(workloads::to_text(asked_on(plain, target)),
            workloads::to_text(asked_on(said, target)));
  EXPECT_EQ(price(plain, target).totals.latency_s, price(said, target).totals.latency_s);
  EXPECT_EQ(price(plain, target).totals.latency_s, p.record.totals.latency_s);
}

TEST(Profile, NodesOfOneNameAreOperatorsOfTheirOwn) {
  onnx_writer::Graph g;
  g.inputs = {onnx_writer::value("x", {1, 8, 16, 16})};
  g.outputs = {onnx_writer::value("z", {1, 8, 16, 16})};
  g.nodes = {onnx_writer::node("Exp", "same", {"x"}, {"y"}),
             onnx_writer::node("Tanh", "same", {"y"}, {"z"})};
  const std::string path = testing::TempDir() + "/same_" + std::to_string(::getpid()) + ".onnx";
  std::ofstream(path, std::ios::binary) << onnx_writer::model(g);
  const Profile p = of("kind=model file=" + path);
  std::filesystem::remove(path);
  EXPECT_THAT(p.operators, testing::ElementsAre(Field(&ProfiledOperator::op, "Exp"),
                                                Field(&ProfiledOperator::op, "Tanh")));
}

TEST(Profile, SegmentsSayWhatCrosses) {
  const Profile p = of(sorted_model());
  ASSERT_EQ(p.segments.size(), 2U);
  // Ten probabilities of two bytes come out; the host takes them.
  EXPECT_EQ(p.segments[0].bytes_out, 20);
  EXPECT_EQ(p.segments[1].bytes_in, 20);
}

TEST(Profile, ByCoreMlsPlannerSmallModelsStayOnTheCpuAndSayWhatThatCosts) {
  const Profile free = of(sorted_model()), p = of(sorted_model() + " placement=coreml");
  EXPECT_EQ(p.on_ane_share, 0);
  const auto small = std::ranges::find(p.fallbacks, "small", &Fallback::label);
  const auto cut = std::ranges::find(p.fallbacks, "island", &Fallback::label);
  ASSERT_TRUE(small != p.fallbacks.end() || cut != p.fallbacks.end());
  const Fallback& why = small != p.fallbacks.end() ? *small : *cut;
  EXPECT_NEAR(why.gain_s, p.record.totals.latency_s - free.record.totals.latency_s, 1e-12);
  EXPECT_FALSE(why.rewrite.empty());
  EXPECT_THAT(p.what_ifs, Contains(testing::AllOf(
                              Field(&WhatIf::what, "the accelerator gets all that it takes"),
                              Field(&WhatIf::latency_s, free.record.totals.latency_s))));
}

TEST(Profile, ByCoreMlsPlannerALargeModelIsPlacedAsItsOperatorsAre) {
  const Profile free = of("kind=network name=resnet50"),
                p = of("kind=network name=resnet50 placement=coreml");
  EXPECT_EQ(p.on_ane_share, 1);
  EXPECT_EQ(p.record.totals.latency_s, free.record.totals.latency_s);
}

}  // namespace
}  // namespace ane::sim
