// The pipeline from picture to answer: its stages are all there, and copies are counted where there
// is something to cross.
#include "sim/run/vision_language.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "isa/error.h"
#include "sim/price/predict.h"

namespace ane::sim {
namespace {

Target on(const std::string& chip, const std::string& unit) {
  return make_target(chip, unit, "", {});
}
results::Record on_card(const VisionLanguagePlan& plan) {
  return time_vision_language(plan, {on("RTX4090", "gpu"), on("RTX4090", "gpu"), on("M4", "cpu")});
}
results::Record on_one_memory(const VisionLanguagePlan& plan) {
  return time_vision_language(plan, {on("M4", "ane"), on("M4", "gpu"), on("M4", "cpu")});
}
std::vector<std::string> stages(const results::Record& r) {
  std::vector<std::string> names;
  for (const results::OperatorRow& row : r.operators) names.push_back(row.name);
  return names;
}

TEST(VisionLanguage, CrossesPcieOnlyWhereTheAcceleratorIsACard) {
  EXPECT_THAT(stages(on_one_memory({})),
              testing::ElementsAre("preprocess", "vision", "prompt", "answer", "pick a token"));
  EXPECT_THAT(stages(on_card({})),
              testing::ElementsAre("preprocess", "PCIe: picture", "vision", "prompt", "answer",
                                   "PCIe: logits", "pick a token"));
}

TEST(VisionLanguage, CountsTheBytesThatCross) {
  VisionLanguagePlan plan;
  plan.answer = 10;
  const results::Record r = on_card(plan);
  const Chip card = load_chip("RTX4090");
  const double picture = 2 * 3 * 224 * 224, logits = 2 * 32000;
  EXPECT_NEAR(r.operators[1].seconds, picture / card.pcie()->bandwidth + card.pcie()->latency,
              1e-12);
  EXPECT_NEAR(r.operators[5].seconds, 10 * (logits / card.pcie()->bandwidth + card.pcie()->latency),
              1e-12);
}

TEST(VisionLanguage, TakesTheSumOfItsStages) {
  for (const results::Record& r : {on_one_memory({}), on_card({})}) {
    double seconds = 0, joules = 0;
    for (const results::OperatorRow& row : r.operators) {
      seconds += row.seconds;
      joules += row.energy_j;
      EXPECT_GT(row.seconds, 0) << row.name;
    }
    EXPECT_NEAR(r.totals.latency_s, seconds, 1e-9 * seconds);
    EXPECT_NEAR(r.totals.energy_j, joules, 1e-9 * joules);
  }
}

TEST(VisionLanguage, WritesTwiceTheAnswerInAboutTwiceTheTime) {
  VisionLanguagePlan once, twice;
  twice.answer = 2 * once.answer;
  const double a = on_one_memory(once).operators[3].seconds,
               b = on_one_memory(twice).operators[3].seconds;
  EXPECT_GT(b, 2 * a);  // what is before each token grows
  EXPECT_LT(b, 2.1 * a);
}

TEST(VisionLanguage, CompressedWeightsReadFewerBytes) {
  VisionLanguagePlan plan;
  plan.weights = "lut4";
  EXPECT_LT(on_one_memory(plan).operators[3].seconds, 0.5 * on_one_memory({}).operators[3].seconds);
}

TEST(VisionLanguage, RefusesAnUnknownModel) {
  VisionLanguagePlan plan;
  plan.vision = "vit_x";
  EXPECT_THROW(on_one_memory(plan), InputError);
  plan = {};
  plan.language = "llama-9";
  EXPECT_THROW(on_one_memory(plan), InputError);
}

}  // namespace
}  // namespace ane::sim
