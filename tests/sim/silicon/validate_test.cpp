#include "sim/silicon/validate.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "results/csv.h"
#include "sim/silicon/band.h"
#include "sim/silicon/naive.h"
#include "sim/silicon/validate_report.h"

namespace ane::sim {
namespace {

const std::string header = "chip,source,trust,role,note,spec,quantity,value_si\n";

TEST(SiliconRows, QuotedFieldsKeepTheirCommasQuotesAndLines) {
  const auto r = results::parse_csv("a,\"b,\"\"c\"\"\nd\",e\r\nf,,\n", "x");
  ASSERT_EQ(r.size(), 2U);
  EXPECT_EQ(r[0].fields, (std::vector<std::string>{"a", "b,\"c\"\nd", "e"}));
  EXPECT_EQ(r[1].fields, (std::vector<std::string>{"f", "", ""}));
  EXPECT_EQ(r[1].line, 3);
  EXPECT_THROW(results::parse_csv("a,\"b\n", "x"), InputError);
}

TEST(SiliconRows, AMissingColumnOrABadValueIsAnErrorAtItsPlace) {
  try {
    silicon_rows("chip,spec\nM1,\n", "f.csv");
    FAIL();
  } catch (const InputError& e) {
    EXPECT_EQ(e.place(), "f.csv:1");
  }
  try {
    silicon_rows(header + "M1,s,A,,,,latency,fast\n", "f.csv");
    FAIL();
  } catch (const InputError& e) {
    EXPECT_EQ(e.place(), "f.csv:2");
  }
}

TEST(SiliconRows, TheLineIsThatOfTheFileWhateverFieldsHold) {
  const std::string good = "M1,\"s\nand\r\nmore\",A,,,,latency,1e-3\n";
  const auto place = [](const std::string& text) {
    try {
      silicon_rows(text, "f.csv");
    } catch (const InputError& e) {
      return e.place();
    }
    return std::string("none");
  };
  EXPECT_EQ(place(header + good + "M1,s,A,,,,latency,xx\n"), "f.csv:5");
  EXPECT_EQ(place(header + "\n\n" + "M1,s,A,,,,latency,xx\n"), "f.csv:4");
  EXPECT_EQ(place(header + good + good + "M1,s\n"), "f.csv:8");
  EXPECT_EQ(place("\n" + header + "\"M\n1\",s,A,,,,latency,xx\n"), "f.csv:3");
  EXPECT_EQ(silicon_rows(header + good + good, "f.csv")[1].place(), "f.csv:5");
}

TEST(SiliconRows, AMeasuredValueIsANumberAbove0) {
  for (const char* value : {"nan", "inf", "-inf", "0", "-1", "-1e-300", "1e400", "0x1p3", "1 2"}) {
    try {
      silicon_rows(header + "M1,s,A,,,,latency,1e-3\nM1,s,A,,,,latency," + value + "\n", "f.csv");
      FAIL() << value;
    } catch (const InputError& e) {
      EXPECT_EQ(e.place(), "f.csv:3") << value;
      EXPECT_THAT(e.what(), testing::HasSubstr(value));
    }
  }
  // What is switched off takes no power.
  EXPECT_EQ(silicon_rows(header + "M1,s,A,,,,power,0\n", "f.csv")[0].value, 0);
}

TEST(Validate, ASettingThatNoDescriptionHasIsRefused) {
  const auto rows = silicon_rows(header + "M1,s,A,,,kind=launch unit=gpu,latency,1e-3\n", "f.csv");
  for (const char* setting : {"foo=1", "gpu.clocks=1 GHz", "gpu.clock", "gpu.clock=fast"})
    EXPECT_THROW(compare_rows(rows, {setting}), InputError) << setting;
  for (const char* setting : {"foo=1", "kernel_time=many"})
    EXPECT_THROW(compare_rows(rows, {}, {setting}), InputError) << setting;
  EXPECT_EQ(compare_rows(rows, {"gpu.clock=1 GHz"}).rows, 1);
}

TEST(SiliconRows, OtherOrdersAndFurtherColumnsAreRead) {
  const auto rows = silicon_rows(
      "value_si,extra,quantity,spec,trust,source,chip\n1e-3,x,latency,kind=launch "
      "unit=gpu,A,s,M1\n",
      "f.csv");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].chip, "M1");
  EXPECT_EQ(rows[0].value, 1e-3);
}

