#include "sim/silicon/calibrate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "isa/error.h"
#include "results/csv.h"
#include "sim/chips/description.h"
#include "sim/price/price.h"
#include "sim/silicon/band.h"
#include "sim/silicon/naive.h"
#include "sim/silicon/residuals.h"
#include "sim/silicon/validate.h"
#include "workloads/request/kind.h"

namespace ane::sim {
namespace {

std::string carried(const std::string& folder, const std::string& name) {
  for (const DataFile& d : data_files())
    if (d.folder == folder && d.name == name) return std::string(d.text);
  return {};
}

// Rows "measured" on a chip whose parameters differ from the file's.
std::vector<SiliconRow> synthetic(const std::vector<std::string>& settings,
                                  const std::string& trust = "A", const std::string& role = "") {
  std::string text = "chip,source,trust,role,note,spec,quantity,value_si\n";
  for (const int n : {1024, 2048, 4096, 8192})
    text += fmt::format(
        "M2,s,{},{},,unit=gpu path=mps kind=matmul m={} n={} k={} overlap=1,latency,1\n", trust,
        role, n, n, n);
  std::vector<SiliconRow> rows = silicon_rows(text, "synthetic.csv");
  const Validation v = compare_rows(rows, settings);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].value = v.comparisons[i].predicted;
  return rows;
}

TEST(Calibrate, AParameterThatMadeTheRowsIsFoundAgain) {
  const Calibration c = calibrate(synthetic({"gpu.utilisation=0.7"}), {"M2:gpu.utilisation"});
  ASSERT_EQ(c.parameters.size(), 1U);
  EXPECT_EQ(c.parameters[0].file, "M2");
  EXPECT_EQ(c.parameters[0].rows, 4U);
  EXPECT_NEAR(c.parameters[0].after, 0.7, 0.002);
  EXPECT_LT(c.parameters[0].low, 0.7);
  EXPECT_GT(c.parameters[0].high, 0.7);
  EXPECT_LT(c.loss_after, 0.1 * c.loss_before);
}

TEST(Calibrate, OneWildRowAmongFourHardlyMovesTheFit) {
  std::vector<SiliconRow> rows = synthetic({"gpu.utilisation=0.7"});
  rows[1].value = *rows[1].value * 10;
  const Calibration c = calibrate(rows, {"M2:gpu.utilisation"});
  EXPECT_NEAR(c.parameters.at(0).after, 0.7, 0.03);
}

TEST(Calibrate, RowsOfTrustDOrContextAreNotFitted) {
  EXPECT_EQ(calibrate(synthetic({}, "D")).rows, 0U);
  EXPECT_EQ(calibrate(synthetic({}, "A", "context")).rows, 0U);
}

TEST(Calibrate, ARowThatDoesNotParseIsNamedByFileAndLine) {
  const auto rows = silicon_rows(
      "chip,source,trust,spec,quantity,value_si\nM1,s,A,unit=ane kind=conv colour=red,latency,1\n",
      "mine.csv");
  try {
    calibrate(rows);
    FAIL();
  } catch (const InputError& e) {
    EXPECT_EQ(e.place(), "mine.csv:2");
  }
}

TEST(Calibrate, TheSameRowsGiveTheSameFit) {
  const std::vector<SiliconRow> rows = load_silicon_rows("soc_calibration.csv");
  const Calibration a = calibrate(rows, {"M1", "mps"}, 2), b = calibrate(rows, {"M1", "mps"}, 2);
  ASSERT_EQ(a.parameters.size(), b.parameters.size());
  ASSERT_FALSE(a.parameters.empty());
  for (std::size_t i = 0; i < a.parameters.size(); ++i)
    EXPECT_EQ(a.parameters[i].after, b.parameters[i].after);
}

TEST(Calibrate, TheFilesCarryAFitThatCanHardlyBeBettered) {
  const Calibration c = calibrate(load_silicon_rows("soc_calibration.csv"));
  EXPECT_GT(c.rows, 150U);
  EXPECT_GE(c.parameters.size(), 30U);
  EXPECT_LT(c.loss_before, 1.05 * c.loss_after);
}

TEST(Calibrate, AFitRewritesItsParametersAndNothingElse) {
  Calibration c = calibrate(synthetic({"gpu.utilisation=0.7"}), {"M2:gpu.utilisation"});
  const std::string before = carried("chips", "M2"), after = with_fit(before, "chips", "M2", c);
  std::size_t changed = 0;
  std::istringstream a(before), b(after);
  for (std::string x, y; std::getline(a, x) && std::getline(b, y);)
    if (x != y) {
      ++changed;
      EXPECT_THAT(y, testing::HasSubstr("\"utilisation\""));
      EXPECT_THAT(y, testing::HasSubstr("\"value\": 0.7"));
      EXPECT_THAT(y, testing::HasSubstr("\"kind\": \"fitted\""));
    }
  EXPECT_EQ(changed, 1U);
  EXPECT_EQ(with_fit(before, "chips", "M1", c), before);
  c.parameters[0].line = 1;
  EXPECT_THROW(with_fit(before, "chips", "M2", c), InputError);
}

TEST(Calibrate, TheResidualsInUseAreAboutThoseOfTheParameters) {
  std::vector<SiliconRow> rows;
  for (const std::string& file : calibration_files())
    for (SiliconRow& r : load_silicon_rows(file)) rows.push_back(std::move(r));
  const std::vector<ResidualGroup> groups = measure_residuals(rows);
  std::size_t compared = 0;
  for (const ResidualGroup& g : groups) {
    EXPECT_LE(g.median, g.p90);
    if (g.left_out != LeftOut::nothing || g.kind != "all" || g.rows < 20) continue;
    ++compared;
    const double used = expected_residual(g.unit, "no such kind", g.measure, true);
    EXPECT_NEAR(used, g.p90, 0.3 * g.p90 + 0.03)
        << g.unit << " " << g.measure << ": anesim calibrate --residuals > "
        << "results/silicon/residuals.csv";
  }
  EXPECT_EQ(compared, 4U);
}

TEST(Calibrate, AChipLeftOutOfTheFitIsPredictedFromTheOthers) {
  // Three chips that agree and one whose GPU reaches half: without its rows nothing says so.
  std::string text = "chip,source,trust,role,note,spec,quantity,value_si\n";
  for (const char* chip : {"M1", "M1 Max", "M2", "M3 Max"})
    for (const int n : {4096, 8192})
      text +=
          fmt::format("{},s,A,,,unit=gpu path=mps kind=matmul m={} n={} k={} overlap=1,latency,1\n",
                      chip, n, n, n);
  std::vector<SiliconRow> rows = silicon_rows(text, "synthetic.csv");
  const Validation v = compare_rows(rows);
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i].value = *v.comparisons[i].predicted * (i < 6 ? 1 : 2);
  for (const ResidualGroup& g : measure_residuals(rows)) {
    if (g.kind != "matmul") continue;
    EXPECT_EQ(g.rows, 8U);
    // The parameters stand where the files have them: all rows but two fit as they are. A chip left
    // out has those of the others, which cannot fit as well.
    EXPECT_GT(g.p90, 0.8 * std::log(2.0));
    EXPECT_EQ(g.median < 1e-9, g.left_out == LeftOut::nothing);
  }
}

