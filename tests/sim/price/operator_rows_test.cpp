// Do the rows of operators hold together? On every chip: none beyond the peak and the memory's
// rate, and with what no operator owns they are the call, in time and in energy.
#include <gtest/gtest.h>

#include "sim/chips/chip.h"
#include "sim/price/call.h"
#include "sim/price/price.h"
#include "workloads/request/request.h"

namespace ane::sim {
namespace {

TEST(OperatorRows, AreUnderTheRoofAndMakeTheCall) {
  int seen = 0;
  for (const std::string& name : chip_names()) {
    const Chip chip = load_chip(name);
    if (!has_unit(chip, Unit::ane)) continue;
    const Target target = make_target(chip, Unit::ane, "coreml");
    for (const char* text :
         {"kind=network name=resnet50", "kind=network name=efficientnet_b0 weights=int8",
          "kind=network name=mobilenet_v2 weights=int8 activations=int8 batch=4",
          "kind=readqc name=cnn batch=4000", "kind=mpnn residues=60 phase=forward batch=8",
          "kind=mpnn residues=20 phase=conditional"}) {
      // Of jobs that take long to lower two chips suffice.
      if (std::string_view(text).starts_with("kind=mpnn") && name != "A13" && name != "M4")
        continue;
      SCOPED_TRACE(name + ": " + text);
      results::Record r;
      static_cast<results::Cost&>(r) =
          price(workloads::parse_request(text), target, Detail::operators);
      const AneParameters& ane = chip.ane();
      double seconds = 0, energy = 0;
      for (const results::OperatorRow& o : r.operators) {
        seconds += o.seconds;
        energy += o.energy_j;
        if (o.unit != "ane" || o.seconds <= 0) continue;
        ++seen;
        EXPECT_LE(static_cast<double>(o.dram_bytes),
                  ane.dram_bandwidth * (o.seconds + o.ahead_s) * (1 + 1e-9))
            << o.name;
        EXPECT_LE(o.utilisation, 1) << o.name;
      }
      const results::Rest rest = rest_of(r);
      EXPECT_NEAR(seconds + rest.seconds, r.totals.latency_s, 1e-9 * r.totals.latency_s);
      EXPECT_NEAR(results::sum(rest.causes), rest.seconds, 1e-9 * r.totals.latency_s);
      EXPECT_NEAR(energy + rest.energy_j, r.totals.energy_j, 1e-9 * r.totals.energy_j);
    }
  }
  EXPECT_GT(seen, 1000);
}

// Tasks of a further pass stand behind those of the one before, with their streams.
TEST(OperatorRows, OfSeveralPassesFollowEachOther) {
  Execution one;
  one.duration = {5'000'000};
  TaskTrace task;
  task.start = {1'000'000}, task.end = {5'000'000};
  task.stream_begin = 0.5e-6, task.stream_end = 2e-6;
  one.tasks = {task};
  const Execution three = passes(one, 3);
  ASSERT_EQ(three.tasks.size(), 3U);
  EXPECT_EQ(three.tasks[2].start.count, 11'000'000);
  EXPECT_NEAR(three.tasks[2].stream_begin, 10.5e-6, 1e-15);
  EXPECT_NEAR(three.tasks[2].stream_end, 12e-6, 1e-15);
}

// A task holds what it reads and writes and no more than there is, in each pass alike.
TEST(OperatorRows, TasksSayHowMuchOfL2IsInUse) {
  const Chip chip = load_chip("M4");
  const Target target = make_target(chip, Unit::ane, "coreml");
  for (const char* text : {"kind=network name=resnet50", "kind=mpnn residues=100 batch=8"}) {
    const results::Cost cost = price(workloads::parse_request(text), target, Detail::tasks);
    ASSERT_FALSE(cost.tasks.empty()) << text;
    for (const results::TaskRow& t : cost.tasks) {
      EXPECT_GT(t.l2_bytes, 0) << t.name;
      EXPECT_LE(t.l2_bytes, chip.ane().l2.count) << t.name;
    }
  }
}

TEST(OperatorRows, BeginWhenTheCallIsHandedOver) {
  const Target target = make_target(load_chip("M4"), Unit::ane, "coreml");
  const results::Cost cost =
      price(workloads::parse_request("kind=network name=mobilenet_v2"), target, Detail::tasks);
  const double lead = results::part(cost.totals.causes, "dispatch") +
                      results::part(cost.totals.causes, "copies") +
                      results::part(cost.totals.causes, "idle");
  EXPECT_NEAR(cost.operators.front().start_s, lead, 1e-12);
  EXPECT_NEAR(seconds(cost.tasks.front().start), lead, 1e-11);
  const results::OperatorRow& last = cost.operators.back();
  EXPECT_NEAR(last.start_s + last.seconds, cost.totals.latency_s, 1e-9);
}

}  // namespace
}  // namespace ane::sim
