// The laws of docs/timing.md for energy, each at its boundary against its closed form.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sim/ane/rectified.h"
#include "sim/ane/timing.h"
#include "sim/chips/chip.h"
#include "sim/price/call.h"
#include "sim/runtimes/runtime.h"
#include "tests/priced.h"

namespace ane::sim {
namespace {

using isa::NeOp;
using isa::PeMode;
using isa::Task;

PricedText of(const std::string& spec, const std::string& chip = "M4",
              const std::vector<std::string>& settings = {}) {
  return priced_text(spec, chip, settings);
}
using results::part;

constexpr int none = 0, relu = 1, relu6 = 2, gelu = 16;

// A copy of 64 values from `from` to `to`, both in L2.
Task copy(std::int64_t from, std::int64_t to, int activation = none) {
  Task t;
  t.ne = NeOp::copy;
  t.in1 = t.out = {.w = 64, .h = 1, .c = 1, .n = 1};
  t.l2_in1 = {.address = from, .sh = 128, .sc = 128, .sn = 128};
  t.l2_out = {.address = to, .sh = 128, .sc = 128, .sn = 128};
  t.activation = activation;
  return t;
}

TEST(EnergyLaw, TheEngineIsAwakeFromTheDispatchToTheLastTask) {  // [E1]
  const std::string product = "unit=ane kind=matmul m=2048 n=2048 k=2048 path=aneforge";
  const PricedText p = of(product, "M1");
  const double copies = part(p.causes, "host copies");
  EXPECT_GT(copies, 0.3 * p.seconds);
  EXPECT_NEAR(part(p.energy, "awake"), load_chip("M1").ane().power_awake * (p.seconds - copies),
              1e-12);
  // Slower copies take longer and draw nothing more from the rail.
  const PricedText slow = of(product, "M1", {"ane.bandwidth.host_copy=3 GB/s"});
  EXPECT_GT(slow.seconds, p.seconds);
  const auto rail = [](const PricedText& t) { return t.joules - part(t.energy, "host core"); };
  EXPECT_NEAR(rail(slow), rail(p), 1e-12);
}

TEST(EnergyLaw, ProductsWithWhatAReluMadeTakeLess) {  // [E2]
  const std::string chain = "unit=ane kind=conv path=direct cin=256 cout=256 h=32 w=32 depth=4";
  const AneParameters& ane = load_chip("M4").ane();
  const double layer = 256.0 * 256 * 32 * 32 * ane.energy_mac_fp16;
  const PricedText plain = of(chain), rectified = of(chain + " epilogue=relu");
  EXPECT_NEAR(part(plain.energy, "MAC"), 4 * layer, 1e-12);
  // The first layer's input is not known to hold zeros; the time is the same.
  EXPECT_NEAR(part(rectified.energy, "MAC"), (1 + 3 * ane.energy_relu_mac) * layer, 1e-12);
  EXPECT_DOUBLE_EQ(rectified.seconds, plain.seconds);
}

TEST(EnergyLaw, AnEngineAtTheFloorClockTakesAThird) {  // [E3]
  const std::string work =
      "unit=ane kind=conv path=direct cin=512 cout=512 h=64 w=64 depth=64 shared_weights=1";
  const AneParameters& ane = load_chip("M4").ane();
  const auto engine = [&](const std::string& idle, const std::string& ramp) {
    const PricedText p = of(work + idle, "M4", {"ane.ramp_time=" + ramp});
    return p.joules - part(p.energy, "DRAM") - part(p.energy, "host core");
  };
  const double full = engine("", "100 s");
  EXPECT_DOUBLE_EQ(engine(" idle_s=0.0003", "100 s"), full);
  EXPECT_NEAR(engine(" idle_s=0.0004", "100 s"), full * ane.energy_floor_share, 1e-3 * full);
  EXPECT_NEAR(engine(" idle_s=0.0004", "0 s"), full, 1e-9 * full);
  const double between = engine(" idle_s=0.0004", "5 ms");
  EXPECT_GT(between, full * ane.energy_floor_share);
  EXPECT_LT(between, full);
  // The memory has a rail of its own.
  EXPECT_DOUBLE_EQ(part(of(work).energy, "DRAM"), part(of(work + " idle_s=0.0004").energy, "DRAM"));
}

TEST(EnergyLaw, ARailSeesTheEngineAndThePackageTheHostAsWell) {  // [E4]
  const std::string spec = "unit=ane path=aneforge kind=matmul m=1 n=4096 k=4096";
  for (const char* chip : {"M1", "M1Max", "M2", "M4"}) {
    const Chip c = load_chip(chip);
    const PricedText all = of(spec, chip), rail = of(spec + " scope=rail", chip),
                     package = of(spec + " scope=package", chip);
    const double dram = part(all.energy, "DRAM");
    EXPECT_GT(dram, 0.3 * all.joules);
    // The rail's estimate of a MAC may be more than its energy.
    const double more = (c.ane().energy_mac_on_rail.value_or(1) - 1) * part(all.energy, "MAC");
    EXPECT_NEAR(all.joules - rail.joules,
                dram * (1 - *c.ane().energy_dram_on_rail) + part(all.energy, "host core") - more,
                1e-12);
    EXPECT_NEAR(package.joules - rail.joules,
                c.cpu().power_core * (part(all.causes, "host copies") +
                                      c.ane().dispatch_host_share * part(all.causes, "dispatch")),
                1e-12);
  }
}

TEST(EnergyLaw, AGpusRailLeavesTheMemoryOut) {  // [E4]
  const std::string spec = "unit=gpu path=torch_mps kind=matmul m=512 n=512 k=512";
  const Chip chip = load_chip("M2Pro");
  const PricedText all = of(spec, "M2Pro"), rail = of(spec + " scope=rail", "M2Pro"),
                   package = of(spec + " scope=package", "M2Pro");
  EXPECT_NEAR(all.joules - rail.joules, part(all.energy, "memory") + part(all.energy, "host core"),
              1e-12);
  // Idle power is taken off the package; one core encodes one operator.
  EXPECT_NEAR(package.joules,
              rail.joules - part(all.energy, "static") +
                  chip.cpu().power_core * load_runtime("torch_mps").costs().op_dispatch,
              1e-12);
}

TEST(Rectified, ATensorIsWhatTheTaskThatWroteItMadeOfIt) {
  Rectified tensors;
  EXPECT_FALSE(tensors.take(copy(0, 128, relu)));
  EXPECT_TRUE(tensors.take(copy(128, 256, gelu)));
  EXPECT_FALSE(tensors.take(copy(256, 384)));
  tensors.take(copy(0, 1024, relu6));
  EXPECT_TRUE(tensors.take(copy(1024, 384)));
  // Moved as it is, it keeps its zeros.
  EXPECT_TRUE(tensors.take(copy(128, 512)));
  EXPECT_TRUE(tensors.take(copy(512, 640)));
  // Written over, it is something else.
  tensors.take(copy(0, 128));
  EXPECT_FALSE(tensors.take(copy(128, 768)));
}

TEST(Rectified, StretchesThatOverlapAreCutWhereTheNextOneBeginsAndEnds) {
  Rectified tensors;
  Task wide = copy(0, 1024, relu);
  wide.out = {.w = 64, .h = 4, .c = 1, .n = 1};  // 1024 to 1535
  tensors.take(wide);
  tensors.take(copy(0, 1152));  // 1152 to 1279
  EXPECT_TRUE(tensors.take(copy(1024, 4096)));
  EXPECT_TRUE(tensors.take(copy(1151, 4096)));
  EXPECT_FALSE(tensors.take(copy(1152, 4096)));
  EXPECT_FALSE(tensors.take(copy(1279, 4096)));
  EXPECT_TRUE(tensors.take(copy(1280, 4096)));
  EXPECT_TRUE(tensors.take(copy(1535, 4096)));
  EXPECT_FALSE(tensors.take(copy(1536, 4096)));
}

TEST(Rectified, MemoryIsKnownByRegionAndAddressAndKeepsItsFlagInL2) {
  Rectified tensors;
  const auto memory = [](int bar, std::int64_t offset) {
    isa::MemoryOperand m;
    m.enable = true, m.bar = bar, m.offset = offset, m.sw = 2, m.sh = m.sc = m.sn = 128;
    return m;
  };
  Task store = copy(0, 128, relu);
  store.store = memory(2, 4096);
  tensors.take(store);
  Task other = copy(0, 8192), load = copy(1024, 8192);
  other.load1 = memory(3, 4096);
  load.load1 = memory(2, 4096);
  EXPECT_FALSE(tensors.take(other));
  EXPECT_TRUE(tensors.take(load));
  EXPECT_TRUE(tensors.take(copy(1024, 8192)));
}

TEST(Rectified, APlanarEngineBehindSaysWhatTheResultIs) {
  Rectified tensors;
  Task pooled = copy(0, 128, relu);
  pooled.pe = PeMode::pool;
  tensors.take(pooled);
  EXPECT_FALSE(tensors.take(copy(128, 4096)));  // a maximum is seldom zero
  Task added = copy(0, 256);
  added.pe = PeMode::ew;
  added.pe_post = relu;
  tensors.take(added);
  EXPECT_TRUE(tensors.take(copy(256, 4096)));
}

TEST(EnergyLaw, EachPartIsItsCountTimesItsJoules) {
  AneParameters ane = load_chip("M4").ane();
  TaskWork w;
  w.macs = 1000, w.kernel_bytes = 300, w.weight_bytes = 20, w.load_bytes = 300;
  w.store_bytes = 4000, w.l2_bytes = 50'000, w.planar_elements = 600, w.planar_second = 500;
  const TaskEnergy e = energy(w, ane);
  EXPECT_DOUBLE_EQ(e.mac, 1000 * ane.energy_mac_fp16);
  EXPECT_DOUBLE_EQ(e.kernel, 300 * ane.energy_kernel_byte);
  EXPECT_DOUBLE_EQ(e.l2, 50'000 * ane.energy_l2_byte);
  EXPECT_DOUBLE_EQ(e.dma, 4320 * ane.energy_dma_byte);
  EXPECT_DOUBLE_EQ(e.dram, 4320 * ane.energy_dram_byte);
  EXPECT_DOUBLE_EQ(e.planar, 600 * ane.energy_pe_element);
  w.integer = true, w.rectified = true;
  EXPECT_DOUBLE_EQ(energy(w, ane).mac, 1000 * ane.energy_mac_int8 * ane.energy_relu_mac);
}

TEST(EnergyLaw, KernelMemoriesAreWrittenWithTheDecodedWeights) {
  const AneParameters ane = load_chip("M4").ane();
  Task t;
  t.ne = NeOp::mac;
  t.in1 = {.w = 8, .h = 1, .c = 64, .n = 1};
  t.out = {.w = 8, .h = 1, .c = 32, .n = 1};
  t.kw = 3;
  EXPECT_EQ(count_work(t, ane).kernel_bytes, 32 * 64 * 3 * 2);
  t.l2_in1.format = isa::Format::i8;
  EXPECT_EQ(count_work(t, ane).kernel_bytes, 32 * 64 * 3);
  t.l2_in1.format = isa::Format::fp16;
  t.ne = NeOp::mm;
  t.in2 = {.w = 32, .h = 1, .c = 64, .n = 1};
  EXPECT_EQ(count_work(t, ane).kernel_bytes, 32 * 64 * 2);
}

TEST(EnergyLaw, LitCoresDrawTheirPowerAsLongAsTheirTasksTake) {
  const std::string work = "unit=ane kind=conv path=direct cin=512 h=32 w=32 cout=";
  for (const int cout : {4, 16, 256}) {
    const PricedText p = of(work + std::to_string(cout));
    const double engine = p.seconds - part(p.causes, "dispatch");
    EXPECT_NEAR(part(p.energy, "lit cores"),
                load_chip("M4").ane().power_core * std::min(16, cout) * engine, 1e-9 * p.joules)
        << cout;
  }
}

TEST(EnergyLaw, AnAwakeEngineLeaksAndAWakingOneDrawsItsPower) {  // [E1]
  const AneParameters ane = load_chip("M4").ane();
  const std::string call = "unit=ane kind=launch path=direct";
  EXPECT_NEAR(part(of(call, "M4", {"ane.power.leakage=1 W"}).energy, "awake"),
              (ane.power_awake + 1) * ane.dispatch_direct, 1e-12);
  // A first call: at the floor clock, and the rail must come on.
  const PricedText cold = of(call + " cold=1 idle_s=" + std::to_string(ane.rail_off_after));
  EXPECT_NEAR(part(cold.energy, "awake"),
              ane.power_awake * (ane.dispatch_direct * ane.energy_floor_share + ane.cold_wake),
              1e-9);
}

TEST(EnergyLaw, EveryPassThroughAProgramTakesItsEnergyAgain) {
  Execution one;
  one.duration = {1000};
  one.causes[0] = 1e-9;
  one.energy = {.mac = 1, .l2 = 2, .kernel = 3, .dma = 4, .dram = 5, .planar = 6};
  one.work.macs = 7;
  one.lit_core_seconds = 8;
  one.tasks.resize(1);
  one.tasks[0].end = {1000};
  const Execution all = passes(one, 3);
  EXPECT_EQ(all.duration.count, 3000);
  EXPECT_DOUBLE_EQ(all.causes[0], 3e-9);
  EXPECT_EQ(all.energy.mac, 3);
  EXPECT_EQ(all.energy.l2, 6);
  EXPECT_EQ(all.energy.kernel, 9);
  EXPECT_EQ(all.energy.dma, 12);
  EXPECT_EQ(all.energy.dram, 15);
  EXPECT_EQ(all.energy.planar, 18);
  EXPECT_EQ(all.work.macs, 21);
  EXPECT_EQ(all.lit_core_seconds, 24);
  ASSERT_EQ(all.tasks.size(), 3u);
  EXPECT_EQ(all.tasks[2].start.count, 2000);
  EXPECT_EQ(all.tasks[2].end.count, 3000);
}

TEST(EnergyLaw, AHostsCoreWorksForTheCopiesAndItsShareOfTheDispatch) {  // [E4]
  const Chip chip = load_chip("M4");
  const auto host = [&](double dispatch, double copies) {
    return part(energy_in_scope({}, workloads::Scope::whole, chip,
                                {.dispatch = dispatch, .copies = copies}),
                "host core");
  };
  ASSERT_NE(chip.ane().dispatch_host_share, 1);
  EXPECT_DOUBLE_EQ(host(1, 0), chip.cpu().power_core * chip.ane().dispatch_host_share);
  EXPECT_DOUBLE_EQ(host(0, 1), chip.cpu().power_core);
}

TEST(EnergyLaw, ACpusPackageKeepsItsStaticPower) {  // [E4]
  const std::string spec = "unit=cpu path=accelerate kind=matmul m=512 n=512 k=512";
  const PricedText all = of(spec, "M2Pro"), package = of(spec + " scope=package", "M2Pro");
  EXPECT_DOUBLE_EQ(part(package.energy, "static"), part(all.energy, "static"));
  EXPECT_DOUBLE_EQ(package.joules, all.joules - part(all.energy, "memory"));
}

TEST(EnergyLaw, ARailOfWhichNothingIsSaidSeesNoMemoryAndEachMacOnce) {  // [E4]
  Description d = load_chip("M4").description();
  const auto seen = [&] {
    return energy_in_scope({{"DRAM", 3}, {"MAC", 5}, {"L2", 7}}, workloads::Scope::rail, Chip(d),
                           {});
  };
  d.parameters.at("ane.energy.dram_on_rail").value = 0.5;
  EXPECT_EQ(part(seen(), "DRAM"), 1.5);
  d.parameters.erase("ane.energy.dram_on_rail");
  d.parameters.erase("ane.energy.mac_on_rail");
  EXPECT_EQ(part(seen(), "DRAM"), 0);
  EXPECT_EQ(part(seen(), "MAC"), 5);
  EXPECT_EQ(part(seen(), "L2"), 7);
}

}  // namespace
}  // namespace ane::sim