TEST(Calibrate, ANetworkLeftOutOfTheFitIsPredictedFromTheOthers) {
  // Two networks that agree and one that takes twice as long, which no parameter explains.
  std::string text = "chip,source,trust,role,note,spec,quantity,value_si\n";
  for (const char* name : {"resnet18", "resnet34", "mobilenet_v1"})
    text += fmt::format("M1,s,A,,,unit=gpu path=mps kind=network name={},latency,1\n", name);
  std::vector<SiliconRow> rows = silicon_rows(text, "synthetic.csv");
  const Validation v = compare_rows(rows);
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i].value = *v.comparisons[i].predicted * (i < 2 ? 1 : 2);
  std::size_t works = 0;
  for (const RowResidual& r : row_residuals(rows)) {
    ASSERT_TRUE(r.work_left_out);
    const bool odd = r.request.work->label() == "mobilenet_v1";
    EXPECT_NEAR(r.known, odd ? -std::log(2.0) : 0, 1e-9);
    // Of the odd one nothing is learned; the others learn from it what it would have them be.
    if (odd) {
      EXPECT_NEAR(*r.work_left_out, -std::log(2.0), 0.05);
    }
    ++works;
  }
  EXPECT_EQ(works, 3U);
}

TEST(Band, AChipThatNoRowCalibratesHasTheWiderOne) {
  EXPECT_GT(expected_residual("ane", "conv", "time", false),
            expected_residual("ane", "conv", "time", true));
  // Few rows are no reason for a narrow band; no rows at all are one for a wide one.
  EXPECT_GE(expected_residual("ane", "launch", "time", true),
            expected_residual("ane", "no such kind", "time", true));
  EXPECT_DOUBLE_EQ(expected_residual("cpu", "matmul", "energy", true), std::log(2.0));
}