TEST(SiliconRows, TheSoftwareBehindAPathComesFromItsSource) {
  const std::string spec = "unit=cpu path=torch_cpu kind=matmul m=9 n=9 k=9,latency,1\n";
  const auto rows = silicon_rows(header + "M2,mlx-benchmark@1,A,,," + spec +   //
                                     "M3 (10c),mlx-benchmark@1,A,,," + spec +  //
                                     "M2,device-benchmarks,A,,," + spec +      //
                                     "M4 Max (40c),mlx-benchmark@1,A,,," + spec,
                                 "f.csv");
  EXPECT_EQ(rows[0].runtime, "torch_cpu_openblas_2023");
  EXPECT_EQ(rows[3].runtime, "torch_cpu_openblas");  // later than PyTorch 2.4
  EXPECT_EQ(rows[1].runtime, "torch_cpu");           // an exception stands above the rule
  EXPECT_EQ(rows[2].runtime, "");
  const Validation v = compare_rows(rows);
  // The matrix unit makes the difference, and the row keeps its path.
  EXPECT_EQ(v.comparisons[0].path, "torch_cpu");
  EXPECT_NE(v.comparisons[0].predicted, v.comparisons[2].predicted);
}

TEST(SiliconRows, IterationsASecondCountCallsAndItemsASecondTheirBatch) {
  const std::string head = "chip,source,trust,note,spec,quantity,value_si,unit\n";
  const std::string row =
      "M2,s,A,,unit=ane path=coreml kind=network name=resnet50 input=4x3x224x224 batch=4,"
      "throughput_items,1,";
  const Validation v =
      compare_rows(silicon_rows(head + row + "images/s\n" + row + "iter/s\n", "f.csv"));
  EXPECT_DOUBLE_EQ(v.comparisons[0].predicted.value(), 4 * v.comparisons[1].predicted.value());
}

Validation two() {
  return compare_rows(silicon_rows(
      header +
          "M1 (8c),s,A,,,unit=gpu path=mlx kind=matmul m=512 n=512 k=512,latency,1e-3\n"
          "M1 (8c),s,D,,,unit=gpu path=mlx kind=matmul m=512 n=512 k=512,latency,1e-3\n"
          "M1 (8c),s,A,,,unit=memory path=none kind=launch,latency,1e-3\n"
          "M1 (8c),s,A,context,old torch-MPS batched matmul,unit=gpu path=torch_mps kind=matmul "
          "m=512 n=512 k=512,latency,1e-3\n"
          "M9,s,A,,,unit=gpu path=mlx kind=launch,latency,1e-3\n"
          "M1 (8c),s,A,,,,latency,1e-3\n",
      "f.csv"));
}

TEST(SiliconRows, TheMachineBehindANameComesFromItsNote) {
  const auto rows = silicon_rows(
      "chip,source,trust,note,spec,quantity,value_si\n"
      "M1,s,A,guide's M1 host reports h13g / t6000 = M1 Pro/Max class,,,\n"
      "M1,s,A,powermetrics,,,\n"
      "M2,s,A,h13g / t6000,,,\n"
      "any Apple,s,A,,,,\n",
      "f.csv");
  EXPECT_EQ(rows[0].machine, "M1 Max");
  EXPECT_EQ(rows[0].chip, "M1");
  EXPECT_EQ(rows[1].machine, "M1");
  EXPECT_EQ(rows[2].machine, "M2");
  EXPECT_EQ(rows[3].machine, "M1");
}

TEST(Validate, RowsAreScoredListedOrSkippedAndNeverLost) {
  const Validation v = two();
  EXPECT_EQ(v.rows, 6U);
  EXPECT_EQ(v.with_spec, 5U);
  EXPECT_EQ(v.run, 3U);
  EXPECT_TRUE(v.comparisons[0].scored());
  EXPECT_FALSE(v.comparisons[1].scored());  // trust D
  EXPECT_THAT(v.comparisons[3].row.excluded, testing::HasSubstr("before 2.5"));
  ASSERT_EQ(v.skipped.size(), 2U);
  EXPECT_EQ(v.skipped[0].n + v.skipped[1].n, 2U);
}

