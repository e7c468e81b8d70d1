#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/program.h"

namespace {

using ane::anesim;
using ane::Answer;

using testing::HasSubstr;
using testing::Not;

TEST(ChipsCommand, TableAndJsonHoldTheSameFigures) {
  const Answer table = anesim("chips M4 M1Ultra");
  EXPECT_EQ(table.status, 0);
  EXPECT_THAT(table.text, HasSubstr("38.73"));
  const auto json = nlohmann::json::parse(anesim("chips M4 M1Ultra --json").text)["chips"];
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["chip"], "M4");
  EXPECT_NEAR(json[0]["ane_peak_int8_op_per_s"].get<double>(), 38.73e12, 0.01e12);
  EXPECT_EQ(json[1]["ane_cores"], 32);
}

TEST(ChipsCommand, SourcesSayUnitKindAndSource) {
  const Answer a = anesim("chips M4 --sources --wide");
  EXPECT_THAT(a.text, testing::ContainsRegex("ane\\.clock +2\\.364 GHz +published +S1"));
  EXPECT_THAT(a.text, HasSubstr("(value of M1)")) << "an inherited value names its owner";
  EXPECT_THAT(anesim("chips M1 --sources").text, Not(HasSubstr("(value of")));
  const auto json = nlohmann::json::parse(anesim("chips M4 --json").text);
  EXPECT_EQ(json["parameters"]["ane.clock"]["value"], 2.364e9);
  EXPECT_EQ(json["parameters"]["ane.clock"]["unit"], "Hz");
  EXPECT_EQ(json["parameters"]["ane.dispatch.direct"]["free"], true);
}

TEST(ChipsCommand, OverridesShowAsSetByTheUser) {
  const Answer a = anesim("chips M4 --sources --set ane.l2=4MiB");
  EXPECT_THAT(a.text, testing::ContainsRegex("ane\\.l2 +4 MiB +set +--set"));
}

TEST(ChipsCommand, FaultsAreOneLineAndExitTwo) {
  const Answer a = anesim("chips M9");
  EXPECT_EQ(a.status, 2);
  EXPECT_THAT(a.text,
              HasSubstr("error: unknown chip 'M9'\nnote: did you mean 'M1' or 'M2' or 'M3'?"));
  EXPECT_EQ(anesim("chips M9", "2>/dev/null").text, "");
  EXPECT_EQ(anesim("chips --frobnicate").status, 2);
  EXPECT_EQ(anesim("chips --sources").status, 2);
  EXPECT_EQ(anesim("chips M4 --set ane.clock=fast").status, 2);
}

TEST(ChipsCommand, RuntimesAreShownLikeChips) {
  EXPECT_THAT(anesim("chips --runtimes").text, HasSubstr("torch_mps\n"));
  EXPECT_THAT(anesim("chips --runtime torch_mps --sources").text,
              testing::ContainsRegex("op_dispatch +20 us +measured +S19"));
  EXPECT_EQ(anesim("chips --runtime torch_mpx").status, 2);
}

}  // namespace
