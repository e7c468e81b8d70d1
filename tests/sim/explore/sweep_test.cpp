// Does a sweep compute each of its points once, the same on any number of threads and in any parts,
// and do its views say what is in them?
#include "sim/explore/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "isa/error.h"
#include "sim/explore/point.h"
#include "sim/explore/views.h"
#include "sim/price/price.h"

namespace ane::sim {
namespace {

using results::SweepPoint;

SweepPlan plan_of(const std::string& request, const std::vector<std::string>& axes) {
  SweepPlan plan;
  plan.request = workloads::to_text(workloads::parse_request(request));
  for (const std::string& a : axes) plan.axes.push_back(parse_axis(a));
  return plan;
}
const std::string matmul = "kind=matmul m=64 n=64 k=64";

std::vector<SweepPoint> points_of(const SweepPlan& plan, SweepRun run = {}) {
  std::vector<SweepPoint> all;
  run.keep = [&](std::span<const SweepPoint> points) {
    all.insert(all.end(), points.begin(), points.end());
  };
  run_sweep(plan, run);
  std::ranges::sort(all, {}, &SweepPoint::index);
  return all;
}

void expect_equal(const std::vector<SweepPoint>& a, const std::vector<SweepPoint>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].index, b[i].index);
    EXPECT_EQ(a[i].values, b[i].values);
    EXPECT_EQ(a[i].latency_s, b[i].latency_s);
    EXPECT_EQ(a[i].energy_j, b[i].energy_j);
  }
}

TEST(Sweep, APointIsTheQuestionThatAnyCommandWouldAsk) {
  const SweepPlan plan =
      plan_of(matmul, {"chip=M1,M4", "memory.bandwidth=30GB/s,90GB/s", "unit=ane,cpu", "m=64,128"});
  check(plan);
  const std::vector<SweepPoint> points = points_of(plan);
  ASSERT_EQ(points.size(), 16U);
  for (const SweepPoint& p : points) {
    const workloads::Request r =
        workloads::parse_request("kind=matmul n=64 k=64 m=" + p.values[3] + " unit=" + p.values[2]);
    const Target target = target_of(r, load_chip(p.values[0], {"memory.bandwidth=" + p.values[1]}));
    const results::Totals t = price(r, target).totals;
    EXPECT_EQ(p.latency_s, t.latency_s);
    EXPECT_EQ(p.energy_j, t.energy_j);
    EXPECT_EQ(p.peak_memory_bytes, t.peak_memory_bytes);
  }
  EXPECT_THAT(points[1].values, testing::ElementsAre("M1", "30GB/s", "ane", "128"));
}

TEST(Sweep, IsTheSameOnAnyNumberOfThreadsAndInParts) {
  SweepPlan plan = plan_of(matmul, {"memory.bandwidth=30GB/s..90GB/s", "ane.clock=1GHz..2GHz"});
  plan.sampling = Sampling::lhs;
  plan.samples = 150;
  const std::vector<SweepPoint> one = points_of(plan);
  ASSERT_EQ(one.size(), 150U);
  expect_equal(points_of(plan, {.threads = 4}), one);
  std::vector<SweepPoint> parts;
  for (std::int64_t k = 1; k <= 3; ++k) {
    const std::vector<SweepPoint> part = points_of(plan, {.shard = {k, 3}});
    EXPECT_NEAR(static_cast<double>(part.size()), 50, 25);
    parts.insert(parts.end(), part.begin(), part.end());
  }
  std::ranges::sort(parts, {}, &SweepPoint::index);
  expect_equal(parts, one);
  std::vector<bool> done(150, true);
  done[7] = done[90] = false;
  const std::vector<SweepPoint> left = points_of(plan, {.done = done});
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[1].index, 90);
}

