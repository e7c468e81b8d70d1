// The pipeline from picture to answer: its stages are all there, and copies are counted where there
// is something to cross.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "isa/error.h"
#include "sim/price/price.h"

namespace ane::sim {
namespace {

results::Cost on(const std::string& chip, const std::string& keys = "") {
  const workloads::Request r = workloads::parse_request("kind=vision_language " + keys);
  return price(r, make_target(chip, Unit::gpu, "", {}), Detail::operators);
}
results::Cost on_card(const std::string& keys = "") {
  return on("RTX4090", "host=M4 " + keys);
}
std::vector<std::string> stages(const results::Cost& c) {
  std::vector<std::string> names;
  for (const results::OperatorRow& row : c.operators) names.push_back(row.name);
  return names;
}
double transfer(const results::Cost& c) {
  return results::part(c.totals.causes, "transfer");
}

TEST(VisionLanguage, HasItsStagesInOrder) {
  for (const results::Cost& c : {on("M4"), on_card()})
    EXPECT_THAT(stages(c),
                testing::ElementsAre("preprocess", "vision", "prompt", "answer", "pick a token"));
  EXPECT_EQ(on("M4").operators[1].unit, "ane");
  EXPECT_EQ(on_card().operators[1].unit, "gpu");
  EXPECT_EQ(on("M4", "vision_unit=cpu").operators[1].unit, "cpu");
}

TEST(VisionLanguage, CrossesPcieOnlyWhereTheAcceleratorIsACard) {
  EXPECT_EQ(transfer(on("M4")), 0);
  const Chip card = load_chip("RTX4090");
  const double picture = 2 * 3 * 224 * 224, logits = 2 * 32000;
  const auto crossing = [&](double bytes) {
    return bytes / card.pcie()->bandwidth + card.pcie()->latency;
  };
  // The picture once, the logits of each token of the answer; its tokens stay on the card.
  EXPECT_NEAR(transfer(on_card("answer=10")), crossing(picture) + 10 * crossing(logits), 1e-12);
}

TEST(VisionLanguage, TakesTheSumOfItsStages) {
  for (const results::Cost& c : {on("M4"), on_card()}) {
    double seconds = 0, joules = 0;
    for (const results::OperatorRow& row : c.operators) {
      seconds += row.seconds;
      joules += row.energy_j;
      EXPECT_GT(row.seconds, 0) << row.name;
    }
    EXPECT_NEAR(c.totals.latency_s, seconds, 1e-9 * seconds);
    EXPECT_NEAR(c.totals.energy_j, joules, 1e-9 * joules);
  }
}

TEST(VisionLanguage, WritesTwiceTheAnswerInAboutTwiceTheTime) {
  const double a = on("M4").operators[3].seconds, b = on("M4", "answer=128").operators[3].seconds;
  EXPECT_GT(b, 2 * a);  // what is before each token grows
  EXPECT_LT(b, 2.1 * a);
}

TEST(VisionLanguage, CompressedWeightsReadFewerBytes) {
  EXPECT_LT(on("M4", "weights=lut4").operators[3].seconds, 0.5 * on("M4").operators[3].seconds);
}

TEST(VisionLanguage, RefusesAnUnknownModel) {
  EXPECT_THROW(on("M4", "vision=vit_x"), InputError);
  EXPECT_THROW(on("M4", "language=llama-9"), InputError);
  EXPECT_THROW(on("M4", "side=100"), InputError);
}

TEST(VisionLanguage, BothMemoriesPayForWhatCrossesPcie) {
  const results::Cost c = on_card("answer=10");
  const double crossing = 2 * 3 * 224 * 224 + 10 * 2.0 * 32000;
  EXPECT_NEAR(
      results::part(c.totals.energy_parts, "transfer"),
      crossing * (load_chip("RTX4090").memory().energy_byte + load_chip("M4").memory().energy_byte),
      1e-12);
  // It is read in the one and written in the other; the host's own vector stays in its cache.
  EXPECT_EQ(c.operators[4].dram_bytes, 10 * 2 * 2 * 32000);
}

// Whoever prices it: run, validate and tables.
TEST(VisionLanguage, AHostIsForCardsAlone) {
  EXPECT_THROW(on("M4", "host=M1"), InputError);
  EXPECT_THROW(on("RTX4090", "host=M99"), InputError);
}

}  // namespace
}  // namespace ane::sim
