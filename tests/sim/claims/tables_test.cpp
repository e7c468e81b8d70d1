// anesim tables: every published figure answered, and what is wrong with them found by rules.
#include "sim/claims/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "results/csv.h"
#include "sim/claims/claim_rules.h"
#include "sim/claims/formula.h"
#include "sim/claims/tables_report.h"
#include "sim/silicon/silicon_rows.h"

namespace ane::sim {
namespace {

using testing::HasSubstr;

const Published& published() {
  static const Published all = load_published();
  return all;
}
const std::vector<Answer>& answers() {
  static const std::vector<Answer> all = answer_claims(published());
  return all;
}
const Answer& answer(const std::string& id) {
  for (const Answer& a : answers())
    if (a.claim->id == id) return a;
  throw std::runtime_error(id);
}

// One changed copy of the built-in tables, in place of `was`.
struct Changed {
  std::vector<std::string> texts;
  std::vector<DataFile> files;
  explicit Changed(const std::function<void(std::string& text, std::string_view name)>& change) {
    texts.reserve(8);
    for (const DataFile& f : data_files()) {
      if (f.folder != "published") continue;
      texts.emplace_back(f.text);
      change(texts.back(), f.name);
      files.push_back({"published", f.name, texts.back()});
    }
  }
};
void replace_all(std::string& text, const std::string& was, const std::string& is) {
  for (std::size_t at = 0; (at = text.find(was, at)) != std::string::npos; at += is.size())
    text.replace(at, was.size(), is);
}

TEST(Formula, FollowsPrecedenceAndCarriesRanges) {
  const auto figure = [](const std::string& name) {
    return name == "a.b" ? Range{2, 4} : Range{3, 3};
  };
  const Range r = evaluate("1 + a.b * c / 2 - (c - 1)", figure, "here");
  EXPECT_DOUBLE_EQ(r.low, 1 + 2 * 3.0 / 2 - 2);
  EXPECT_DOUBLE_EQ(r.high, 1 + 4 * 3.0 / 2 - 2);
  EXPECT_DOUBLE_EQ(evaluate("mean(c, 6, 12)", figure, "here").low, 7);
  EXPECT_DOUBLE_EQ(evaluate("between(c, a.b)", figure, "here").low, 2);
  EXPECT_DOUBLE_EQ(evaluate("between(c, a.b)", figure, "here").high, 4);
  EXPECT_DOUBLE_EQ(evaluate("10 - a.b", figure, "here").low, 6);
  EXPECT_DOUBLE_EQ(evaluate("10 - a.b", figure, "here").high, 8);
  EXPECT_DOUBLE_EQ(evaluate("12 / a.b", figure, "here").low, 3);
  EXPECT_DOUBLE_EQ(evaluate("12 / a.b", figure, "here").high, 6);
  EXPECT_THAT(names_in("a.b * c / a.b"), testing::ElementsAre("a.b", "c"));
}

TEST(Formula, RefusesWhatDoesNotRead) {
  const auto none = [](const std::string&) { return Range{1, 1}; };
  for (const char* bad : {"", "1 +", "(1", "max(1, 2)", "a b", "1 * * 2"})
    EXPECT_THROW(evaluate(bad, none, "here"), InputError) << bad;
  EXPECT_EQ(evaluate(std::string(20, '(') + "1" + std::string(20, ')'), none, "here").low, 1);
  for (const std::string open : {"(", "mean(", "1 + between("}) {
    std::string deep;
    for (int i = 0; i < 200'000; ++i) deep += open;
    EXPECT_THROW(evaluate(deep, none, "here"), InputError) << open;
  }
}

TEST(Published, RefusesAClaimWithoutAnAnswerAndAnUnknownProvenance) {
  const Changed fewer([](std::string& text, std::string_view name) {
    if (name == "answers") text.resize(text.rfind('\n', text.size() - 2) + 1);
  });
  EXPECT_THROW(load_published(fewer.files), InputError);
  const Changed other([](std::string& text, std::string_view name) {
    if (name == "claims") replace_all(text, "quoted by the source", "heard somewhere");
  });
  EXPECT_THROW(load_published(other.files), InputError);
}

TEST(Tables, HoldEveryFigureOfTheCollection) {
  std::ifstream in(SOURCE_DIR "/../shared/published/claims.csv");
  if (!in) GTEST_SKIP() << "the collection of published figures is not here";
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto rows = results::parse_csv(text, "claims.csv");
  ASSERT_EQ(rows.size() - 1, published().claims.size());
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const PublishedClaim* c = published().find(rows[r][0]);
    ASSERT_NE(c, nullptr) << rows[r][0];
    EXPECT_EQ(c->low, std::stod(rows[r][8])) << c->id;
    EXPECT_EQ(c->high, std::stod(rows[r][9])) << c->id;
    EXPECT_EQ(c->provenance, rows[r][12]) << c->id;
  }
}

TEST(Tables, GiveEveryClaimAVerdictAndAReason) {
  EXPECT_EQ(answers().size(), published().claims.size());
  for (const Answer& a : answers()) EXPECT_FALSE(a.reason.empty()) << a.claim->id;
}

// The seven cases that are known to be wrong, each for its own reason.
TEST(Tables, FindADecodeThatIsFasterThanItsWeightsCanBeRead) {
  const Answer& a = answer("llm.7b.ane.fp16");
  EXPECT_EQ(a.verdict, Verdict::impossible);
  EXPECT_THAT(a.reason, HasSubstr("memory bandwidth"));
  EXPECT_THAT(a.reason, HasSubstr("50 ms"));
  EXPECT_NE(answer("llm.7b.gpu.fp16").verdict, Verdict::impossible);
}
TEST(Tables, FindABatchWhoseTimeEachIsNotItsTimeOverItsNumber) {
  const Answer& each = answer("batch8.per_protein");
  EXPECT_EQ(each.verdict, Verdict::inconsistent);
  EXPECT_THAT(each.reason, HasSubstr("1.5"));
  const Answer& speedup = answer("batch8.speedup");
  EXPECT_EQ(speedup.verdict, Verdict::inconsistent);
  EXPECT_THAT(speedup.reason, HasSubstr("9.79"));
  EXPECT_EQ(answer("batch8.minimal.speedup").verdict, Verdict::inconsistent);
  EXPECT_EQ(answer("batch8.latency").verdict, Verdict::not_measured);
}
TEST(Tables, FindAChipRatedBelowItsOwnFamily) {
  EXPECT_EQ(answer("chip.M3Pro.tops").verdict, Verdict::inconsistent);
  EXPECT_EQ(answer("chip.M3.tops").verdict, Verdict::reproduced);
}
TEST(Tables, FindMemoryThatFallsAsTheProteinGrows) {
  for (const char* id : {"apx.mlx.mem1000", "apx.flash.mem1000", "apx.mlxfp16.mem1000",
                         "flashmem.flash.500", "flashmem.flash.1000"})
    EXPECT_EQ(answer(id).verdict, Verdict::inconsistent) << id;
  EXPECT_NE(answer("apx.coreml.mem1000").verdict, Verdict::inconsistent);
  EXPECT_NE(answer("flashmem.std.2000").verdict, Verdict::inconsistent);
}
TEST(Tables, FindTwoSpeedsOfOneModelOnOneUnit) {
  const Answer& a = answer("apx.coreml.100");
  EXPECT_EQ(a.verdict, Verdict::inconsistent);
  EXPECT_THAT(a.reason, HasSubstr("two speeds"));
  EXPECT_THAT(a.reason, HasSubstr("bucket.ane"));
}
TEST(Tables, FindAFactorThatItsOwnTableDoesNotGive) {
  const Answer& a = answer("apx.coreml.efficiency");
  EXPECT_EQ(a.verdict, Verdict::inconsistent);
  EXPECT_THAT(a.reason, HasSubstr("6.111"));
  EXPECT_THAT(a.reason, HasSubstr("8 to 10"));
}
// "Up to 10 x" is no range that 1 x meets.
TEST(Tables, HoldAnUpToAgainstItsFarEnd) {
  const Answer& speed = answer("distilbert.speedup");
  EXPECT_EQ(speed.verdict, Verdict::off);
  EXPECT_THAT(speed.reason, HasSubstr("up to 10 x"));
  EXPECT_GT(speed.simulated, 1.4);
  EXPECT_NEAR(speed.ratio, speed.simulated / 10, 1e-12);
  EXPECT_EQ(answer("distilbert.memory").verdict, Verdict::off);
}
TEST(Tables, SayWhatARatingWouldTake) {
  // 16 x 256 x 2 x 1.343 GHz are 11 TOPS.
  EXPECT_THAT(answer("chip.M1.tops").reason, HasSubstr("ane.clock would be 1.343 GHz"));
}
TEST(Tables, SayWhenABandIsWide) {
  int wide = 0;
  // A figure with a wide band, as if its source had measured about what is simulated.
  const Changed measured([](std::string& text, std::string_view name) {
    if (name != "claims") return;
    const std::size_t at = text.find("apx.mlx.100,"), end = text.find('\n', at);
    const std::size_t kind = text.find("454.5,454.5,res/s,", at);
    text.replace(kind, end - kind, "9000,9000,res/s,measured,measured by the source");
  });
  const Published all = load_published(measured.files);
  for (const Answer& a : answer_claims(all)) {
    if (a.verdict != Verdict::reproduced) continue;
    const bool is_wide = a.high > 3 * a.low;
    wide += is_wide ? 1 : 0;
    EXPECT_EQ(is_wide, a.reason.find("wide band") != std::string::npos) << a.claim->id;
  }
  EXPECT_GT(wide, 0);
}
TEST(Tables, CountTheParameters) {
  const Answer& a = answer("bucket.params");
  EXPECT_EQ(a.verdict, Verdict::off);
  EXPECT_NEAR(a.simulated, 1.660485, 1e-9);
}
TEST(Tables, FindAnEfficiencyThatIsNotTheQuotientOfItsParts) {
  const Answer& a = answer("power.m4max.perfw");
  EXPECT_EQ(a.verdict, Verdict::inconsistent);
  EXPECT_THAT(a.reason, HasSubstr("262.9"));
  EXPECT_EQ(answer("power.rtx4090.perfw").verdict, Verdict::reproduced);
}

TEST(Tables, JudgeByRulesAndNotByNames) {
  // The same figures under other names get the same verdicts.
  const Changed renamed([](std::string& text, std::string_view) {
    for (const char* word : {"batch8.", "bucket.", "apx.", "llm.", "chip.", "minimal.", "power.",
                             "flashmem.", "readqc."})
      replace_all(text, word, std::string(word).insert(0, 1, 'x'));
  });
  const Published other = load_published(renamed.files);
  const std::vector<Answer> again = answer_claims(other);
  ASSERT_EQ(again.size(), answers().size());
  for (std::size_t i = 0; i < again.size(); ++i)
    EXPECT_EQ(again[i].verdict, answers()[i].verdict) << again[i].claim->id;
}

TEST(Tables, DropAContradictionOnceTheFigureIsRight) {
  const Changed corrected([](std::string& text, std::string_view name) {
    if (name != "claims") return;
    replace_all(text, ",0.67,0.67,", ",1.5,1.5,");
    replace_all(text, "speedup,22,22,", "speedup,9.79,9.79,");
    // 13.5 GB at what the accelerator streams.
    replace_all(text, ",50,100,ms,", ",195,210,ms,");
    replace_all(text, "contradicts", "");
  });
  const Published all = load_published(corrected.files);
  for (const Answer& a : answer_claims(all)) {
    if (a.claim->id == "batch8.per_protein" || a.claim->id == "batch8.speedup") {
      EXPECT_NE(a.verdict, Verdict::inconsistent) << a.claim->id << a.reason;
    }
    if (a.claim->id == "llm.7b.ane.fp16") {
      EXPECT_EQ(a.verdict, Verdict::reproduced) << a.reason;
    }
  }
}

TEST(Tables, CiteTheProvenanceOfWhatIsNoMeasurement) {
  const Answer& a = answer("apx.cpu.100");
  EXPECT_EQ(a.verdict, Verdict::not_measured);
  EXPECT_THAT(a.reason, HasSubstr(a.claim->provenance));
  EXPECT_FALSE(std::isnan(a.simulated));
  for (const Answer& b : answers())
    if (b.verdict == Verdict::reproduced || b.verdict == Verdict::off) {
      EXPECT_TRUE(b.claim->stands) << b.claim->id;
    }
}

TEST(Tables, CallReproducedWhatLiesInsideTheBandAndNothingElse) {
  for (const Answer& a : answers()) {
    const Range published = judged(*a.claim);
    const bool inside = a.low <= published.high && published.low <= a.high;
    if (a.verdict == Verdict::reproduced) {
      EXPECT_TRUE(inside) << a.claim->id;
    }
    if (a.verdict == Verdict::off) {
      EXPECT_FALSE(inside) << a.claim->id;
    }
  }
}

TEST(Tables, SelectBySourceAndTable) {
  for (const Answer& a : answer_claims(published(), {.source = "001", .table = "bucketing"}))
    EXPECT_EQ(a.claim->source + a.claim->table, "001bucketing");
  EXPECT_THROW(answer_claims(published(), {.source = "007", .table = ""}), InputError);
  EXPECT_THROW(answer_claims(published(), {.source = "", .table = "buckets"}), InputError);
}

TEST(Tables, SayTheSameAsJson) {
  const auto json = nlohmann::json::parse(tables_json(answers()));
  ASSERT_EQ(json["claims"].size(), answers().size());
  int sum = 0;
  for (const auto& [verdict, n] : json["verdicts"].items()) sum += n.get<int>();
  EXPECT_EQ(sum, static_cast<int>(answers().size()));
  for (std::size_t i = 0; i < answers().size(); ++i) {
    EXPECT_EQ(json["claims"][i]["id"], answers()[i].claim->id);
    EXPECT_EQ(json["claims"][i]["simulated"].is_null(), std::isnan(answers()[i].simulated));
  }
}

TEST(Tables, PrintInTheShapeOfTheOriginal) {
  const std::string text = tables_text(answers(), {}, results::all_columns);
  EXPECT_THAT(text, testing::ContainsRegex("100-res .*500-res .*1000-res .*Speedup"));
  EXPECT_THAT(text, HasSubstr("bucket 257-512"));
  std::vector<Answer> beside;
  const std::vector<Answer> power =
      answer_claims(published(), {.source = "004", .table = ""}, &beside);
  const std::string whole = tables_text(power, beside, results::all_columns);
  EXPECT_THAT(whole, testing::ContainsRegex("Power .W. .*Efficiency .perf/watt."));
  EXPECT_THAT(whole, testing::ContainsRegex("ONNX CoreML +5-9 .* 1\\.1 +[0-9.]+ +-"));
  EXPECT_THAT(whole, testing::ContainsRegex("CPU Baseline .* 1 +1 +-"));
  EXPECT_THAT(text, HasSubstr("126 claims: "));
}

TEST(Ablation, MultipliesTheGainsAndPricesTheCombination) {
  const std::vector<Step> steps = ablation(published());
  ASSERT_GE(steps.size(), 6U);
  EXPECT_DOUBLE_EQ(steps[0].together, 1);
  double product = 1;
  bool additive = true;
  for (const Step& r : steps) {
    EXPECT_GT(r.alone, 0) << r.step << r.note;
    if (std::isnan(r.together)) continue;
    product *= r.alone;
    EXPECT_DOUBLE_EQ(r.multiplied, product) << r.step;
    additive = additive && std::abs(r.together / r.multiplied - 1) < 0.1;
  }
  // What it is for: gains do not simply multiply.
  EXPECT_FALSE(additive);
  EXPECT_THAT(ablation_text(steps), HasSubstr("than the product"));
}

TEST(Bounds, FindPowerBelowTheEnergyOfTheOperations) {
  // At a millionth of the published power the operations themselves would take more energy.
  const Changed little([](std::string& text, std::string_view name) {
    if (name == "claims") replace_all(text, ",power,5,9,W", ",power,0.00005,0.00009,W");
  });
  const Published all = load_published(little.files);
  for (const Answer& a : answer_claims(all, {.source = "", .table = "power"})) {
    if (a.claim->id != "apx.coreml.power") continue;
    EXPECT_EQ(a.verdict, Verdict::impossible) << a.reason;
    EXPECT_THAT(a.reason, HasSubstr("operations alone"));
  }
}

TEST(Bounds, FindASpeedAboveThePeakRate) {
  const Changed fast([](std::string& text, std::string_view name) {
    if (name == "claims") replace_all(text, "latency,5.33,5.33,", "latency,0.1,0.1,");
  });
  const Published all = load_published(fast.files);
  for (const Answer& a : answer_claims(all, {.source = "001", .table = ""})) {
    if (a.claim->id != "bucket.ane.latency") continue;
    EXPECT_EQ(a.verdict, Verdict::impossible) << a.reason;
    EXPECT_THAT(a.reason, HasSubstr("the peak of"));
  }
}

TEST(TablesCommand, ExitsWithOneWhenStrictAndSomethingIsOff) {
  const std::string program = ANESIM_PROGRAM;
  const auto status = [&](const std::string& arguments) {
    return WEXITSTATUS(
        std::system((program + " tables " + arguments + " >/dev/null 2>&1").c_str()));
  };
  EXPECT_EQ(status("--table bucketing"), 0);
  EXPECT_EQ(status("--table bucketing --strict"), 1);
  EXPECT_EQ(status("--table adaptive --strict"), 0);
  EXPECT_EQ(status("--table none"), 2);
}

}  // namespace
}  // namespace ane::sim