// Programs of very different weight: each part has the same predicted seconds, as nearly as the
// largest program lets it, every point is in one part, and a program's points are in few.
TEST(Shares, AreAsHeavyAsEachOther) {
  SweepPlan plan = plan_of("kind=network name=resnet50",
                           {"batch=1..16:1", "memory.bandwidth=30GB/s..89GB/s:1GB/s"});
  const Shares shares(plan, 4), same(plan, 4);
  ASSERT_EQ(shares.seconds().size(), 4U);
  const auto [least, most] = std::ranges::minmax(shares.seconds());
  EXPECT_LT(most, 1.1 * least);
  EXPECT_GT(least, 0);
  std::vector<std::set<std::int64_t>> parts_of_batch(16);
  std::vector<std::int64_t> counts;
  for (std::int64_t i = 0; i < plan.points(); ++i) {
    const std::int64_t part = shares.part_of(i);
    ASSERT_GE(part, 0);
    ASSERT_LT(part, 4);
    EXPECT_EQ(part, same.part_of(i));
    parts_of_batch[static_cast<std::size_t>(i / 60)].insert(part);
  }
  for (const auto& parts : parts_of_batch) EXPECT_EQ(parts.size(), 1U);
  // What is heavier than all others together is a part of its own, with fewer points.
  plan = plan_of("kind=network name=resnet50",
                 {"batch=1,2,3,4,64", "memory.bandwidth=30GB/s..39GB/s:1GB/s"});
  const Shares uneven(plan, 2);
  counts.assign(2, 0);
  for (std::int64_t i = 0; i < plan.points(); ++i)
    ++counts[static_cast<std::size_t>(uneven.part_of(i))];
  EXPECT_EQ(counts[static_cast<std::size_t>(uneven.part_of(plan.points() - 1))], 10);
  // One program alone is cut by its points.
  plan = plan_of(matmul, {"memory.bandwidth=30GB/s..130GB/s:100MB/s"});
  const Shares one(plan, 5);
  counts.assign(5, 0);
  for (std::int64_t i = 0; i < plan.points(); ++i)
    ++counts[static_cast<std::size_t>(one.part_of(i))];
  for (const std::int64_t n : counts) EXPECT_NEAR(static_cast<double>(n), 200, 60);
  // L2 is a limit of programs: points of one size stay together.
  plan = plan_of(matmul, {"ane.clock=1GHz..1.5GHz:1MHz", "ane.l2=1MiB..8MiB*2"});
  std::vector<std::set<std::int64_t>> parts_of_l2(4);
  const Shares l2(plan, 2);
  for (std::int64_t i = 0; i < plan.points(); ++i)
    parts_of_l2[static_cast<std::size_t>(i % 4)].insert(l2.part_of(i));
  EXPECT_LE(parts_of_l2[0].size(), 2U);
}

TEST(Sweep, WhatIsRefusedIsAPointAndWhatNobodyAsksForIsNone) {
  SweepPlan plan = plan_of("kind=llm name=llama-3.1-70b phase=decode",
                           {"memory.capacity=16GiB,1TB", "batch=1,2,4"});
  plan.chip = "M2Ultra";
  plan.where.emplace_back("batch <= 2");
  plan.where.emplace_back("latency < 1us");
  check(plan);
  SweepRun run;
  std::vector<SweepPoint> points;
  run.keep = [&](std::span<const SweepPoint> more) {
    points.insert(points.end(), more.begin(), more.end());
  };
  const SweepSum sum = run_sweep(plan, run);
  EXPECT_EQ(sum.left_out, 2);
  EXPECT_EQ(sum.refused, 2);
  EXPECT_EQ(sum.computed, 2);
  for (const SweepPoint& p : points) {
    EXPECT_FALSE(p.feasible);
    EXPECT_EQ(p.refused.empty(), p.latency_s == p.latency_s);
  }
}

