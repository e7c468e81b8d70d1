// Is what the search calls best the best that there is, within its bounds, and does it compute
// values only where they decide?
#include "sim/explore/tune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "sim/explore/choices.h"
#include "sim/explore/point.h"
#include "sim/explore/sweep.h"

namespace ane::sim {
namespace {

using results::SweepPoint;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string matmul = "kind=matmul m=64 n=64 k=64";

TunePlan plan_of(const std::string& request, const std::vector<std::string>& wanted,
                 const std::string& objective = "energy_per_item", bool numbers = false) {
  TunePlan plan;
  const workloads::Request r = workloads::parse_request(request);
  plan.grid.request = workloads::to_text(r);
  plan.grid.objectives = {objective};
  plan.grid.axes = choices_of(r, load_chip("M4"), wanted, numbers);
  return plan;
}

std::vector<std::string> names_of(const std::vector<Axis>& axes) {
  std::vector<std::string> names;
  for (const Axis& a : axes) names.push_back(a.name);
  return names;
}

std::vector<SweepPoint> all_points(const SweepPlan& plan) {
  std::vector<SweepPoint> all;
  SweepRun run;
  run.keep = [&](std::span<const SweepPoint> more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  run_sweep(plan, run);
  std::ranges::sort(all, {}, &SweepPoint::index);
  return all;
}

std::string fault_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const InputError& e) {
    return e.place() + ": " + e.what() + " (" + e.note() + ")";
  }
  return {};
}

TEST(Choices, AreWhatTheRequestDoesNotSayAndWhatChangesNoQuestion) {
  const workloads::Request plain = workloads::parse_request(matmul);
  const Chip m4 = load_chip("M4");
  EXPECT_THAT(names_of(choices_of(plain, m4, {}, false)), ElementsAre("unit", "batch", "form"));
  EXPECT_THAT(names_of(choices_of(plain, m4, {}, true)),
              ElementsAre("unit", "precision", "batch", "form"));
  EXPECT_THAT(
      names_of(choices_of(workloads::parse_request(matmul + " unit=cpu batch=4"), m4, {}, false)),
      ElementsAre("form"));
  // Keys that a kind marks as choices, with what the request has anyway first.
  const std::vector<Axis> mpnn =
      choices_of(workloads::parse_request("kind=mpnn residues=50"), m4, {}, false);
  EXPECT_THAT(names_of(mpnn), ElementsAre("unit", "batch", "form", "bucket", "host_features",
                                          "gather", "literal", "fused"));
  const auto values = [&](const std::string& name) {
    return std::ranges::find(mpnn, name, &Axis::name)->values;
  };
  EXPECT_THAT(values("bucket"), ElementsAre("usual", "64", "256"));
  EXPECT_THAT(values("gather"), ElementsAre("automatic", "texture", "one_hot", "host"));
  EXPECT_THAT(values("fused"), ElementsAre("1", "0"));
  const auto refused = [&](const std::vector<std::string>& wanted) {
    return fault_of([&] { choices_of(plain, m4, wanted, false); });
  };
  EXPECT_THAT(refused({"ane.l2=1MiB"}), HasSubstr("anesim sweep"));
  EXPECT_THAT(refused({"m=1,2"}), HasSubstr("'m' is no choice of kind=matmul"));
  EXPECT_THAT(refused({"btch"}), HasSubstr("did you mean 'batch'"));
  EXPECT_THAT(refused({"batch", "batch=1,2"}), HasSubstr("twice"));
  EXPECT_THAT(refused({"path"}), HasSubstr("which values of path"));
  EXPECT_THAT(refused({"batch=1..8"}), HasSubstr("without steps"));
  EXPECT_THAT(fault_of([&] {
                choices_of(workloads::parse_request(matmul + " batch=2"), m4, {"batch"}, false);
              }),
              HasSubstr("the request says batch already"));
}

TEST(Tune, OfAWholeGridItIsTheLeastOfAllPoints) {
  for (const char* objective : {"latency", "energy_per_item", "throughput", "power", "memory"}) {
    TunePlan plan = plan_of(matmul, {"unit", "batch=1,2,8,32"}, objective);
    plan.bounds = {{"latency", 1e-3}};
    plan.grid.where.emplace_back("latency <= 1ms");
    const Tuning t = tune(plan, {});
    EXPECT_TRUE(t.whole);
    const bool largest = objective_named(objective).largest;
    const SweepPoint* best = nullptr;
    const std::vector<SweepPoint> all = all_points(plan.grid);
    for (const SweepPoint& p : all)
      if (p.feasible &&
          (best == nullptr || (largest ? p.objective(objective) > best->objective(objective)
                                       : p.objective(objective) < best->objective(objective))))
        best = &p;
    ASSERT_TRUE(best != nullptr);
    ASSERT_TRUE(t.best) << objective;
    EXPECT_EQ(t.tried.at(*t.best).point.objective(objective), best->objective(objective));
    EXPECT_EQ(t.tried.size(), all.size());
    EXPECT_EQ(t.asked.point.index, 0);
  }
}

TEST(Tune, OfALargerGridNoSingleChangeIsBetterAndNotAllIsTried) {
  TunePlan plan = plan_of("kind=mpnn residues=12 k=8 hidden=16 encoder=1 decoder=1",
                          {"unit", "batch=1,2,4,8", "bucket", "gather", "literal", "fused"});
  plan.whole = 10;
  const Tuning t = tune(plan, {.threads = 2});
  EXPECT_FALSE(t.whole);
  EXPECT_GT(t.rounds, 1);
  ASSERT_TRUE(t.best);
  EXPECT_LT(std::ssize(t.tried), plan.grid.points() / 2);
  const double least = t.tried.at(*t.best).point.objective("energy_per_item");
  std::size_t near = 0;
  for (const SweepPoint& p : all_points(plan.grid)) {
    std::size_t differ = 0;
    for (std::size_t a = 0; a < p.values.size(); ++a)
      differ += p.values[a] != t.tried.at(*t.best).point.values[a] ? 1 : 0;
    if (differ != 1 || !p.refused.empty()) continue;
    ++near;
    EXPECT_GE(p.objective("energy_per_item"), least);
  }
  EXPECT_GT(near, 6U);
  // What each choice gives is told against the same point without it.
  ASSERT_EQ(t.without.size(), plan.grid.axes.size());
  for (std::size_t a = 0; a < t.without.size(); ++a) {
    if (!t.without[a]) continue;
    EXPECT_EQ(t.without[a]->point.values[a], plan.grid.axes[a].values[0]);
    EXPECT_GE(t.without[a]->point.objective("energy_per_item"), least);
  }
}

TEST(Tune, WhereNothingIsWithinTheBoundsItSaysWhatIsNearest) {
  TunePlan plan = plan_of(matmul, {"unit", "batch=1,4"}, "energy_per_item");
  plan.bounds = {{"latency", 1e-9}};
  plan.grid.where.emplace_back("latency <= 1ns");
  const Tuning t = tune(plan, {});
  EXPECT_FALSE(t.best);
  double least = 1;
  for (const SweepPoint& p : all_points(plan.grid)) least = std::min(least, p.latency_s);
  EXPECT_EQ(t.tried.at(t.nearest).point.latency_s, least);
  EXPECT_THAT(results::text_of({tuning_report(plan, t, {})}),
              HasSubstr("nothing that was tried is within the bounds"));
}

TEST(Tune, ValuesAreComputedOnlyWhereTheyDecide) {
  TunePlan plan = plan_of(matmul + " unit=ane", {"precision=fp16,int8w,int8,lut4", "batch=1,2,4"},
                          "energy_per_item", true);
  plan.min_agreement = 0.9;
  int asked = 0;
  TuneRun run;
  run.agreement = [&](const workloads::Request& r, const Target&) {
    ++asked;
    EXPECT_EQ(r.batch, 1);
    return r.formats.weights == "fp16" ? 1.0 : r.formats.activations == "int8" ? 0.5 : 0.95;
  };
  const Tuning t = tune(plan, run);
  ASSERT_TRUE(t.best);
  EXPECT_LE(asked, 4);
  const Tried& best = t.tried.at(*t.best);
  EXPECT_GE(best.agreement.value_or(0), 0.9);
  for (const SweepPoint& p : all_points(plan.grid))
    if (p.refused.empty() && p.values[0] != "int8") {
      EXPECT_GE(p.objective("energy_per_item"), best.point.objective("energy_per_item"));
    }
  plan.min_agreement = 0.97;
  EXPECT_EQ(tune(plan, run).tried.at(*tune(plan, run).best).point.values[0], "fp16");
  // Agreement itself as what is best.
  plan.min_agreement.reset();
  plan.most_agreement = true;
  plan.grid.objectives.clear();
  const Tuning most = tune(plan, run);
  EXPECT_EQ(most.tried.at(*most.best).agreement, 1.0);
}

TEST(Tune, LayersStayInFp16FromTheMostSensitiveOnUntilItIsEnough) {
  TunePlan plan = plan_of("kind=readqc name=mlp unit=ane", {"batch=1,2"}, "energy_per_item", true);
  plan.min_agreement = 0.9;
  const workloads::Request base = workloads::parse_request(
      "kind=readqc name=mlp unit=ane batch=2 weights=int8 activations=int8");
  TuneRun run;
  int asked = 0;
  // One layer makes all of the difference.
  run.agreement = [&](const workloads::Request& r, const Target&) {
    ++asked;
    const std::string kept = "," + r.formats.fp16_layers + ",";
    return kept.find(",dense2,") != std::string::npos ? 0.95 : 0.5;
  };
  const LayerChoice c = tune_layers(plan, base, run);
  ASSERT_TRUE(c.best);
  ASSERT_GT(c.layers.size(), 2U);
  EXPECT_EQ(c.layers[0], "dense2");
  EXPECT_THAT(c.tried[*c.best].point.values, ElementsAre("dense2"));
  // What all layers do not reach is told after one answer.
  plan.min_agreement = 0.99;
  asked = 0;
  EXPECT_FALSE(tune_layers(plan, base, run).best);
  EXPECT_EQ(asked, 1);
}

TEST(Tune, WhatIsKnownIsNotPricedAgain) {
  const TunePlan plan = plan_of(matmul, {"unit", "batch=1,4"});
  TuneRun run;
  std::size_t fresh = 0;
  run.keep = [&](std::span<const SweepPoint> more) { fresh += more.size(); };
  const Tuning first = tune(plan, run);
  EXPECT_EQ(fresh, first.tried.size());
  run.known = all_points(plan.grid);
  fresh = 0;
  const Tuning again = tune(plan, run);
  EXPECT_EQ(fresh, 0U);
  EXPECT_EQ(again.best, first.best);
}

}  // namespace
}  // namespace ane::sim
