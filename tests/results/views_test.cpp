// Each view in each style against a stored answer, from records written by hand. After a wanted
// change: ANESIM_UPDATE_GOLDEN=1 results_tests, and review the difference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "isa/error.h"
#include "records.h"
#include "results/document.h"
#include "results/view.h"

namespace ane::results {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::string golden_folder = SOURCE_DIR "/tests/golden/views/";

std::string stored(const std::string& name) {
  std::ifstream in(golden_folder + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

void expect_golden(const std::string& name, const std::string& now) {
  if (std::getenv("ANESIM_UPDATE_GOLDEN")) {
    std::filesystem::create_directories(golden_folder);
    std::ofstream(golden_folder + name) << now;
  }
  EXPECT_EQ(now, stored(name)) << "see the head of this file";
}

std::vector<Record> both() {
  return {ane_record(), cpu_record()};
}

std::vector<std::string_view> names_of_views() {
  std::vector<std::string_view> names;
  for (const View& v : views()) names.push_back(v.name);
  return names;
}

class EachView : public testing::TestWithParam<std::string_view> {};

TEST_P(EachView, SaysWhatIsStored) {
  const std::string name(GetParam());
  expect_golden(name + ".txt", render(name, both(), Style::text));
  expect_golden(name + ".json", render(name, both(), Style::json));
  expect_golden(name + ".csv", render(name, both(), Style::csv));
}

TEST_P(EachView, StandsARecordWithNothingInIt) {
  const Record empty;
  EXPECT_FALSE(render(GetParam(), {&empty, 1}, Style::text).empty());
  EXPECT_NO_THROW(json::parse(render(GetParam(), {&empty, 1}, Style::json)));
  const std::string text = render(GetParam(), {&empty, 1}, Style::text);
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(text, Not(HasSubstr("inf")));
}

TEST_P(EachView, HasNoLineThatEndsInBlanksOrIsTooWide) {
  std::istringstream text(render(GetParam(), both(), Style::text));
  for (std::string line; std::getline(text, line);) {
    EXPECT_FALSE(line.ends_with(' ')) << line;
    EXPECT_LE(line.size(), 132u) << line;
  }
}

TEST_P(EachView, HasAsManyFieldsInEachLineOfCsvAsInItsHeader) {
  std::istringstream csv(render(GetParam(), both(), Style::csv));
  std::string header, line;
  ASSERT_TRUE(std::getline(csv, header));
  int lines = 0;
  for (; std::getline(csv, line); ++lines)
    EXPECT_EQ(std::count(line.begin(), line.end(), ','),
              std::count(header.begin(), header.end(), ','))
        << line;
  EXPECT_GT(lines, 0);
}

INSTANTIATE_TEST_SUITE_P(Views, EachView, testing::ValuesIn(names_of_views()),
                         [](const auto& test) { return std::string(test.param); });

TEST(Views, AnUnknownOneNamesTheNearest) {
  try {
    render("sumary", both(), Style::text);
    FAIL();
  } catch (const InputError& e) {
    EXPECT_STREQ(e.what(), "unknown view 'sumary'");
    EXPECT_THAT(e.note(), HasSubstr("summary"));
  }
}

TEST(Summary, JsonHasARecordWithUnitsInItsNames) {
  Record r = ane_record();
  r.stored.id = 7;
  r.run.overrides = "ane.l2=4194304 memory.kind=lpddr5";
  const json o = json::parse(render("summary", {&r, 1}, Style::json));
  EXPECT_EQ(o["anesim"]["schema"], json_schema);
  const json& one = o["records"][0];
  EXPECT_EQ(one["id"], 7);
  EXPECT_EQ(one["question"]["digest"], r.run.question_digest());
  EXPECT_EQ(one["question"]["set"], (json{{"ane.l2", 4194304}, {"memory.kind", "lpddr5"}}));
  EXPECT_EQ(one["latency"]["s"], 250e-6);
  EXPECT_EQ(one["latency"]["causes"][0], (json{{"name", "dispatch"}, {"s", 200e-6}}));
  EXPECT_EQ(one["energy"]["parts"][0]["name"], "mac");
  EXPECT_EQ(one["memory"]["peak_bytes"], r.totals.peak_memory_bytes);
  EXPECT_EQ(one["operators"].size(), r.operators.size());
  EXPECT_EQ(one["operators"][0]["time_s"], r.operators[0].seconds);
}

TEST(Summary, WhatHasNoMeaningIsNullInJson) {
  Record r;
  r.totals.accuracy = {{"auc", unknown}, {"pass_as_pass", 942}, {"flips_vs_fp32", unknown}};
  const json one = json::parse(render("summary", {&r, 1}, Style::json))["records"][0];
  for (const char* key : {"id", "command", "model", "bound", "output_digest"})
    EXPECT_TRUE(one.at(key).is_null()) << key;
  EXPECT_TRUE(one["latency"]["low_s"].is_null());
  EXPECT_TRUE(one["question"]["variant"].is_null());
  EXPECT_EQ(one["accuracy"], (json{{"auc", nullptr}}));
  EXPECT_TRUE(one["counts"]["pass_as_pass"].is_number_integer());
  EXPECT_TRUE(one["counts"]["flips_vs_fp32"].is_null());
}

TEST(Summary, JsonOfOneRunKeepsTheKeysOfVersion01) {
  const Record r = ane_record();
  const json o = json::parse(render("summary", {&r, 1}, Style::json));
  for (const char* key :
       {"latency_s", "throughput_items_per_s", "energy_j", "power_w", "peak_memory_bytes",
        "dram_bytes", "macs", "bound", "causes", "energy_parts", "accuracy", "digest"})
    EXPECT_TRUE(o.contains(key)) << key;
  EXPECT_EQ(o["latency_s"], 250e-6);
  EXPECT_EQ(o["causes"]["dispatch"], 200e-6);
  EXPECT_EQ(o["accuracy"]["flips"], 3);
  EXPECT_EQ(o["question_digest"], r.run.question_digest());
}

TEST(Csv, LeadsEachLineWithItsRunAndRepeatsNoName) {
  std::vector<Record> records = both();
  records[0].stored.id = 3;
  for (const View& v : views()) {
    const std::string csv = render(v.name, records, Style::csv);
    std::vector<std::string> names;
    std::istringstream head(csv.substr(0, csv.find('\n')));
    for (std::string name; std::getline(head, name, ',');) names.push_back(name);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size()) << v.name;
    const bool one_table = v.name == "summary" || v.name == "compare";
    EXPECT_EQ(names[0], one_table ? "id" : "run") << v.name;
    EXPECT_THAT(csv, HasSubstr("\n3,")) << v.name;
  }
}

Rendering csv_of_table(const std::string& table) {
  Rendering how(Style::csv);
  how.table = table;
  return how;
}

TEST(Csv, WritesTheTableThatIsNamed) {
  const Record r = ane_record();
  EXPECT_THAT(render("bottleneck", {&r, 1}, csv_of_table("operators")), HasSubstr(",mostly,"));
  EXPECT_THAT(render("bottleneck", {&r, 1}, Style::csv), HasSubstr(",without_it_ratio"));
  try {
    render("bottleneck", {&r, 1}, csv_of_table("operator"));
    FAIL();
  } catch (const InputError& e) {
    EXPECT_THAT(e.note(), HasSubstr("did you mean 'operators'?"));
  }
}

TEST(Compare, TakesTheFastestCpuRunOfTheSameBatchAsItsYardstick) {
  std::vector<Record> records = both();
  records.push_back(cpu_record());
  records[2].totals.latency_s = 1e-3;  // slower: no yardstick
  records.push_back(ane_record());
  records[3].run.batch = 10;  // no CPU run of this batch
  const json rows = json::parse(render("compare", records, Style::json))["runs"];
  EXPECT_DOUBLE_EQ(rows[0]["speed_up"], 2.0);
  EXPECT_DOUBLE_EQ(rows[0]["energy_ratio"], 5.0);
  EXPECT_DOUBLE_EQ(rows[1]["speed_up"], 1.0);
  EXPECT_DOUBLE_EQ(rows[2]["speed_up"], 0.5);
  EXPECT_TRUE(rows[3]["speed_up"].is_null());
}

TEST(Layers, TellWhatNoOperatorOwns) {
  const Record r = ane_record();
  const std::string text = render("layers", {&r, 1}, Style::text);
  EXPECT_THAT(text, HasSubstr("outside operators"));
  EXPECT_THAT(text, HasSubstr("sort on the cpu [C4]: this chip has no compare-and-sort unit"));
}

// The rows of the operators and that of the rest make the whole, in time and in energy.
TEST(Layers, AndEnergyHaveALineForTheRest) {
  const Record r = ane_record();
  double time = 0, joules = 0;
  const json rows = json::parse(render("layers", {&r, 1}, Style::json))["records"][0]["operators"];
  for (const json& row : rows) time += row["time_s"].get<double>();
  EXPECT_NEAR(time, r.totals.latency_s, 1e-15);
  EXPECT_TRUE(rows.back()["index"].is_null());
  EXPECT_EQ(rows.back()["name"], "outside operators");
  EXPECT_EQ(rows.back()["bound"], "dispatch");
  const json parts = json::parse(render("energy", {&r, 1}, Style::json))["records"][0]["operators"];
  for (const json& row : parts) joules += row["energy_j"].get<double>();
  EXPECT_NEAR(joules, r.totals.energy_j, 1e-15);
  EXPECT_EQ(parts.size(), r.operators.size() + 1);
}

TEST(Layers, HaveNoRestWhereOperatorsOwnTheWhole) {
  Record r = ane_record();
  r.operators[0].start_s = 0;
  r.operators[0].seconds += 200e-6;
  r.operators[0].causes[0].value += 200e-6;
  EXPECT_EQ(rest_of(r).seconds, 0);
  const json rows = json::parse(render("layers", {&r, 1}, Style::json))["records"][0]["operators"];
  EXPECT_EQ(rows.size(), 3U);
  r.operators[1].energy_j = unknown;  // then nobody knows the rest
  EXPECT_TRUE(std::isnan(rest_of(r).energy_j));
  r.operators.clear();
  EXPECT_TRUE(std::isnan(rest_of(r).energy_j));
}

TEST(Roofline, CountsTheTimeInWhichAnOperatorLoadsWhileOthersRun) {
  Record r = ane_record();
  const auto share = [&] {
    return json::parse(render("roofline", {&r, 1},
                              Style::json))["records"][0]["operators"][1]["of_roof_share"]
        .get<double>();
  };
  const double alone = share();
  r.operators[1].ahead_s = 15e-6;  // as long again
  EXPECT_NEAR(share(), alone / 2, 1e-12);
}

TEST(Roofline, HasAHigherPeakWhereFewerProductsAreDone) {
  Record r = ane_record();
  r.operators[1].dram_bytes = 0;
  r.operators[1].macs = 1'000'000'000;  // in 15 us: 9 times the peak
  r.operators[1].utilisation = 0.5;
  const json row =
      json::parse(render("roofline", {&r, 1}, Style::json))["records"][0]["operators"][1];
  EXPECT_NEAR(row["roof_macs_per_s"].get<double>(), 1e9 / 7.5e-6, 1);
  EXPECT_NEAR(row["of_roof_share"].get<double>(), 0.5, 1e-12);
}

TEST(Views, EachSaysHowItIsRead) {
  for (const View& v : views()) EXPECT_GT(std::string_view(v.reading).size(), 80U) << v.name;
}

TEST(Timeline, MergesManyTasksIntoTheirOperators) {
  Record r = ane_record();
  for (int i = 2; i < 100; ++i) {
    r.tasks.push_back(r.tasks[1]);
    r.tasks.back().index = i;
  }
  const std::string text = render("timeline", {&r, 1}, Style::text);
  EXPECT_THAT(text, HasSubstr("100 tasks, by operator"));
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 20);
}

TEST(Timeline, CountsOverlappingWorkOfADeviceOnce) {
  Record r = ane_record();
  r.tasks[1].stages = {{"ne", {220'000'000}, {228'000'000}}};  // inside the first task's
  const json o = json::parse(render("timeline", {&r, 1}, Style::json))["records"][0];
  for (const json& d : o["devices"])
    if (d["device"] == "ne") {
      EXPECT_NEAR(d["busy_s"].get<double>(), 10e-6, 1e-15);
    }
}

TEST(Roofline, KnowsWhichRoofAnOperatorIsUnder) {
  Record r = ane_record();
  const auto under = [&] {
    return json::parse(
        render("roofline", {&r, 1}, Style::json))["records"][0]["operators"][0]["under"];
  };
  // The roofs meet at 7.5e12 / 60e9 = 125 MAC a byte.
  r.operators[0].macs = 1'250'001;
  r.operators[0].dram_bytes = 10'000;
  EXPECT_EQ(under(), "arithmetic");
  r.operators[0].macs = 1'249'999;
  EXPECT_EQ(under(), "bandwidth");
  r.operators[0].dram_bytes = 0;
  EXPECT_EQ(under(), "arithmetic");
}

TEST(Bottleneck, GivesAmdahlsBoundForEachCause) {
  const Record r = ane_record();
  const json o = json::parse(render("bottleneck", {&r, 1}, Style::json))["records"][0];
  EXPECT_EQ(o["causes"][0]["name"], "dispatch");
  EXPECT_NEAR(o["causes"][0]["without_it_ratio"].get<double>(), 5, 1e-9);
}

TEST(Bottleneck, ShowsTheTenOperatorsThatTakeLongest) {
  for (const int operators : {9, 10, 11, 12}) {
    Record r = ane_record();
    r.tasks.clear();
    r.operators.resize(1);
    for (int i = 1; i < operators; ++i) {
      r.operators.push_back(r.operators[0]);
      r.operators.back().index = i;
      r.operators.back().name = "op" + std::to_string(i);
      r.operators.back().seconds += 1e-9 * i;
    }
    const json rows =
        json::parse(render("bottleneck", {&r, 1}, Style::json))["records"][0]["operators"];
    EXPECT_EQ(rows.size(), static_cast<std::size_t>(std::min(operators, 10)));
    EXPECT_EQ(rows[0]["name"], "op" + std::to_string(operators - 1));
  }
}

TEST(Energy, OfAnItemIsThatOfTheCallOverItsItems) {
  Record r = ane_record();
  EXPECT_THAT(render("energy", {&r, 1}, Style::text), HasSubstr("500 uJ a call, 5.00 uJ an item"));
  const json row = json::parse(render("compare", {&r, 1}, Style::json))["runs"][0];
  EXPECT_DOUBLE_EQ(row["energy_per_item_j"], 5e-6);
}

TEST(Compare, TakesTheFrameworksFormWhereThereIsOneAndTheFastestOfAForm) {
  std::vector<Record> records = both();
  records.push_back(cpu_record());
  records[1].run.form = "accelerator";
  records[1].totals.latency_s = 400e-6;
  records[2].run.form = "framework";
  records[2].totals.latency_s = 1e-3;
  records[0].run.form = "accelerator";
  const json rows = json::parse(render("compare", records, Style::json))["runs"];
  EXPECT_DOUBLE_EQ(rows[0]["speed_up"], 4);  // against the framework's
  EXPECT_DOUBLE_EQ(rows[0]["speed_up_same_form"], 1.6);
}

TEST(Compare, ShowsABandAsTheFactorToEitherEnd) {
  const Record r = ane_record();  // 220 to 300 us
  EXPECT_THAT(render("compare", {&r, 1}, Style::text), HasSubstr("1.17"));
}

}  // namespace
}  // namespace ane::results