// Answers hang on the request and the chip's arithmetic, not on its rates: they are asked once.
TEST(Sweep, AgreementIsAskedOnceForAllPointsOfOneRequestOnOneChip) {
  SweepPlan plan = plan_of(matmul, {"memory.bandwidth=60GB/s,120GB/s,240GB/s", "batch=1,2"});
  plan.answers = "of a test";
  plan.where.emplace_back("agreement >= 0.9");
  int asked = 0;
  SweepRun run;
  run.agreement = [&](const workloads::Request& r, const Target&) {
    ++asked;
    return r.batch == 2 ? 0.5 : 1.0;
  };
  const std::vector<SweepPoint> points = points_of(plan, run);
  ASSERT_EQ(points.size(), 6U);
  EXPECT_EQ(asked, 2);
  for (const SweepPoint& p : points) {
    EXPECT_EQ(p.objective("agreement"), p.values[1] == "2" ? 0.5 : 1.0);
    EXPECT_EQ(p.feasible, p.values[1] == "1");
  }
}

TEST(Sweep, AgreementIsAskedAgainWhereAnAxisMovesANumberFormat) {
  SweepPlan plan = plan_of(matmul, {"ane.features.int8_macs=0,1"});
  plan.answers = "of a test";
  plan.objectives = {"agreement"};
  SweepRun run;
  run.agreement = [&](const workloads::Request&, const Target& t) {
    return t.chip.machine().int8_macs ? 0.5 : 1.0;
  };
  const std::vector<SweepPoint> points = points_of(plan, run);
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].objective("agreement"), 1.0);
  EXPECT_EQ(points[1].objective("agreement"), 0.5);
}

TEST(SweepPlan, AgreementNeedsAnswers) {
  SweepPlan plan = plan_of(matmul, {"batch=1,2"});
  plan.objectives = {"agreement"};
  EXPECT_THROW(check(plan), InputError);
  plan.objectives = {};
  plan.where.emplace_back("agreement >= 0.9");
  EXPECT_THROW(check(plan), InputError);
  plan.answers = "of a test";
  EXPECT_NO_THROW(check(plan));
  EXPECT_EQ(plan_of_json(plan.text(), "text"), plan);
}

TEST(Sweep, AFaultOfWhoKeepsIsThrownAndAStopKeepsWhatIsDone) {
  SweepPlan plan = plan_of(matmul, {"memory.bandwidth=30GB/s..90GB/s"});
  plan.sampling = Sampling::random;
  plan.samples = 100000;
  SweepRun run{.threads = 2};
  run.keep = [](std::span<const SweepPoint>) { throw InputError("disk", "is full"); };
  EXPECT_THROW(run_sweep(plan, run), InputError);
  std::atomic<bool> stop{false};
  run.stop = &stop;
  std::int64_t kept = 0;
  run.keep = [&](std::span<const SweepPoint> points) {
    kept += std::ssize(points);
    stop = true;
  };
  const SweepSum sum = run_sweep(plan, run);
  EXPECT_TRUE(sum.stopped);
  EXPECT_EQ(sum.computed, kept);
  EXPECT_LT(kept, 100000);
}

TEST(Sweep, AKeyIsLeftOutByUsualAndLayersArePartedByPlus) {
  const SweepPlan plan = plan_of("kind=readqc name=mlp weights=int8 activations=int8",
                                 {"fp16_layers=usual,dense1,dense1+dense2", "batch=usual,8"});
  check(plan);
  PointMaker maker(plan);
  const auto at = [&](std::int64_t i) { return maker.request_of(plan.values(i)); };
  EXPECT_EQ(workloads::to_text(at(0)), plan.request);
  EXPECT_EQ(at(1).batch, 8);
  EXPECT_EQ(at(2).formats.fp16_layers, "dense1");
  EXPECT_EQ(at(4).formats.fp16_layers, "dense1,dense2");
  const std::vector<SweepPoint> points = points_of(plan);
  ASSERT_EQ(points.size(), 6U);
  EXPECT_NE(points[0].energy_j, points[4].energy_j);
  // The energy of an item is that of its call, shared.
  EXPECT_DOUBLE_EQ(points[1].objective("energy_per_item") * 8, points[1].energy_j);
}