TEST(Validate, TheErrorOfARowIsSymmetricInTheLogarithm) {
  Comparison c;
  c.row.value = 2.0;
  c.predicted = 1.0;
  EXPECT_DOUBLE_EQ(c.error(), 1.0);
  c.predicted = 4.0;
  EXPECT_DOUBLE_EQ(c.error(), 1.0);
  c.row.value = 0.0;
  EXPECT_TRUE(std::isinf(c.error()));
  c.predicted = 0.0;
  EXPECT_EQ(c.error(), 0.0);
}

TEST(Validate, QuantilesInterpolateAndRanksShareTies) {
  EXPECT_DOUBLE_EQ(quantile({1, 2, 3, 4}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({5}, 0.9), 5);
  EXPECT_DOUBLE_EQ(*rank_correlation({1, 2, 3}, {10, 20, 30}), 1);
  EXPECT_DOUBLE_EQ(*rank_correlation({1, 2, 3}, {3, 2, 1}), -1);
  EXPECT_DOUBLE_EQ(*rank_correlation({1, 1, 2, 2}, {1, 1, 2, 2}), 1);
  EXPECT_DOUBLE_EQ(*rank_correlation({1, 2, 3}, {1, 1, 2}), 1.5 / std::sqrt(3.0));
  EXPECT_FALSE(rank_correlation({1, 1}, {1, 2}));
}

TEST(Validate, JsonHasTheAgreedLayout) {
  const auto j =
      nlohmann::json::parse(validation_json(two(), {.by = {"kind", "chip"}, .worst = 3}));
  EXPECT_EQ(j["counts"]["rows"], 6);
  EXPECT_EQ(j["rows"].size(), 5U);
  EXPECT_EQ(j["with_spec"], 5);
  EXPECT_EQ(j["run"], 3);
  EXPECT_EQ(j["all"]["n"], 1);
  EXPECT_TRUE(j["all"]["median"].is_number());
  EXPECT_TRUE(j["all"]["p90"].is_number());
  EXPECT_EQ(j["by"][0]["group"], "matmul M1 (8c)");
  EXPECT_EQ(j["by"][0]["keys"]["chip"], "M1 (8c)");
  EXPECT_EQ(j["worst"].size(), 1U);
  EXPECT_TRUE(j["skipped"][0].contains("reason"));
  EXPECT_EQ(j["listed"].size(), 2U);
}

TEST(Validate, AnUnknownKeyOfGroupsIsAnError) {
  EXPECT_THROW(group_scores(two(), {"colour"}), InputError);
}

TEST(Validate, WhatCannotRunIsCountedByItsReasonWithTheNearestChoice) {
  const Validation v = compare_rows(silicon_rows(
      header + "M1,s,A,,,kind=matmul m=1,latency,1\n"
               "M1,s,A,,,unit=gpu path=mlx kind=matmul m=8 n=8 k=8 colour=3,latency,1\n"
               "M4 Mux,s,A,,,unit=gpu path=mlx kind=matmul m=8 n=8 k=8,latency,1\n"
               "M4,s,A,,,unit=ane path=coreml kind=network name=resnet51,latency,1\n"
               "M4,s,A,,,unit=ane path=coremll kind=network name=resnet50,latency,1\n"
               "M4,s,A,,,unit=ane path=coreml kind=network name=resnet50,colour,1\n"
               "M4,s,A,,,gibberish,latency,1\n",
      "f.csv"));
  EXPECT_EQ(v.with_spec, 7U);
  EXPECT_EQ(v.run, 0U);
  std::vector<std::string> reasons;
  for (const Skips& s : v.skipped) reasons.push_back(s.reason);
  using testing::HasSubstr;
  EXPECT_THAT(reasons, testing::UnorderedElementsAre(
                           HasSubstr("needs 'n='"), HasSubstr("has no key 'colour'"),
                           HasSubstr("did you mean 'M4Max'"), HasSubstr("did you mean 'resnet50'"),
                           HasSubstr("did you mean 'coreml'"), HasSubstr("latency"),
                           HasSubstr("no key=value")));
}

std::optional<double> naive(const std::string& text, const std::string& chip,
                            workloads::Quantity q = workloads::Quantity::latency) {
  const workloads::Request r = workloads::parse_request(text);
  return naive_quantity(r, target_of(r, load_chip(chip)), q);
}

TEST(Validate, ANaiveMarginalFigureLeavesTheFloorOut) {
  const std::string chain =
      "unit=ane path=direct kind=conv cin=512 cout=512 h=64 w=64 depth=128 slope_from=1 "
      "shared_weights=1";
  // 512 x 512 x 64 x 64 MACs at 0.95 of 16 x 256 MACs and 2.364 GHz.
  EXPECT_NEAR(naive(chain, "M4").value(), 512.0 * 512 * 64 * 64 / (0.95 * 16 * 256 * 2.364e9),
              1e-9);
  EXPECT_FALSE(naive(chain, "M4", workloads::Quantity::power));
}

// Its floor is a family's, not the chip's own fitted one: the comparison would flatter it.
TEST(Validate, ANaiveModelKnowsOneFloorAFamily) {
  const auto floor = [](const char* chip) {
    return naive("unit=ane path=direct kind=launch", chip).value();
  };
  EXPECT_DOUBLE_EQ(floor("M4 Max"), floor("M4"));
  EXPECT_DOUBLE_EQ(floor("M3 Ultra"), 0.11e-3);
  EXPECT_NE(load_chip("M4 Max").ane().dispatch_direct, load_chip("M4").ane().dispatch_direct);
}

TEST(Validate, PowerIsAMeasureOfItsOwn) {
  const Validation v = compare_rows(silicon_rows(
      header +
          "M1,s,A,,,unit=ane path=aneforge kind=matmul m=512 n=512 k=512 scope=rail,power,1.3\n"
          "M1,s,A,,,unit=ane path=aneforge kind=matmul m=512 n=512 k=512,latency,3e-4\n",
      "f.csv"));
  const auto groups = group_scores(v, {"measure"});
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].group, "energy");
  EXPECT_EQ(groups[0].score.n, 1U);
}

