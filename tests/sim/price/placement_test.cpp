// Which operators the accelerator gets: all that it takes, those of Core ML's planner, or the
// quickest choice.
#include "sim/price/placement.h"

#include <gmock/gmock.h>

#include "isa/error.h"
#include "sim/price/price.h"

namespace ane::sim {
namespace {

using testing::Contains;
using testing::HasSubstr;

results::Cost cost_of(const std::string& text, const std::string& chip = "M4") {
  const workloads::Request r = workloads::parse_request(text);
  return price(r, target_of(r, load_chip(chip)), Detail::operators);
}
double latency(const std::string& text, const std::string& chip = "M4") {
  return cost_of(text, chip).totals.latency_s;
}

TEST(PlacementKey, OfANetworkThatIsWorthItChangesNothing) {
  const std::string resnet = "kind=network name=resnet50";
  EXPECT_EQ(latency(resnet + " placement=coreml"), latency(resnet));
}

TEST(PlacementKey, OfASmallModelIsTheCpuAndSaysWhy) {
  const results::Cost c = cost_of("kind=readqc name=mlp batch=1 placement=coreml");
  ASSERT_FALSE(c.operators.empty());
  for (const results::OperatorRow& row : c.operators) {
    EXPECT_EQ(row.unit, "cpu") << row.name;
    EXPECT_EQ(row.placement, "small") << row.name;
  }
  EXPECT_THAT(c.notes, Contains(HasSubstr("no call of the accelerator")));
}

TEST(PlacementKey, SaysWhereItsConstantsAreAssumed) {
  const std::string resnet = "kind=network name=resnet50 placement=coreml";
  EXPECT_THAT(cost_of(resnet, "M1").notes, Contains(HasSubstr("(assumed)")));
  EXPECT_THAT(cost_of(resnet, "M4").notes, Not(Contains(HasSubstr("(assumed)"))));
}

TEST(PlacementKey, IsRefusedWhereCoreMlDoesNotPlace) {
  EXPECT_THROW(latency("kind=network name=resnet50 unit=gpu placement=coreml"), InputError);
  EXPECT_THROW(latency("kind=network name=resnet50 path=direct placement=best"), InputError);
}

TEST(PlacementKey, TheBestIsNoSlowerThanTheOthers) {
  for (const char* work : {"kind=readqc name=mlp batch=1", "kind=readqc name=cnn batch=1000",
                           "kind=network name=mobilenet_v2", "kind=network name=resnet18",
                           "kind=network name=vit_t_16", "kind=network name=mobilenet_v3_large",
                           "kind=mpnn residues=64 phase=forward", "kind=matmul m=64 n=64 k=64",
                           "kind=matmul m=1024 n=1024 k=1024"}) {
    const std::string text = work;
    const double best = latency(text + " placement=best");
    EXPECT_LE(best, latency(text) * 1.0001) << text;
    EXPECT_LE(best, latency(text + " placement=coreml") * 1.0001) << text;
  }
}

TEST(PlacementKey, OfTwiceTheItemsIsNoLess) {
  const std::string text = "kind=readqc name=mlp placement=coreml batch=";
  double before = 0;
  for (const char* batch : {"1", "2", "4", "16", "64", "256"}) {
    const double s = latency(text + batch);
    EXPECT_GT(s, 0.999 * before) << batch;  // a product of one row is no cheaper than of two
    before = s;
  }
}

TEST(PlacementKey, OnTheCpuAloneCostsCoreMlsOwnCall) {
  const double call = load_runtime("coreml").get("call.cpu");
  const results::Cost c = cost_of("kind=readqc name=mlp batch=1 placement=coreml");
  double operators = 0;
  for (const results::OperatorRow& row : c.operators) operators += row.seconds;
  EXPECT_NEAR(c.totals.latency_s, call + operators, 1e-9);
}

TEST(PlacementKey, IsOfWorkThatIsPlaced) {
  EXPECT_THROW(workloads::parse_request("kind=idle placement=coreml"), InputError);
  EXPECT_THROW(workloads::parse_request("kind=copy placement=coreml"), InputError);
}

}  // namespace
}  // namespace ane::sim