TEST(SweepPlan, SamplesFillTheirAxesEvenly) {
  SweepPlan plan = plan_of(matmul, {"memory.bandwidth=1GB/s..101GB/s", "ane.clock=1GHz..2GHz"});
  plan.samples = 64;
  for (const Sampling how : {Sampling::lhs, Sampling::sobol}) {
    plan.sampling = how;
    for (std::size_t a = 0; a < 2; ++a) {
      std::set<int> strata;
      const double low = plan.axes[a].low, width = plan.axes[a].high - low;
      for (std::int64_t i = 0; i < 64; ++i)
        strata.insert(static_cast<int>(
            1e-6 + 64 * (parse_quantity(plan.values(i)[a], "").value - low) / width));
      // Each of 64 strata once; of Sobol's sequence without its first point all but one.
      EXPECT_GE(strata.size(), how == Sampling::lhs ? 64U : 63U);
    }
  }
  SweepPlan other = plan;
  other.seed = 2;
  plan.sampling = other.sampling = Sampling::random;
  EXPECT_NE(plan.values(0), other.values(0));
  EXPECT_EQ(plan.values(5), plan.values(5));
}

TEST(SweepPlan, ItsTextIsThePlan) {
  SweepPlan plan = plan_of(matmul, {"chip=M1,M4", "ane.l2=1MiB..4MiB*2", "batch=1..64"});
  plan.sampling = Sampling::sobol;
  plan.samples = 12;
  plan.set = {"memory.bandwidth=50GB/s"};
  plan.where.emplace_back("latency < 5ms");
  plan.objectives = {"edp"};
  const SweepPlan back = plan_of_json(plan.text(), "plan");
  EXPECT_EQ(back.text(), plan.text());
  EXPECT_EQ(back.values(3), plan.values(3));
  for (const char* wrong : {"", "[]", "{\"request\": 1}", "{\"axes\": []}",
                            "{\"axes\": {\"batch\": [1]}}", "{\"sampling\": \"grdi\"}",
                            "{\"samples\": -1}", "{\"where\": \"latency\"}", "{\"axis\": {}}"})
    EXPECT_THROW(plan_of_json(wrong, "plan"), InputError) << wrong;
}

TEST(SweepPlan, WhatNothingHasIsToldBeforeAnyWork) {
  const auto refused = [](const SweepPlan& plan) {
    try {
      check(plan);
    } catch (const InputError& e) {
      return e.place() + ": " + e.what();
    }
    return std::string();
  };
  EXPECT_THAT(refused(plan_of(matmul, {})), testing::HasSubstr("nothing varies"));
  EXPECT_THAT(refused(plan_of(matmul, {"chip=M1,M99"})), testing::HasSubstr("unknown chip 'M99'"));
  EXPECT_THAT(refused(plan_of(matmul, {"ane.l3=1,2"})), testing::HasSubstr("ane.l3"));
  EXPECT_THAT(refused(plan_of(matmul, {"ane.l2=1GHz"})), testing::HasSubstr("--axis ane.l2"));
  EXPECT_THAT(refused(plan_of(matmul, {"residues=1,2"})), testing::HasSubstr("no key 'residues'"));
  EXPECT_THAT(refused(plan_of(matmul, {"m=1,x"})), testing::HasSubstr("--axis m"));
  EXPECT_THAT(refused(plan_of(matmul, {"m=1,2", "m=3,4"})), testing::HasSubstr("twice"));
  EXPECT_THAT(refused(plan_of(matmul, {"m=1..9"})), testing::HasSubstr("without steps"));
  EXPECT_THAT(refused(plan_of(matmul, {"m=1..20000:1", "n=1..20000:1"})),
              testing::HasSubstr("more than 100000000 points"));
  SweepPlan plan = plan_of(matmul, {"m=1,2"});
  plan.where.emplace_back("latncy < 1ms");
  EXPECT_THAT(refused(plan), testing::HasSubstr("'latncy'"));
}

// Points with these costs, of one axis of words.
results::Sweep with_costs(const std::vector<std::pair<double, double>>& costs) {
  results::Sweep s{.points = std::ssize(costs), .axes = {"name"}};
  for (const auto& [latency, energy] : costs)
    s.rows.push_back({.index = std::ssize(s.rows),
                      .values = {"p" + std::to_string(s.rows.size())},
                      .latency_s = latency,
                      .energy_j = energy,
                      .throughput_items_per_s = 1 / latency,
                      .feasible = true});
  return s;
}

