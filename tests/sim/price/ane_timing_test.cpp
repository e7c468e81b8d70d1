// The laws of docs/timing.md for the ANE, each at its boundary against its closed form. Labels are
// those of the page.
#include <gtest/gtest.h>

#include <cmath>

#include "isa/error.h"
#include "sim/ane/timing.h"
#include "sim/chips/chip.h"
#include "sim/price/call.h"
#include "sim/price/placement.h"
#include "sim/price/plan.h"
#include "sim/runtimes/generation.h"
#include "sim/runtimes/runtime.h"
#include "tests/priced.h"
#include "workloads/compile/compile.h"

namespace ane::sim {
namespace {

using isa::NeOp;
using isa::PeMode;
using isa::Task;

PricedText of(const std::string& spec, const std::string& chip = "M4",
              const std::vector<std::string>& settings = {}) {
  return priced_text("unit=ane " + spec, chip, settings);
}
double time_of(const std::string& spec, const std::string& chip = "M4",
               const std::vector<std::string>& settings = {}) {
  return of(spec, chip, settings).seconds;
}
double cause(const PricedText& p, std::string_view name) {
  for (const results::Part& part : p.causes)
    if (part.name == name) return part.value;
  return 0;
}

const AneParameters& m4() {
  static const Chip chip = load_chip("M4");
  return chip.ane();
}

int m4_limit() {
  return load_chip("M4").machine().max_kernel_width;
}
using results::part;

// A convolution whose operands lie in L2, of `width` x 1 positions.
Task conv(std::int64_t cin, std::int64_t cout, std::int64_t width, int kernel = 1) {
  Task t;
  t.ne = NeOp::mac;
  t.in1 = {.w = width, .h = 1, .c = cin, .n = 1};
  t.out = {.w = width, .h = 1, .c = cout, .n = 1};
  t.kw = t.kh = kernel;
  return t;
}
isa::MemoryOperand in_memory(const isa::Extents& e) {
  isa::MemoryOperand m;
  m.enable = true;
  m.sw = 2;
  m.sh = 2 * e.w;
  m.sc = m.sh * e.h;
  m.sn = m.sc * e.c;
  return m;
}
void stream(Task& t, std::int64_t bytes_of_one) {
  t.kernel.enable = true;
  t.kernel.length = bytes_of_one;
  for (std::size_t e = 0; e < t.kernel.streams.size(); ++e)
    t.kernel.streams[e] = static_cast<std::int64_t>(e) * bytes_of_one;
}
TaskTime priced(const Task& t, const AneParameters& chip = m4()) {
  return price(t, count_work(t, chip), chip);
}

// Seconds of the array alone, whatever waits for L2.
double array_of(const Task& t, const AneParameters& chip = m4()) {
  const TaskTime p = priced(t, chip);
  return p.mac - p.bank_conflict;
}

double fixed_cycles(const Task& t, const AneParameters& chip) {
  return static_cast<double>((t.out.c + 15) / 16) / 16 * chip.unit_overhead;
}

TEST(AneLaw, AWorkUnitCostsItsProductsAndAFixedFill) {  // [T1]
  // 128 positions, 4096 products each, 2 channels an engine at 256 MAC a cycle; results leave by
  // the channel, 16 in the time of `unit_overhead`.
  const double cycles = 128.0 * 4096 * 2 / 256 + m4().unit_overhead * 2 / 16;
  EXPECT_DOUBLE_EQ(priced(conv(4096, 32, 128)).mac, cycles / m4().clock_hz);
  EXPECT_DOUBLE_EQ(priced(conv(4096, 32, 256)).mac, 2 * cycles / m4().clock_hz);
  // One position more begins another unit.
  EXPECT_GT(priced(conv(4096, 32, 129)).mac, priced(conv(4096, 32, 128)).mac * 1.1);
}

TEST(AneLaw, APassMakesAsManyChannelsAsTheKernelMemoryHolds) {  // [T2]
  // 4096 products of 2 bytes: 8 channels an engine, 128 in a pass.
  EXPECT_EQ(count_work(conv(4096, 128, 128), m4()).passes, 1);
  EXPECT_EQ(count_work(conv(4096, 129, 128), m4()).passes, 2);
  EXPECT_EQ(count_work(conv(64, 256, 128), m4()).passes, 1);  // never more than 16 an engine
  EXPECT_EQ(count_work(conv(64, 257, 128), m4()).passes, 2);
}

TEST(AneLaw, FewOutputChannelsLightFewCoresAndTakeAsLong) {  // [T3]
  for (const int cout : {1, 2, 4, 16}) {
    EXPECT_DOUBLE_EQ(priced(conv(512, cout, 128)).mac, priced(conv(512, 16, 128)).mac) << cout;
    EXPECT_EQ(count_work(conv(512, cout, 128), m4()).lit_cores, cout);
  }
  const double first = priced(conv(512, 16, 128)).mac, second = priced(conv(512, 17, 128)).mac;
  EXPECT_NEAR(second - first, (128.0 * 512 / 256 + m4().unit_overhead / 16) / m4().clock_hz, 1e-15);
}

TEST(AneLaw, ZeroWeightsAreSkippedByTheMeasuredShares) {  // [T4]
  AneParameters chip = m4();
  const auto mac = [&](double zeros) {
    Task t = conv(4096, 256, 128);
    t.skip = static_cast<std::uint16_t>(zeros * 65535);
    return priced(t, chip).mac - fixed_cycles(t, chip) / chip.clock_hz;
  };
  chip.detects_zeros = true;
  const double dense = mac(0);
  EXPECT_NEAR(mac(0.5) / dense, chip.zero_skip_50, 1e-4);
  EXPECT_NEAR(mac(0.75) / dense, chip.zero_skip_75, 1e-4);
  EXPECT_NEAR(mac(0.9) / dense, chip.zero_skip_90, 1e-4);
  EXPECT_NEAR(mac(0.625) / dense, (chip.zero_skip_50 + chip.zero_skip_75) / 2, 1e-4);
  EXPECT_NEAR(mac(0.95) / dense, (chip.zero_skip_90 + chip.zero_skip_100) / 2, 1e-4);
  chip.detects_zeros = false;  // dense storage hides them
  EXPECT_DOUBLE_EQ(mac(0.9), dense);
}

TEST(AneLaw, StagesOfATaskOverlapButForTheirFirstWorkUnit) {  // [T5]
  Task t = conv(512, 512, 256);
  t.load1 = in_memory(t.in1);
  const TaskTime p = priced(t);
  const double longest = std::max(p.mac, p.load), other = std::min(p.mac, p.load);
  EXPECT_DOUBLE_EQ(p.engine, p.overhead + longest + other / 2);
}

TEST(AneLaw, StreamsAPowerOfTwoApartMeetInTheMemory) {  // [T8]
  const double slow = m4().weight_conflict_bandwidth, fast = m4().weight_bandwidth;
  const auto rate = [](std::int64_t bytes, std::int64_t width) {
    Task t = conv(4096, 4096, width);
    stream(t, bytes);
    return 16.0 * static_cast<double>(bytes) / priced(t).weights;
  };
  EXPECT_NEAR(rate(2 << 20, 64), slow, 1);
  EXPECT_NEAR(rate(8 << 20, 64), slow, 1);
  EXPECT_NEAR(rate((2 << 20) + 64, 64), fast, 1);
  EXPECT_NEAR(rate(1 << 20, 64), fast, 1);
  EXPECT_NEAR(rate(2 << 20, 1), fast, 1);    // one position
  EXPECT_NEAR(rate(2 << 20, 128), fast, 1);  // a whole work unit
}

TEST(AneLaw, AnIdleEngineWakesWhereItsRailWentOff) {  // [T9]
  const AneParameters& a = m4();
  const auto idle = [](double s) { return "kind=launch path=direct idle_s=" + std::to_string(s); };
  EXPECT_NEAR(time_of(idle(a.rail_off_after)) - time_of(idle(a.rail_off_after - 1e-3)), a.cold_wake,
              1e-9);
}

TEST(AneLaw, AnIdleGapDropsTheClockAndLoadRaisesItAgain) {  // [T9]
  const std::string work =
      "kind=conv path=direct cin=512 cout=512 h=64 w=64 depth=64 shared_weights=1";
  const Chip chip = load_chip("M4");
  const double floor_share = chip.ane().floor_clock_hz / chip.ane().clock_hz;
  const auto engine = [&](const std::string& spec, const std::string& ramp) {
    const PricedText p = of(spec, "M4", {"ane.ramp_time=" + ramp});
    return p.seconds - cause(p, "dispatch");
  };
  EXPECT_DOUBLE_EQ(time_of(work + " idle_s=0.0003"), time_of(work));
  const double full = engine(work, "1 s"), floor = engine(work + " idle_s=0.0004", "100 s");
  EXPECT_NEAR(floor / full, 1 / floor_share, 0.01);
  EXPECT_NEAR(engine(work + " idle_s=0.0004", "0 s"), full, 1e-9);
  // A ramp that ends inside the call: half of it counts at either rate.
  const double ramp = 2e-3;
  EXPECT_NEAR(engine(work + " idle_s=0.0004", "2 ms"),
              ramp + (1 - ramp * (1 / floor + 1 / full) / 2) * full, 1e-6);
  EXPECT_NEAR(cause(of("kind=launch path=direct cold=1"), "dispatch"),
              chip.ane().dispatch_direct / floor_share, 1e-9);
}

TEST(AneLaw, TheFloorOfACallIsThatOfItsPath) {  // [T10]
  EXPECT_DOUBLE_EQ(time_of("kind=launch path=direct"),
                   m4().dispatch_direct + load_runtime("direct").costs().call_ane);
  EXPECT_DOUBLE_EQ(time_of("kind=launch path=coreml"),
                   m4().dispatch_coreml + load_runtime("coreml").costs().call_ane);
}

TEST(AneLaw, EveryFurtherLayerOfAChainCostsTheSame) {  // [T11]
  const auto chain = [](int depth) {
    return time_of("kind=conv path=direct cin=512 cout=512 h=1 w=64 shared_weights=1 depth=" +
                   std::to_string(depth));
  };
  const double layer = (chain(128) - chain(64)) / 64;
  EXPECT_NEAR((chain(192) - chain(128)) / 64, layer, 1e-4 * layer);
  // Beside the layers: the floor, and what the first and last layer move through memory.
  EXPECT_GT(chain(128) - 128 * layer, m4().dispatch_direct);
  EXPECT_LT(chain(128) - 128 * layer, m4().dispatch_direct + 12e-6);
  EXPECT_LT(chain(32) / 32, chain(1) / 10);
}

TEST(AneLaw, CompressedWeightsTakeTheirStoredBytes) {  // [T12]
  const auto weights = [](const std::string& format, const std::string& chip) {
    return cause(of("kind=matmul path=direct m=1 n=32768 k=4096 weights=" + format, chip),
                 "weights");
  };
  const double fp16 = weights("fp16", "M4");
  EXPECT_NEAR(fp16, 2.0 * 32768 * 4096 / m4().weight_bandwidth, 0.02 * fp16);
  EXPECT_NEAR(weights("int8", "M4") / fp16, 0.5, 0.02);
  EXPECT_NEAR(weights("lut4", "M4") / fp16, 0.25, 0.02);
  // M1 folds int8 to fp16, but streams the codes of a network with INT8 activations, and palettes.
  EXPECT_NEAR(weights("int8", "M1") / weights("fp16", "M1"), 1, 1e-9);
  EXPECT_NEAR(weights("int8 activations=int8", "M1") / weights("fp16", "M1"), 0.5, 0.02);
  EXPECT_NEAR(weights("lut6", "M1") / weights("fp16", "M1"), 0.375, 0.02);
}

TEST(AneLaw, PalettesAreDecodedAtARateOfTheirOwn) {  // [T22]
  // One position: neither the array nor activations bind.
  const auto time = [](const std::string& format, const std::string& chip) {
    return time_of("kind=matmul path=direct m=1 n=32768 k=4096 weights=" + format, chip);
  };
  for (const char* chip : {"M1", "M4"}) {
    const AneParameters ane = load_chip(chip).ane();
    const double decoded = 32768.0 * 4096 / (16 * 4 * ane.clock_hz);
    for (const char* format : {"lut1", "lut2", "lut2 activations=int8"})
      EXPECT_NEAR(time(format, chip) - ane.dispatch_direct, decoded, 0.03 * decoded)
          << chip << " " << format;
    // A decoder of any rate leaves the bytes.
    const double bytes = time_of("kind=matmul path=direct m=1 n=32768 k=4096 weights=lut2", chip,
                                 {"ane.palette_decode=1000"}) -
                         ane.dispatch_direct;
    EXPECT_NEAR(bytes, 32768.0 * 4096 / 4 / ane.weight_bandwidth, 0.05 * bytes) << chip;
  }
  // One palette at a time: channels that share none are decoded one by one.
  const AneParameters phone = load_chip("A17Pro").ane();
  for (const auto& [scales, channels] :
       {std::pair{std::string("channel"), 1}, {std::string("group2"), 2}}) {
    const double apart = 32768.0 * 4096 / (16 * channels * *phone.palette_channel * phone.clock_hz);
    EXPECT_NEAR(time("lut4 scales=" + scales, "A17Pro") - phone.dispatch_direct, apart,
                0.03 * apart);
  }
  EXPECT_EQ(time("lut4 scales=group16", "A17Pro"), time("lut4", "A17Pro"));
  // 8 bits are bound by their bytes.
  EXPECT_GT(time("lut8", "M4"), 1.8 * time("lut2", "M4"));
}

TEST(AneLaw, IntegerActivationsPayInChainsOnly) {  // [T13]
  const auto time = [](const std::string& numbers, int depth) {
    return time_of("kind=conv path=direct cin=512 cout=512 h=64 w=64 shared_weights=1 depth=" +
                   std::to_string(depth) + numbers);
  };
  const std::string w8a8 = " weights=int8 activations=int8", w8 = " weights=int8";
  // One layer carries both conversions; a chain carries them once.
  EXPECT_GT(time(w8a8, 1), time(w8, 1));
  EXPECT_GT(time(w8, 128) / time(w8a8, 128), 1.8);
  EXPECT_LT(time(w8, 128) / time(w8a8, 128), 2.0);
}

TEST(AneLaw, WinogradDividesDenseThreeByThreeOfStrideOne) {  // [T14]
  AneParameters chip = m4();
  chip.winograd_gain = 1.45;
  Task t = conv(256, 256, 128, 3);
  const double fixed = fixed_cycles(t, chip) / chip.clock_hz;
  const double direct = priced(t, chip).mac;
  t.winograd = true;
  EXPECT_NEAR((direct - fixed) / (priced(t, chip).mac - fixed), 1.45, 1e-9);
  // Lowering asks for it for these and no others.
  const std::string layer = "kind=conv path=direct cin=512 cout=512 h=32 w=32 ";
  const auto gain = [&](const std::string& rest) {
    return time_of(layer + rest) / time_of(layer + rest, "M4", {"ane.winograd_gain=1.45"});
  };
  EXPECT_GT(gain("kh=3 kw=3"), 1.15);
  for (const char* other :
       {"kh=3 kw=3 stride=2", "kh=5 kw=5", "kh=1 kw=1", "kh=3 kw=3 weights=sparse50"})
    EXPECT_NEAR(gain(other), 1, 1e-9) << other;
}

TEST(AneLaw, ActivationsOfAChainLeaveL2WhereTwoOfThemDoNotFit) {  // [T15]
  // M1 chains no tiles: 512 channels of 960 positions are 0.94 MiB, of 1088 1.06 MiB.
  const auto bytes = [](int width, int depth, const std::string& chip) {
    return of("kind=conv path=direct cin=512 cout=512 h=1 shared_weights=1 depth=" +
                  std::to_string(depth) + " w=" + std::to_string(width),
              chip)
        .dram_bytes;
  };
  const double small = 2.0 * 512 * 960, large = 2.0 * 512 * 1088;
  EXPECT_NEAR(bytes(960, 16, "M1") - bytes(960, 8, "M1"), 0, 0.01 * small);
  EXPECT_GE(bytes(1088, 16, "M1") - bytes(1088, 8, "M1"), 8 * large);
  // M4 runs the chain tile by tile: input and result alone pass the memory.
  EXPECT_NEAR(bytes(4096, 16, "M4") - bytes(4096, 8, "M4"), 0, 0.2 * 8 * 2 * 512 * 4096);
}

TEST(AneLaw, AProductOfActivationsAlsoLoadsItsRightHandSide) {  // [T16]
  Task conv1 = conv(1024, 1024, 128), mm = conv1;
  mm.ne = NeOp::mm;
  mm.in2 = {.w = 1024, .h = 1, .c = 1024, .n = 1};
  const double right = 2.0 * 1024 * 1024 / m4().product_load / m4().l2_clock_hz;
  const double out = 2.0 * 1024 * 128 / m4().l2_write / m4().l2_clock_hz;
  EXPECT_DOUBLE_EQ(priced(mm).mac, std::max(priced(conv1).mac, right + out));
  EXPECT_GT(priced(mm).mac, priced(conv1).mac);
}

TEST(AneLaw, ResultsLeaveThroughOnePortOfL2) {  // [T16]
  // One product a result: the port bounds, and what it adds is told apart.
  const Task t = conv(1, 256, 4096);
  const TaskTime p = priced(t);
  EXPECT_DOUBLE_EQ(p.mac, 2.0 * 256 * 4096 / m4().l2_write / m4().l2_clock_hz);
  EXPECT_GT(p.bank_conflict, 0);
}

TEST(AneLaw, BatchesHelpOnlyWhereTheFloorBinds) {  // [T18]
  const auto item = [](const std::string& work, int batch) {
    return time_of(work + " batch=" + std::to_string(batch)) / batch;
  };
  const std::string small = "kind=matmul path=direct m=1 n=256 k=256",
                    large = "kind=conv path=direct cin=512 cout=512 h=64 w=64";
  EXPECT_LT(item(small, 64), item(small, 1) / 20);
  EXPECT_GT(item(large, 16), item(large, 1) / 3);
}

TEST(AneLaw, HostCopiesAreThoseOfTheRuntime) {  // [T18]
  // 4 MiB in, 4 MiB out.
  const std::string relu = "kind=elementwise op=relu elements=2097152 path=";
  EXPECT_NEAR(cause(of(relu + "aneforge"), "host copies"), 8.0 * 1048576 / m4().host_copy_bandwidth,
              1e-9);
  EXPECT_EQ(cause(of(relu + "direct"), "host copies"), 0);
}

TEST(AneLaw, WeightsAndTilesShareOnePortToTheMemory) {  // [T19]
  AneParameters chip = m4();
  chip.tile_bandwidth = chip.weight_bandwidth = 1e12;
  Task t = conv(64, 64, 4096);
  t.load1 = in_memory(t.in1);
  stream(t, 1 << 20);
  const TaskTime p = priced(t, chip);
  EXPECT_NEAR(p.engine - p.overhead, (16.0 * 1048576 + 2.0 * 64 * 4096) / chip.dram_bandwidth,
              1e-12);
}

TEST(AneLaw, BandwidthIsOfOneOfTwoClasses) {  // [T19]
  for (const std::string& name : chip_names()) {
    const Chip chip = load_chip(name);
    if (!chip.has_ane() || name[0] != 'M') continue;  // phones have less memory than either
    const double gb = chip.ane().dram_bandwidth / 1e9;
    EXPECT_TRUE((gb > 50 && gb < 72) || (gb > 115 && gb < 155)) << name << " " << gb;
  }
}

TEST(AneLaw, TheMemoryIsSharedWithCpuAndGpu) {  // [T20]
  const std::string work = "kind=matmul path=direct m=1 n=32768 k=4096";
  const Chip chip = load_chip("M4");
  const double alone = cause(of(work), "weights");
  const double both = chip.ane().dram_bandwidth + chip.gpu().bandwidth_stream;
  ASSERT_GT(both, chip.memory().bandwidth);
  EXPECT_NEAR(cause(of(work + " concurrent=gpu"), "weights"),
              alone * both / chip.memory().bandwidth, 1e-3 * alone);
  // M4 Max has memory for both.
  const Chip max = load_chip("M4 Max");
  ASSERT_LT(max.ane().dram_bandwidth + max.cpu().bandwidth, max.memory().bandwidth);
  EXPECT_DOUBLE_EQ(time_of(work + " concurrent=cpu", "M4 Max"), time_of(work, "M4 Max"));
  EXPECT_THROW(of(work + " concurrent=fpga"), InputError);
}

TEST(AneLaw, ThePlanarEngineReadsTwoOperandsAtHalfTheRate) {  // [T21]
  Task t;
  t.pe = PeMode::ew;
  t.in1 = t.in2 = t.out = {.w = 1024, .h = 1, .c = 64, .n = 1};
  EXPECT_DOUBLE_EQ(priced(t).planar, 65536 / m4().pe_elements_two / m4().l2_clock_hz);
  // A broadcast operand is read with the elements it has.
  Task scaled = t;
  scaled.in2.w = 1;
  EXPECT_DOUBLE_EQ(
      priced(scaled).planar,
      ((65536 - 64) / m4().pe_elements + 64 / m4().pe_elements_two) / m4().l2_clock_hz);
  // What the neural engines make does not pass its read port.
  Task joined = conv(64, 64, 1024);
  joined.pe = PeMode::ew;
  joined.in2 = joined.out;
  EXPECT_DOUBLE_EQ(priced(joined).planar, 65536 / m4().pe_elements / m4().l2_clock_hz);
}

TEST(AneLaw, SoftmaxAndNormsPassThePlanarEngineOnceATask) {  // [T21]
  // [256, 1024] on M4; row by row of the cost.
  const auto engine = [](const std::string& op) {
    const std::string one = "kind=op path=direct shape=256x1024 op=" + op;
    return cause(of(one), "planar engine") + cause(of(one), "compute") + cause(of(one), "overhead");
  };
  const double pass = 262144 / m4().pe_elements / m4().l2_clock_hz;
  // Maximum, difference (two operands), exponential, sum, product (two operands).
  EXPECT_GT(engine("softmax"), 2 * pass);
  EXPECT_LT(engine("softmax"), 8 * pass);
  EXPECT_GT(engine("layer_norm"), engine("softmax"));
}

TEST(AneLaw, SoftmaxLargerThanL2ReadsItsOperandOnce) {  // [T21]
  // Its steps run on one piece after the other: 64 MiB in, 64 MiB out, whatever the chip chains.
  for (const char* chip : {"M1", "M4"})
    EXPECT_LT(of("kind=op path=direct shape=1024x32768 op=softmax", chip).dram_bytes,
              1.1 * 2 * 2.0 * 1024 * 32768)
        << chip;
}

TEST(AneLaw, ACompilerThatKeepsNothingInL2MovesEveryResult) {  // [T24]
  const std::string net = "kind=network name=mobilenet_v2 path=";
  const PricedText kept = of(net + "coreml", "A13"), moved = of(net + "coreml_ios13", "A13");
  // 5.2 M numbers of 18 blocks, written and read once each, and more where two operators read one.
  EXPECT_GT(moved.dram_bytes - kept.dram_bytes, 2 * 2 * 5.2e6);
  EXPECT_GT(cause(moved, "activations"), 2 * cause(kept, "activations"));
}

TEST(AneLaw, ADetourForNormalisationsIsPaidOnceAProgram) {  // [T24]
  const auto more = [](const std::string& name) {
    const std::string net = "kind=network name=" + name + " path=";
    return time_of(net + "coreml_ios15", "A14") - time_of(net + "coreml", "A14");
  };
  const RuntimeParameters ios15 = load_runtime("coreml_ios15").costs();
  EXPECT_NEAR(more("resnet18"), ios15.call_ane, 1e-9);
  for (const char* name : {"poolformer_s12", "poolformer_s24"})
    EXPECT_NEAR(more(name),
                ios15.call_ane + *generation_of(load_runtime("coreml_ios15")).norm_detour, 1e-9)
        << name;
}

TEST(AneLaw, ACompilerThatAbsorbsTranspositionsMakesTheChannelsFirstProgram) {  // [T24]
  const auto whisper = [](const char* name, const char* path) {
    return time_of(std::string("kind=encoder tokens=300 name=") + name + " path=" + path, "M1");
  };
  EXPECT_DOUBLE_EQ(whisper("whisper-tiny", "coreml_macos26"),
                   whisper("whisper-tiny-ane", "coreml"));
  EXPECT_GT(whisper("whisper-tiny", "coreml"), 1.3 * whisper("whisper-tiny-ane", "coreml"));
}

TEST(AneLaw, WeightsComeAheadIntoTheSystemCacheOfPhones) {  // [T7]
  const auto net = [](const std::string& weights, const char* ahead) {
    return time_of(
        "kind=network path=coreml name=mobilenet_v2 input=1x3x224x224 weights=" + weights, "A16",
        {std::string("ane.weights_ahead=") + ahead});
  };
  EXPECT_LT(net("fp16", "24MiB"), 1.05 * net("lut2", "24MiB"));
  EXPECT_GT(net("fp16", "0MiB"), 1.15 * net("lut2", "0MiB"));
  // The memory is no faster for it: one layer's weights come no sooner.
  const auto vector = [](const char* ahead) {
    return time_of("kind=matmul path=direct m=1 n=4096 k=4096", "A16",
                   {std::string("ane.weights_ahead=") + ahead});
  };
  EXPECT_NEAR(vector("24MiB"), vector("0MiB"), 0.01 * vector("0MiB"));
}

TEST(AneLaw, TasksDoNotOverlapEachOther) {  // [T17]
  // A chain of unequal layers takes the sum of its layers' engine times.
  const auto engine = [](const std::string& spec) {
    const PricedText p = of("kind=conv path=direct h=1 w=512 " + spec);
    return p.seconds - cause(p, "dispatch");
  };
  const double one = engine("cin=256 cout=256 depth=3 shared_weights=1") -
                     engine("cin=256 cout=256 depth=2 shared_weights=1");
  const double many = engine("cin=256 cout=256 depth=10 shared_weights=1") -
                      engine("cin=256 cout=256 depth=2 shared_weights=1");
  EXPECT_NEAR(many, 8 * one, 0.02 * many);
}

TEST(AneLaw, AWorkUnitTakesTheShapeAndSizeOfTheFewestCycles) {  // [T1]
  const auto mac = [](const Task& t, double pixels, double units) {
    const double channels = std::ceil(static_cast<double>(t.out.c) / 16);
    return (units * pixels * static_cast<double>(t.in1.c) * channels / m4().macs_fp16 +
            units * channels / 16 * m4().unit_overhead) /
           m4().clock_hz;
  };
  const auto expect = [&](const Task& t, double pixels, double units) {
    const TaskWork w = count_work(t, m4());
    EXPECT_EQ(w.unit_pixels, pixels);
    EXPECT_EQ(w.units, units);
    EXPECT_NEAR(array_of(t), mac(t, pixels, units), 1e-9 * mac(t, pixels, units));
  };
  expect(conv(4096, 32, 1), 16, 1);  // none is smaller
  expect(conv(4096, 32, 16), 16, 1);
  expect(conv(4096, 32, 17), 32, 1);
  // 129 positions of little work: three half units, since every unit costs its drain.
  expect(conv(64, 256, 129), 64, 3);
  // 16 x 16 positions are two units of 16 columns and 8 rows.
  Task square = conv(1024, 32, 16);
  square.in1.h = square.out.h = 16;
  expect(square, 128, 2);
  square.in1.n = square.out.n = 3;
  expect(square, 128, 6);
}

TEST(AneLaw, IntegerUnitsHave256PositionsAndTheirOwnDrain) {  // [T1]
  Task t = conv(4096, 32, 256);
  t.l2_in1.format = isa::Format::i8;
  const TaskWork w = count_work(t, m4());
  EXPECT_EQ(w.units, 1);
  EXPECT_EQ(w.unit_pixels, 256);
  EXPECT_DOUBLE_EQ(
      priced(t).mac,
      (256.0 * 4096 * 2 / m4().macs_int8 + 2.0 / 16 * m4().unit_overhead_int8) / m4().clock_hz);
}

TEST(AneLaw, ChannelsOfAPassAreAPowerOfTwo) {  // [T2]
  // 6553 products of 2 bytes: 5 channels would fit, 4 are made; of codes 10 and 8.
  EXPECT_EQ(count_work(conv(6553, 64, 1), m4()).passes, 1);
  EXPECT_EQ(count_work(conv(6553, 65, 1), m4()).passes, 2);
  Task codes = conv(6553, 128, 1);
  codes.l2_in1.format = isa::Format::i8;
  EXPECT_EQ(count_work(codes, m4()).passes, 1);
  codes.out.c = 129;
  EXPECT_EQ(count_work(codes, m4()).passes, 2);
}

TEST(AneLaw, ADepthwiseConvolutionHasOneMultiplierForAnInput) {
  // An input feeds two multipliers, for two output channels; a depthwise one has one for it.
  Task t = conv(256, 256, 128);
  t.kw = t.kh = 3;
  const auto products = [&](std::int64_t groups, std::int64_t couts) {
    t.groups = groups;
    t.out.c = couts;
    return (array_of(t) * m4().clock_hz - fixed_cycles(t, m4())) /
           (128.0 * 9 * static_cast<double>(256 / groups * couts) / 16 / 256);
  };
  EXPECT_NEAR(products(256, 256), 2, 1e-9);
  EXPECT_NEAR(products(256, 512), 1, 1e-9);
  EXPECT_NEAR(products(128, 128), 2, 1e-9);  // two inputs for the one output of a group
  EXPECT_NEAR(products(128, 256), 1, 1e-9);
  EXPECT_NEAR(products(1, 256), 1, 1e-9);
}

TEST(AneLaw, StreamsMeetBetweenTwoPositionsAndAWorkUnitAndFrom32ChannelsOn) {  // [T8]
  const auto meets = [](std::int64_t positions, std::int64_t couts) {
    Task t = conv(64, couts, positions);
    stream(t, 2 << 20);
    return priced(t).weights > 1.01 * 16 * static_cast<double>(2 << 20) / m4().weight_bandwidth;
  };
  EXPECT_FALSE(meets(1, 32));
  EXPECT_TRUE(meets(2, 32));
  EXPECT_TRUE(meets(127, 32));
  EXPECT_FALSE(meets(128, 32));
  EXPECT_FALSE(meets(64, 31));
}

TEST(AneLaw, BanksOfL2CarryAllThatIsReadAndWrittenThere) {  // [T16]
  AneParameters chip = m4();
  chip.l2_banks = 1;
  const double rate = static_cast<double>(chip.l2_bank_width.count) * chip.l2_clock_hz;
  // 8 channels an engine in a pass: the source is read once, or twice.
  const auto bytes = [](double passes, double couts) { return 2 * 128 * (4096 * passes + couts); };
  EXPECT_DOUBLE_EQ(priced(conv(4096, 128, 128), chip).mac, bytes(1, 128) / rate);
  EXPECT_DOUBLE_EQ(priced(conv(4096, 129, 128), chip).mac, bytes(2, 129) / rate);
  Task mm = conv(4096, 64, 128);
  mm.ne = NeOp::mm;
  mm.in2 = {.w = 64, .h = 1, .c = 4096, .n = 1};
  EXPECT_DOUBLE_EQ(priced(mm, chip).mac, (bytes(1, 64) + 2.0 * 64 * 4096) / rate);
  // What the tile DMA brings passes them too.
  Task loaded = conv(4096, 128, 128);
  loaded.load1 = in_memory(loaded.in1);
  EXPECT_DOUBLE_EQ(priced(loaded, chip).mac, (bytes(1, 128) + 2.0 * 4096 * 128) / rate);
}

TEST(AneLaw, TilesMoveInWholeGranulesAndRepeatedRowsOnce) {
  Task t = conv(8, 16, 5);
  t.in1.h = t.out.h = 3;
  t.load1 = in_memory(t.in1);
  const auto loaded = [&] { return count_work(t, m4()).load_bytes; };
  EXPECT_EQ(loaded(), 8 * 3 * 16);  // 5 columns of 2 bytes: one granule of 16
  t.in1.w = t.out.w = 9;
  EXPECT_EQ(loaded(), 8 * 3 * 32);
  t.load1.sc = 0;  // one channel for all
  EXPECT_EQ(loaded(), 3 * 32);
  t.load1.sh = 0;
  EXPECT_EQ(loaded(), 32);
  t.load1.sw = 0;  // one value
  EXPECT_EQ(loaded(), 16);
  t.load1.sw = 4;  // columns apart: a granule each
  EXPECT_EQ(loaded(), 9 * 16);
  t.load1 = in_memory(t.in1);
  const double bytes = 8 * 3 * 32;
  EXPECT_DOUBLE_EQ(priced(t).load, bytes / m4().tile_bandwidth + m4().dram_latency);
  t.load1 = {};
  EXPECT_EQ(priced(t).load, 0);
}

TEST(AneLaw, BiasAndScaleAreStreamedByTheOutputChannel) {  // [T12]
  const auto bytes = [](bool integer, std::int64_t bias, std::int64_t scale) {
    Task t = conv(64, 24, 1);
    stream(t, 256);
    if (integer) t.l2_in1.format = isa::Format::i8;
    t.kernel.bias = bias, t.kernel.scale = scale;
    return count_work(t, m4()).weight_bytes - 16 * 256;
  };
  EXPECT_EQ(bytes(false, 0, 0), 0);
  EXPECT_EQ(bytes(false, 1, 0), 24 * 2);
  EXPECT_EQ(bytes(false, 0, 1), 24 * 2);
  EXPECT_EQ(bytes(true, 1, 1), 24 * 4 + 24 * 2);
  // Fewer channels than engines have fewer streams.
  Task few = conv(64, 5, 1);
  stream(few, 256);
  EXPECT_EQ(count_work(few, m4()).weight_bytes, 5 * 256);
}

TEST(AneLaw, APoolReadsItsWindowForEachResult) {  // [T21]
  Task t;
  t.pe = PeMode::pool;
  t.in1 = {.w = 64, .h = 64, .c = 16, .n = 1};
  t.out = {.w = 32, .h = 21, .c = 16, .n = 1};
  t.kw = 2, t.kh = 3, t.sx = 2, t.sy = 3;
  EXPECT_DOUBLE_EQ(priced(t).planar, 32.0 * 21 * 16 * 6 / m4().pe_elements / m4().l2_clock_hz);
}

TEST(AneLaw, ProgramsHoldNoMoreThanTwoGibibytesOfWeights) {
  const auto dispatches = [](int k) {
    return cause(of("kind=matmul path=direct m=1 n=65536 k=" + std::to_string(k)), "dispatch") /
           m4().dispatch_direct;
  };
  EXPECT_NEAR(dispatches(16320), 1, 1e-9);
  EXPECT_NEAR(dispatches(20480), 2, 1e-9);  // 2.5 GiB
}

TEST(AneLaw, SeveralEnginesShareTheirEfficiencyOfAllRates) {  // [T23]
  const Chip chip = load_chip("M1 Ultra");
  const auto under = [&](std::int64_t engines) {
    workloads::Conditions c;
    c.engines = engines;
    return ane_under(c, chip);
  };
  const AneParameters one = under(1), two = under(2);
  const double gain = 2 * one.engines_efficiency;
  EXPECT_EQ(two.macs_fp16, static_cast<int>(one.macs_fp16 * gain));
  EXPECT_EQ(two.macs_int8, static_cast<int>(one.macs_int8 * gain));
  EXPECT_DOUBLE_EQ(two.pe_elements, one.pe_elements * gain);
  EXPECT_DOUBLE_EQ(two.pe_elements_two, one.pe_elements_two * gain);
  EXPECT_EQ(two.dram_bandwidth, one.dram_bandwidth);
  EXPECT_THROW(under(3), InputError);
}

TEST(AneLaw, HostCopiesAreNoFasterThanTheMemory) {  // [T18]
  const auto rate = [](const std::string& of_runtime, const std::string& of_memory) {
    return 1048576.0 / call_costs(load_chip("M4", {"memory.bandwidth=" + of_memory}),
                                  load_runtime("aneforge", {"copy.bandwidth=" + of_runtime}),
                                  Bytes{1 << 20})
                           .copies;
  };
  EXPECT_NEAR(rate("20 GB/s", "50 GB/s"), 20e9, 1);
  EXPECT_NEAR(rate("80 GB/s", "50 GB/s"), 50e9, 1);
}

TEST(AneLaw, TensorsOfTheHostInFp32TakeFourBytesOnTheirWay) {
  const auto moved = [](const std::string& io) {
    return of("kind=elementwise op=relu elements=65536 path=direct" + io).dram_bytes;
  };
  EXPECT_DOUBLE_EQ(moved(""), 2.0 * 2 * 65536);
  EXPECT_DOUBLE_EQ(moved(" io=fp32"), 2.0 * 4 * 65536);
}

TEST(AneLaw, AGapOfItsLengthFindsTheFloorClockAndARailThatIsOff) {  // [T9]
  const AneParameters& a = m4();
  const auto state = [&](double idle) {
    workloads::Conditions c;
    c.idle_s = idle;
    return state_of(c, a);
  };
  const double floor = a.floor_clock_hz / a.clock_hz;
  EXPECT_EQ(state(std::nextafter(a.idle_gap, 0)).clock_share, 1);
  EXPECT_EQ(state(a.idle_gap).clock_share, floor);
  EXPECT_EQ(state(std::nextafter(a.rail_off_after, 0)).wake, 0);
  EXPECT_EQ(state(a.rail_off_after).wake, a.cold_wake);
  EXPECT_EQ(state(a.rail_off_after).clock_share, floor);
}

// relu, tanh, and a convolution that is too wide between.
workloads::Graph with_a_wide_kernel() {
  workloads::GraphBuilder b("wide");
  const kernels::TensorType type{isa::Format::fp16, {.w = 64, .h = 4, .c = 8, .n = 1}};
  const auto x = b.input("x", type), p = b.unary("p", "relu", x), q = b.unary("q", "tanh", p);
  auto wide = std::make_shared<kernels::Parameters>();
  wide->cout = wide->cin = 8;
  wide->kw = m4_limit() + 2;
  kernels::Attributes a;
  a.pad_left = a.pad_right = wide->kw / 2;
  const auto y = b.conv("wide", q, wide, a);
  b.output(b.unary("z", "relu", y));
  return b.finish();
}

TEST(Fallback, ASegmentGivesWhatIsReadBehindItAndNothingElse) {
  const std::vector<Segment> segments =
      segments_of(with_a_wide_kernel(), load_chip("M4").machine());
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_TRUE(segments[0].on_ane);
  EXPECT_FALSE(segments[1].on_ane);
  for (const Segment& s : segments) {
    EXPECT_EQ(s.graph.inputs.size(), 1u);
    EXPECT_EQ(s.graph.outputs.size(), 1u);
  }
  EXPECT_EQ(segments[0].graph.nodes.size(), 2u);
}

TEST(Fallback, TheCpuMakesFloat32OfTheFilesWeights) {
  const int kernel = m4_limit() + 2;
  const workloads::Request r = workloads::parse_request(
      "unit=ane path=coreml kind=conv cin=64 cout=64 h=4 w=64 kh=1 kw=" + std::to_string(kernel));
  const results::Cost c = price(r, target_of(r, load_chip("M4")));
  EXPECT_EQ(part(c.totals.memory_parts, "weights"), 64 * 64 * kernel * 2);
}

TEST(Plans, TheQuickestIsTaken) {
  const Chip chip = load_chip("M4");
  for (const char* text :
       {"kind=network name=resnet18 input=1x3x224x224", "kind=encoder name=distilbert tokens=256",
        "kind=conv cin=256 cout=256 h=64 w=64 kh=3 kw=3 depth=6"}) {
    const workloads::Graph g = workloads::graph_of(workloads::parse_request(text), chip.machine());
    const auto least = quickest_plan(g, chip, true).schedule->time(chip.ane(), 1, false).duration;
    for (const std::int64_t quarters : {4, 3, 2, 1}) {
      isa::Machine m = chip.machine();
      m.l2 = Bytes{m.l2.count / 4 * quarters};
      const ChipLaw law(chip.planned());
      const workloads::Compiled c =
          workloads::compile(g, m, kernels::arith::profile_named(m.default_profile),
                             {.with_values = false, .law = &law});
      EXPECT_LE(least.count,
                Schedule(c.program, chip.ane()).time(chip.ane(), 1, false).duration.count)
          << text << " " << quarters;
    }
  }
}

TEST(AneLaw, ABatchThatFillsItsCallsTakesNoFurtherOne) {
  const auto dispatch = [](int batch) {
    const PricedText p = priced_text(
        "unit=ane path=direct kind=readqc name=mlp batch=" + std::to_string(batch), "M3");
    return part(p.causes, "dispatch") / load_chip("M3").ane().dispatch_direct;
  };
  EXPECT_NEAR(dispatch(16384), 1, 1e-9);
  EXPECT_NEAR(dispatch(16385), 2, 1e-9);
  EXPECT_NEAR(dispatch(32768), 2, 1e-9);
}

TEST(AneLaw, AHalvedBatchIsCopiedWhole) {
  // Two passes over its halves are one call.
  const std::string work = "kind=conv path=aneforge cin=256 cout=256 h=64 w=64 kh=3 kw=3 depth=8 ";
  const PricedText one = of(work + "batch=1"), two = of(work + "batch=2");
  EXPECT_NEAR(part(two.causes, "host copies"), 2 * part(one.causes, "host copies"), 1e-9);
  EXPECT_NEAR(part(one.causes, "host copies"), 2.0 * 256 * 64 * 64 * 2 / m4().host_copy_bandwidth,
              1e-9);
}

}  // namespace
}  // namespace ane::sim