// After new calibration rows: ANESIM_UPDATE_GOLDEN=1 sim_silicon_tests --gtest_filter='Band.*'.
TEST(Band, TheCalibratedChipsAreThoseOfTheRows) {
  const std::string file = SOURCE_DIR "/results/silicon/calibrated.csv", now = calibrated_csv();
  if (std::getenv("ANESIM_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << now;
  std::ifstream in(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), now);
  EXPECT_TRUE(is_calibrated("M4", "ane", "aneforge"));
  EXPECT_FALSE(is_calibrated("A11", "ane", "direct"));
}

TEST(Band, NineOfTenCalibrationRowsLieInTheirs) {
  for (const std::string& file : calibration_files()) {
    std::size_t scored = 0, inside = 0;
    for (const Comparison& c : compare_rows(load_silicon_rows(file)).comparisons) {
      scored += c.scored() ? 1 : 0;
      inside += c.scored() && c.inside() ? 1 : 0;
    }
    EXPECT_GT(static_cast<double>(inside), 0.85 * static_cast<double>(scored)) << file;
  }
}

TEST(Band, ItHoldsThePredictionAndWidensWithItsParameters) {
  const auto rows = silicon_rows(
      "chip,source,trust,spec,quantity,value_si\n"
      "M2,s,A,unit=gpu path=mps kind=matmul m=4096 n=4096 k=4096,latency,1e-3\n"
      "M1,s,A,unit=cpu path=accelerate kind=matmul m=2048 n=2048 k=2048,latency,1e-3\n",
      "f.csv");
  for (const Comparison& c : compare_rows(rows).comparisons) {
    EXPECT_LT(c.band.low, *c.predicted);
    EXPECT_GT(c.band.high, *c.predicted);
    EXPECT_LT(c.band.high / c.band.low, 9);
  }
}

TEST(Calibrate, ABandIsTwoDeviationsOfWhatTheRowsSee) {
  // Rows that fit exactly scatter by 2 % all the same.
  const std::vector<SiliconRow> rows = synthetic({"gpu.utilisation=0.7"});
  const Calibration c = calibrate(rows, {"M2:gpu.utilisation"});
  const FittedParameter& p = c.parameters.at(0);
  const auto predicted = [&](double value) {
    std::vector<double> out;
    for (const Comparison& row :
         compare_rows(rows, {fmt::format("gpu.utilisation={}", value)}).comparisons)
      out.push_back(*row.predicted);
    return out;
  };
  const std::vector<double> at = predicted(p.after), moved = predicted(p.after * 1.02);
  double slopes = 0;
  for (std::size_t i = 0; i < at.size(); ++i)
    slopes += std::pow(std::log(moved[i] / at[i]) / std::log(1.02), 2);
  const double width = 2 * 0.02 / std::sqrt(slopes);
  EXPECT_NEAR(std::log(p.high / p.after), width, 0.01 * width);
  EXPECT_NEAR(std::log(p.after / p.low), width, 0.01 * width);
}

TEST(Calibrate, TheLossIsSquareNearTheRowsAndStraightFarFromThem) {
  const std::string own = fmt::format("{}", load_chip("M2").gpu().utilisation);
  const auto before = [&](double factor) {
    std::vector<SiliconRow> rows = synthetic({"gpu.utilisation=" + own});
    for (SiliconRow& r : rows) r.value = *r.value * factor;
    return calibrate(rows, {"M2:gpu.utilisation"}).loss_before;
  };
  EXPECT_NEAR(before(1), 0, 1e-12);
  EXPECT_NEAR(before(std::exp(0.05)), 4 * 0.5 * 0.05 * 0.05 / 0.1, 1e-9);
  EXPECT_NEAR(before(std::exp(-0.1)), 4 * 0.5 * 0.1, 1e-9);
  EXPECT_NEAR(before(std::exp(0.5)), 4 * (0.5 - 0.05), 1e-9);
}

TEST(Band, TheSharesOfItsParametersAddInSquares) {
  // A call with no work: of the chip's parameters its floor alone counts.
  for (const char* name : {"M4", "M4 Pro", "A16"}) {
    const Chip chip = load_chip(name);
    const workloads::Request r = workloads::parse_request("unit=ane kind=launch path=direct");
    const Target target = target_of(r, chip);
    const auto time = [&](const std::vector<std::string>& set) {
      const Target t = target_of(r, load_chip(name, set));
      return price(r, t).totals.latency_s;
    };
    const double value = time({});
    double squares = std::pow(
        expected_residual("ane", "launch", "time", is_calibrated(chip.name(), "ane", "direct")), 2);
    const Parameter& p = chip.parameter("ane.dispatch.direct");
    if (p.low && p.high) {
      // Of an inherited value the band is twice as wide.
      const bool wider = p.kind == "inherited";
      const double low = wider ? *p.low * *p.low / p.value : *p.low,
                   high = wider ? *p.high * *p.high / p.value : *p.high;
      squares += std::pow(std::log(high / low) / 2, 2);
    }
    const results::Band band = Bands().around(value, r, target, workloads::Quantity::latency);
    EXPECT_NEAR(std::log(band.high / value), std::sqrt(squares), 1e-6) << name;
    EXPECT_NEAR(std::log(value / band.low), std::sqrt(squares), 1e-6) << name;
  }
  EXPECT_EQ(load_chip("M4").parameter("ane.dispatch.direct").kind, "fitted");
}

TEST(Band, AnInheritedParameterCountsTwice) {
  // The same band around the same value, stated or inherited.
  const std::string spec = "unit=ane kind=launch path=direct";
  const workloads::Request r = workloads::parse_request(spec);
  const auto width = [&](const char* kind) {
    Description d = load_chip("M4").description();
    for (auto& [path, p] : d.parameters) p.low.reset(), p.high.reset();
    Parameter& p = d.parameters.at("ane.dispatch.direct");
    p.low = p.value / 1.5, p.high = p.value * 1.5;
    p.kind = kind;
    const Target target{Chip(d), load_runtime("direct"), Unit::ane};
    const double value = price(r, target).totals.latency_s;
    const double all =
        std::log(Bands().around(value, r, target, workloads::Quantity::latency).high / value);
    const double residual =
        expected_residual("ane", "launch", "time", is_calibrated("M4", "ane", "direct"));
    return std::sqrt(all * all - residual * residual);
  };
  EXPECT_NEAR(width("published"), std::log(1.5), 1e-6);
  EXPECT_NEAR(width("inherited"), 2 * std::log(1.5), 1e-6);
}

TEST(Naive, ReachesNineteenTwentiethsOfThePeak) {
  const auto seconds = [](const std::string& text, const std::string& chip) {
    const workloads::Request r = workloads::parse_request(text);
    return *naive_quantity(r, target_of(r, load_chip(chip)), workloads::Quantity::latency);
  };
  const double flop = 2.0 * 4096 * 4096 * 4096;
  const Chip m4 = load_chip("M4");
  EXPECT_NEAR(seconds("unit=cpu path=accelerate kind=matmul m=4096 n=4096 k=4096", "M4"),
              flop / (0.95 * m4.cpu().peak_matrix_fp32()), 1e-12);
  EXPECT_NEAR(seconds("unit=ane path=direct kind=matmul m=4096 n=4096 k=4096", "M4"),
              flop / (0.95 * m4.ane().peak_fp16()) + m4.ane().dispatch_family, 1e-12);
}

TEST(Band, AKindOfEightRowsSpeaksForItselfAndOneOfFewerWithAll) {
  std::map<std::string, std::pair<int, double>> groups;
  std::map<std::string, double> works;  // where each network was left out of the fit
  for (const auto& r : results::parse_csv(built_in_text("residuals"), "residuals.csv")) {
    if (r[3] == "known")
      groups[r[0] + " " + r[1] + " " + r[2]] = {std::stoi(r[4]), std::stod(r[6])};
    if (r[3] == "work") works[r[0] + " " + r[1] + " " + r[2]] = std::stod(r[6]);
  }
  ASSERT_GT(groups.size(), 10u);
  for (const auto& [name, group] : groups) {
    std::istringstream words(name);
    std::string unit, kind, measure;
    words >> unit >> kind >> measure;
    const auto& [of_all, all] = groups.at(unit + " all " + measure);
    // Of a unit with fewer rows nothing is known: a factor of two.
    EXPECT_DOUBLE_EQ(
        expected_residual(unit, kind, measure, true),
        of_all < 8
            ? std::log(2.0)
            : std::max(works[name], group.first >= 8 ? group.second : std::max(group.second, all)))
        << name;
  }
}

}  // namespace
}  // namespace ane::sim