TEST(SweepViews, TheFrontIsWhatNobodyBeats) {
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::pair<double, double>> costs;
    for (int i = 0; i < 40; ++i) costs.emplace_back(1 + random() % 12, 1 + random() % 12);
    results::Sweep s = with_costs(costs);
    s.rows[3].feasible = false;
    const std::vector<std::size_t> front = pareto_front(s, {"latency", "energy"});
    const auto beats = [&](std::size_t a, std::size_t b) {
      return costs[a].first <= costs[b].first && costs[a].second <= costs[b].second &&
             costs[a] != costs[b];
    };
    std::set<std::pair<double, double>> expected;
    for (std::size_t i = 0; i < costs.size(); ++i) {
      bool beaten = i == 3;
      for (std::size_t j = 0; j < costs.size(); ++j) beaten |= j != 3 && beats(j, i);
      if (!beaten) expected.insert(costs[i]);
    }
    std::set<std::pair<double, double>> found;
    for (const std::size_t i : front) found.insert(costs[i]);
    EXPECT_EQ(found, expected);
    EXPECT_EQ(front.size(), expected.size());  // of equal points the first alone
    // Three objectives go another way; power adds none where it is a function of both.
    EXPECT_GE(pareto_front(s, {"latency", "energy", "power"}).size(), front.size());
  }
}

TEST(SweepViews, TheKneeIsFarthestFromTheLine) {
  const results::Sweep s = with_costs({{1, 100}, {2, 10}, {10, 8}, {100, 7}});
  const std::vector<std::size_t> front = pareto_front(s, {"latency", "energy"});
  ASSERT_EQ(front.size(), 4U);
  EXPECT_EQ(knee_of(s, front, "latency", "energy"), 1U);
  const results::Sweep line = with_costs({{1, 100}, {10, 10}, {100, 1}});
  EXPECT_EQ(knee_of(line, {0, 1, 2}, "latency", "energy"), 3U);
}

TEST(SweepViews, ElasticitiesOfAPowerLawAreItsExponents) {
  results::Sweep s{.axes = {"chip", "ane.l2", "ane.clock", "batch"}};
  for (const double chip : {1.0, 3.0})
    for (const double l2 : {1.0, 2.0, 4.0})
      for (const double clock : {1.0, 1.5})
        s.rows.push_back({.index = std::ssize(s.rows),
                          .values = {chip == 1 ? "M1" : "M4", std::to_string(l2) + "MiB",
                                     std::to_string(clock) + "GHz", "1"},
                          .latency_s = chip * std::pow(l2, -0.5) / clock,
                          .energy_j = 1,
                          .feasible = true});
  const std::vector<double> e = elasticities(s, "latency");
  EXPECT_TRUE(std::isnan(e[0]));
  EXPECT_NEAR(e[1], -0.5, 1e-9);
  EXPECT_NEAR(e[2], -1, 1e-9);
  EXPECT_TRUE(std::isnan(e[3]));  // does not vary
}

TEST(SweepViews, AllOfThemTakeAnySweep) {
  SweepPlan plan = plan_of(matmul, {"chip=M1,M4", "ane.l2=1MiB,2MiB"});
  results::Sweep s = sweep_of(plan);
  s.rows = points_of(plan);
  for (const SweepView& v : sweep_views()) {
    const results::Report r = v.collect(s, {});
    EXPECT_FALSE(results::text_of({r}).empty()) << v.name;
    EXPECT_FALSE(r.blocks[0].table.key.empty()) << v.name;
    EXPECT_GT(std::string_view(v.reading).size(), 40U) << v.name;
  }
  EXPECT_THROW(sweep_view_named("frnt"), InputError);
  EXPECT_THROW(sweep_view_named("heat").collect(s, {.x = "chip", .y = "chip"}), InputError);
  EXPECT_THROW(sweep_view_named("best").collect(s, {.objective = "speed"}), InputError);
}

}  // namespace
}  // namespace ane::sim