TEST(Validate, OverridesReachTheDevices) {
  const auto rows = silicon_rows(
      header + "M1 (8c),s,A,,,unit=gpu path=mps kind=matmul m=4096 n=4096 k=4096,latency,1e-3\n",
      "f.csv");
  const double a = *compare_rows(rows).comparisons[0].predicted;
  const double b = *compare_rows(rows, {"gpu.clock=0.5 GHz"}).comparisons[0].predicted;
  EXPECT_GT(b, 2 * a);
}

// The same values: of the same die, and taken from another chip.
TEST(Validate, ABandOfInheritedValuesIsWider) {
  const auto chip = [](const std::string& name) {
    const std::string path = testing::TempDir() + "/" + name + ".json";
    std::ofstream(path) << R"({"name": ")" << name << R"(", "inherits": "M1"})";
    return load_chip(path);
  };
  const Target own{chip("M1-x"), load_runtime("coreml"), Unit::ane},
      other{chip("X1"), load_runtime("coreml"), Unit::ane};
  const workloads::Request r =
      workloads::parse_request("kind=elementwise op=relu elements=4000000 unit=ane");
  const double t = price(r, own).totals.latency_s;
  EXPECT_EQ(price(r, other).totals.latency_s, t);
  Bands bands;
  const auto width = [&](const Target& target) {
    const results::Band b = bands.around(t, r, target, workloads::Quantity::latency);
    return std::log(b.high / b.low);
  };
  EXPECT_GT(width(other), 1.05 * width(own));
}

// Bands, not targets: the figures of the day are in docs/validation.md.
TEST(Validate, TheProjectsCpuAndGpuRowsStayInTheirBands) {
  std::vector<SiliconRow> rows = load_silicon_rows("soc_validation.csv");
  const Validation v = compare_rows(rows);
  EXPECT_GE(v.coverage(), 0.95);
  for (const GroupScore& g : group_scores(v, {"unit"})) {
    if (g.group == "gpu") {
      EXPECT_LE(g.score.median, 0.12);
      EXPECT_GE(*g.score.rank, 0.8);
      EXPECT_LT(g.score.median, g.score.naive_median);
    }
  }
}

}  // namespace
}  // namespace ane::sim
