// Where Core ML's planner puts operators: its rule at its boundaries, its estimates against those
// published, and what it says of placements that others observed.
#include "sim/place/planner.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "sim/place/observed.h"

namespace ane::sim {
namespace {

using testing::HasSubstr;
using workloads::mil::Op;
using workloads::mil::parse_op;
using workloads::mil::parse_ops;
using workloads::mil::Program;

Op op(const std::string& text) {
  return parse_op(text, "test");
}
std::vector<PlacedOp> placed(const std::string& text, const std::string& chip = "M4") {
  return plan_placement({.ops = parse_ops(text, "test")}, planner_of(chip).planner,
                        load_chip(chip));
}
std::string units(const std::vector<PlacedOp>& ops) {
  std::string text;
  for (const PlacedOp& p : ops) text += p.on_ane ? 'A' : 'c';
  return text;
}

// S1's own figures, microseconds: ANE, then CPU (below 0: none).
struct Published {
  const char* op;
  double ane_us, cpu_us;
};
constexpr Published published[] = {
    {"conv fp16[1,64,32,32] const:fp16[64,64,3,3] -> fp16[1,64,32,32]", 4.6743, 100.0639},
    {"conv fp16[1,64,32,32] const:fp16[64,64,1,1] -> fp16[1,64,32,32]", 1.17, 21.62},
    {"conv fp16[1,64,32,32] const:fp16[64,1,3,3] -> fp16[1,64,32,32] groups=64", 2.5036, 43.5532},
    {"conv fp16[1,64,32,32] const:fp16[64,8,3,3] -> fp16[1,64,32,32] groups=8", 1.3179, 24.3188},
    {"conv fp16[1,64,32,32] const:fp16[64,64,7,7] -> fp16[1,64,16,16]", 6.3622, 136.1981},
    {"conv fp16[1,64,32,32] const:fp16[64,64,3,3] -> fp16[1,64,32,32] dilations=2x2", 2.6358,
     48.6376},
    {"conv fp16[1,64,32,32] const:fp16[64,64,13,13] -> fp16[1,64,32,32]", 87.7726, 1878.9773},
    {"conv fp16[1,64,1024] const:fp16[64,64,3] -> fp16[1,64,1024]", 1.5581, 33.3546},
    {"conv_transpose fp16[1,64,32,32] const:fp16[64,64,2,2] -> fp16[1,64,64,64]", 8.8272,
     2125.6316},
    {"linear fp16[1,128,256] const:fp16[512,256] const:fp16[512] -> fp16[1,128,512]", 3.1711,
     100.0113},
    {"matmul fp16[1,128,256] const:fp16[256,512] -> fp16[1,128,512]", 6.283, 44.4699},
    {"matmul fp16[1,8,128,64] fp16[1,8,64,128] -> fp16[1,8,128,128]", 7.1806, 22.2349},
    {"matmul fp16[1,128,256] fp16[1,256,128] -> fp16[1,128,128]", 2.24, 11.12},
    {"matmul fp16[1,16,16384] fp16[1,16384,16] -> fp16[1,16,16]", 14.3682, 17.2419},
    {"scaled_dot_product_attention fp16[1,8,128,64] fp16[1,8,128,64] fp16[1,8,128,64] -> "
     "fp16[1,8,128,64]",
     7.18, 8.62},
    {"avg_pool fp16[1,64,32,32] -> fp16[1,64,16,16] kernel=2x2", 2.2442, 2.693},
    {"add fp16[1,64,32,32] fp16[1,64,32,32] -> fp16[1,64,32,32]", 7.2857, 12.4108},
    {"softmax fp16[1,64,32,32] -> fp16[1,64,32,32]", 3.59, 4.31},
    {"relu fp16[1,64,32,32] -> fp16[1,64,32,32]", 2.6214, 2.6214},
    {"reduce_sum fp16[1,64,32,32] -> fp16[1,1,32,32]", 1.8233, 2.1879},
    {"cast fp16[1,64,32,32] -> fp32[1,64,32,32]", 5.3855, 6.4625},
    {"transpose fp16[1,64,32,32] -> fp16[1,32,32,64]", 3.8063, 2.9966},
    {"concat fp16[1,64,32,32] fp16[1,64,32,32] -> fp16[1,128,32,32]", 2.62, 22.79},
    {"upsample_bilinear fp16[1,64,32,32] -> fp16[1,64,64,64]", 3.31, 499.64},
    {"upsample_nearest_neighbor fp16[1,64,32,32] -> fp16[1,64,64,64]", 8.9759, 10.771},
    {"cumsum fp16[1,64,32,32] -> fp16[1,64,32,32]", -1, 4.3085},
    {"gather const:fp16[32000,256] int16[1,64] -> fp16[1,64,256]", -1, 712.2183},
};

TEST(PlannerEstimate, OfEachPublishedOperatorIsWithinThreePercent) {
  const PlannerParameters costs = load_planner("coreml-macos27-m4").costs();
  for (const Published& p : published) {
    if (p.ane_us > 0) {
      EXPECT_NEAR(ane_estimate(op(p.op), costs.ane) * 1e6, p.ane_us, 0.03 * p.ane_us) << p.op;
    }
    EXPECT_NEAR(cpu_estimate(op(p.op), costs.cpu) * 1e6, p.cpu_us, 0.03 * p.cpu_us) << p.op;
  }
}

TEST(PlannerEstimate, OfALinearLayerGrowsWithTheSquareOfItsInputsAlone) {
  const PlannerRates ane = load_planner("coreml-macos27-m4").costs().ane;
  const auto linear = [&](int in, int out) {
    return ane_estimate(
        op(fmt::format("linear fp16[16,{0}] const:fp16[{1},{0}] -> fp16[16,{1}]", in, out)), ane);
  };
  EXPECT_EQ(linear(768, 768), linear(768, 3072));
  EXPECT_NEAR(linear(3072, 768), 16 * linear(768, 768), 1e-12);
}

// A program of n relus cannot gain; one of convolutions gains 95.39 us each.
std::string convs(int n, const std::string& behind = "") {
  const std::string conv = "conv fp16[1,64,32,32] const:fp16[64,64,3,3] -> fp16[1,64,32,32]";
  std::string text;
  for (int i = 0; i < n; ++i) text += (i == 0 ? "" : " ; ") + conv;
  return text + behind;
}

TEST(Planner, AWholeProgramMustSaveALaunchAndTheLastHop) {
  EXPECT_EQ(units(placed(convs(2))), "cc");   // 191 us
  EXPECT_EQ(units(placed(convs(3))), "AAA");  // 286 us of 250
  const auto two = placed(convs(2));
  EXPECT_EQ(two[0].label, "small");
  EXPECT_THAT(two[0].reason, HasSubstr("saves 0.19 ms of the 0.25 ms"));
}

TEST(Planner, AStretchInTheMiddleMustSaveASwitchMore) {
  const std::string tan = "tan fp16[1,64,32,32] -> fp16[1,64,32,32]";
  const auto between = [&](int n) { return units(placed(tan + " ; " + convs(n, " ; " + tan))); };
  EXPECT_EQ(between(3), "ccccc");   // 286 us
  EXPECT_EQ(between(4), "cAAAAc");  // 382 us of 375
  const auto three = placed(tan + " ; " + convs(3, " ; " + tan));
  EXPECT_EQ(three[0].label, "operator");
  EXPECT_EQ(three[1].label, "island");
  EXPECT_THAT(three[1].reason, HasSubstr("0.29 ms of the 0.38 ms"));
}

TEST(Planner, OneIncapableOperatorCostsTwoSwitchesAndALaunchOrTheWholeGraph) {
  const std::string tan = " ; tan fp16[1,64,32,32] -> fp16[1,64,32,32] ; ";
  EXPECT_EQ(units(placed(convs(2) + tan + convs(2))), "ccccc");
  EXPECT_EQ(units(placed(convs(3) + tan + convs(3))), "AAAcccc");  // behind it 375 us are needed
  EXPECT_EQ(units(placed(convs(8) + tan + convs(8))), "AAAAAAAAcAAAAAAAA");
}

TEST(Planner, SaysOfAChipWithoutItsOwnThatItIsAssumed) {
  EXPECT_EQ(planner_of("M4").assumed, "");
  EXPECT_THAT(planner_of("M1").assumed, HasSubstr("none are published of M1 (assumed)"));
}

TEST(Planner, HasTheChipsOwnLimitWhereThatIsLess) {
  const std::string wide = "relu fp16[1,1,1,20000] -> fp16[1,1,1,20000]";
  EXPECT_TRUE(placed(wide, "M4")[0].capable);
  EXPECT_EQ(placed(wide, "A15")[0].label, "extent");
}

// The cheapest of all placements by trying each: the oracle of the shortest path.
double cost_of(const std::vector<PlacedOp>& ops, unsigned on_ane, const PlannerParameters& c) {
  double sum = 0;
  bool before = false;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const bool ane = (on_ane >> i & 1) != 0;
    if (ane && !ops[i].capable) return INFINITY;
    if (ane && !(i > 0 && before)) sum += c.launch;
    if (i > 0 && ane != before) sum += c.change;
    sum += ane ? ops[i].ane_s : ops[i].cpu_s;
    before = ane;
  }
  return sum + (before ? c.last_hop : 0);
}

RC_GTEST_PROP(PlannerProperty, NoPlacementIsCheaper, ()) {
  static const std::vector<std::string> kinds{
      "conv fp16[1,64,32,32] const:fp16[64,64,3,3] -> fp16[1,64,32,32]",
      "conv fp16[1,64,32,32] const:fp16[64,64,7,7] -> fp16[1,64,32,32]",
      "relu fp16[1,64,32,32] -> fp16[1,64,32,32]",
      "tan fp16[1,64,32,32] -> fp16[1,64,32,32]",
      "transpose fp16[1,512,64,64] -> fp16[1,64,64,512]",
      "upsample_bilinear fp16[1,64,32,32] -> fp16[1,64,64,64]"};
  const auto picks = *rc::gen::container<std::vector<int>>(
      *rc::gen::inRange(1, 12), rc::gen::inRange(0, static_cast<int>(kinds.size())));
  Program p;
  for (const int k : picks) p.ops.push_back(op(kinds[static_cast<std::size_t>(k)]));
  const Planner planner = load_planner("coreml-macos27-m4");
  const auto ops = plan_placement(p, planner, load_chip("M4"));
  unsigned chosen = 0;
  for (std::size_t i = 0; i < ops.size(); ++i) chosen |= ops[i].on_ane ? 1U << i : 0;
  double best = INFINITY;
  for (unsigned all = 0; all < 1U << ops.size(); ++all)
    best = std::min(best, cost_of(ops, all, planner.costs()));
  RC_ASSERT(std::abs(cost_of(ops, chosen, planner.costs()) - best) <= 1e-12);
}

// The share that was right when this was written; one that is lost is a fault.
TEST(ObservedPlacements, AreAsThePlannerSaysInAllButThoseThatThePageLists) {
  std::map<std::pair<std::string, PlacementQuestion>, std::pair<int, int>> sums;
  std::set<std::string> programs, wrong;
  for (const JudgedPlacement& j : judge_placements()) {
    auto& [of, right] = sums[{j.observed.set, j.observed.question}];
    ++of, right += j.right() ? 1 : 0;
    if (j.observed.set != "m4_single_op") continue;
    programs.insert(j.observed.id);
    if (!j.right()) wrong.insert(j.observed.id);
  }
  using Q = PlacementQuestion;
  const auto right = [&](const char* set, Q q) { return sums[{set, q}].second; };
  EXPECT_EQ(programs.size(), 183U);
  EXPECT_THAT(wrong, testing::ElementsAre("sw_conv_k24x1", "sw_conv_k28x1", "sw_conv_k31x1"));
  EXPECT_EQ(right("m4_single_op", Q::capable), 183);
  EXPECT_GE(right("facts", Q::capable), 41);
  EXPECT_GE(right("facts", Q::alone) + right("facts", Q::context), 29);
}

TEST(ObservedPlacements, ContextIsTwoPairsOnEachEnd) {
  const auto program = in_context(parse_ops(
      "greater fp16[1,64,32,32] fp16[1,64,32,32] -> bool[1,64,32,32] ; cast bool[1,64,32,32] -> "
      "fp16[1,64,32,32]",
      "test"));
  EXPECT_EQ(program.ops.size(), 2U + 3 * 4);
  EXPECT_EQ(program.ops[0].mil, "conv");
  EXPECT_EQ(program.ops.back().mil, "relu");
}

}  // namespace
}  // namespace ane::sim
