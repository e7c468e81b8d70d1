// What an architect expects of any machine, over random requests: no unit moves more than its
// memory gives, more hardware is never slower, energy is never negative, and what does not fit is
// refused. ANESIM_ALL_CHIPS=1 asks every chip for every request.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <random>

#include "isa/error.h"
#include "tests/priced.h"

namespace ane::sim {
namespace {

using testing::HasSubstr;
using workloads::Request;

class RandomRequests {
 public:
  explicit RandomRequests(unsigned seed) : rng_(seed) {}

  std::string next() {
    switch (rng_() % 10) {
      case 0:
      case 1:
        return fmt::format("kind=matmul m={} n={} k={} batch={}", size(2048), size(4096),
                           size(4096), size(4));
      case 2:
      case 3: {
        // Windows cover every position: what a stride skips, smaller tiles skip more of.
        const std::int64_t c = size(512), edge = 2 * size(32);
        const auto kernel = 1 + 2 * (rng_() % 2);
        return fmt::format("kind=conv cin={} cout={} h={} w={} kh={} kw={} stride={} depth={}", c,
                           size(512), edge, edge, kernel, kernel, kernel == 1 ? 1 : 1 + rng_() % 2,
                           size(6));
      }
      case 4:
        return fmt::format("kind=elementwise op={} elements={}", rng_() % 2 ? "add" : "gelu",
                           size(4'000'000));
      case 5:
        return fmt::format("kind=op op={} shape={}x{}", rng_() % 2 ? "softmax" : "layer_norm",
                           size(1024), 16 * size(64));
      case 6:
        return fmt::format("kind=readqc name={} batch={}", rng_() % 2 ? "mlp" : "logistic",
                           size(20'000));
      case 7:
        return fmt::format("kind=mpnn residues={} encoder=1 decoder=1", 10 + size(120));
      case 8:
        return fmt::format(
            "kind=llm name=mine layers=2 hidden={0} ffn={1} heads=4 kv_heads=4 vocab={2} "
            "phase={3} tokens={4} context={5}",
            64 * size(16), 128 * size(16), size(8000), rng_() % 2 ? "decode" : "prefill",
            1 + rng_() % 40, size(500));
      default:
        return fmt::format("kind=encoder name=distilbert tokens={} batch={}", size(256), size(4));
    }
  }
  std::size_t index(std::size_t count) { return rng_() % count; }

 private:
  // 1 to most, as many of each length of binary number.
  std::int64_t size(std::int64_t most) {
    const double bits =
        std::log2(static_cast<double>(most)) * static_cast<double>(rng_() % 1001) / 1000.0;
    return static_cast<std::int64_t>(std::exp2(bits));
  }
  std::mt19937 rng_;
};

std::vector<std::string> some_chips(RandomRequests& random) {
  static const std::vector<std::string> all = chip_names();
  if (std::getenv("ANESIM_ALL_CHIPS") != nullptr) return all;
  return {all[random.index(all.size())], all[random.index(all.size())]};
}

// The request on a unit, or nothing where this chip or its size of memory does not do it.
std::optional<results::Cost> priced(const std::string& text, const Chip& chip, Unit unit) {
  try {
    Request r = workloads::parse_request(text);
    r.conditions.unit = unit;
    return price(r, make_target(chip, unit, ""));
  } catch (const InputError& e) {
    return std::nullopt;
  }
}

TEST(Machine, MovesNoMoreThanItsMemoryGivesAndSumsUp) {
  RandomRequests random(11);
  int answered = 0;
  for (int i = 0; i < 500; ++i) {
    const std::string text = random.next();
    for (const std::string& name : some_chips(random)) {
      const Chip chip = load_chip(name);
      for (const Unit unit : {Unit::ane, Unit::gpu, Unit::cpu}) {
        if (!has_unit(chip, unit)) continue;
        const auto cost = priced(text, chip, unit);
        if (!cost) continue;
        ++answered;
        const results::Totals& t = cost->totals;
        const std::string where = fmt::format("{} on {} {}", text, name, workloads::name(unit));
        EXPECT_LE(static_cast<double>(t.dram_bytes),
                  (1 + 1e-6) * chip.memory().bandwidth * t.latency_s + 1)
            << where;
        EXPECT_NEAR(results::sum(t.causes), t.latency_s, 1e-9 * t.latency_s) << where;
        EXPECT_NEAR(results::sum(t.energy_parts), t.energy_j, 1e-9 * t.energy_j) << where;
        for (const results::Part& p : t.causes) EXPECT_GE(p.value, 0) << where << " " << p.name;
        for (const results::Part& p : t.energy_parts)
          EXPECT_GE(p.value, 0) << where << " " << p.name;
      }
    }
  }
  EXPECT_GT(answered, 1000);
}

TEST(Machine, IsNeverSlowerWithMoreHardware) {
  RandomRequests random(12);
  const std::vector<std::string> ane{"ane.clock=3.2GHz",
                                     "ane.cores=32",
                                     "ane.kernel_memory=128KiB",
                                     "ane.l2=4MiB",
                                     "ane.l2=2.5MiB",
                                     "ane.l2_clock=3GHz",
                                     "ane.bandwidth.tiles=60GB/s",
                                     "ane.bandwidth.weights=90GB/s",
                                     "ane.bandwidth.dram=90GB/s",
                                     "memory.bandwidth=200GB/s",
                                     "ane.pe.elements=64"};
  const std::vector<std::string> gpu{"gpu.clock=2GHz", "memory.bandwidth=200GB/s",
                                     "gpu.bandwidth_stream=118GB/s"};
  const std::vector<std::string> cpu{"cpu.p_clock=5GHz", "cpu.p_clock_all=5GHz",
                                     "cpu.bandwidth=110GB/s", "memory.bandwidth=200GB/s"};
  const std::vector<std::string> less{"ane.clock=1GHz",          "ane.cores=8",
                                      "ane.kernel_memory=32KiB", "ane.l2=1MiB",
                                      "ane.l2=300KiB",           "ane.bandwidth.tiles=10GB/s",
                                      "memory.bandwidth=30GB/s"};
  const Chip chip = load_chip("M4");
  for (int i = 0; i < 500; ++i) {
    const std::string text = random.next();
    const auto whole = priced(text, chip, Unit::ane);
    for (const std::string& set : less) {
      const auto part = priced(text, load_chip("M4", {set}), Unit::ane);
      if (!whole || !part) continue;
      // Of a program that stays in the L2 that the chip is sold with there is one plan.
      const double least = 1 - (set.starts_with("ane.l2=") ? 0.03 : 1e-9);
      EXPECT_GE(part->totals.latency_s, least * whole->totals.latency_s) << text << " with " << set;
    }
    for (const auto& [unit, settings] :
         {std::pair{Unit::ane, &ane}, std::pair{Unit::gpu, &gpu}, std::pair{Unit::cpu, &cpu}}) {
      const auto before = priced(text, chip, unit);
      if (!before) continue;
      for (const std::string& set : *settings) {
        const auto after = priced(text, load_chip("M4", {set}), unit);
        ASSERT_TRUE(after) << text << " " << set;
        EXPECT_LE(after->totals.latency_s, (1 + 1e-9) * before->totals.latency_s)
            << text << " on " << workloads::name(unit) << " with " << set;
      }
    }
  }
}

TEST(Machine, OneMemoryBoundsEveryUnit) {
  const std::string work = "kind=matmul m=1 n=16384 k=8192 weights=fp16 unit=";
  for (const char* unit : {"ane", "gpu", "cpu"}) {
    const PricedText free = priced_text(work + unit, "M4");
    const PricedText slow = priced_text(work + unit, "M4", {"memory.bandwidth=1GB/s"});
    const double bytes = 2.0 * 16384 * 8192;
    EXPECT_LT(free.seconds, 0.02) << unit;
    EXPECT_GE(slow.seconds, bytes / 1e9) << unit;
    EXPECT_LE(slow.seconds, 1.2 * bytes / 1e9) << unit;
  }
  // A port above the memory gains nothing more, and the answer says why.
  const std::vector<std::string> ports{"ane.bandwidth.weights=500GB/s",
                                       "ane.bandwidth.dram=500GB/s"};
  const PricedText port = priced_text(work + "ane", "M4", ports);
  EXPECT_GE(port.seconds, 2.0 * 16384 * 8192 / load_chip("M4").memory().bandwidth);
  EXPECT_THAT(port.notes,
              testing::Contains(
                  HasSubstr("ane.bandwidth.weights of 500 GB/s is held to the memory's 120 GB/s")));
}

TEST(Machine, UnitsShareTheMemory) {
  const std::string work = "kind=matmul m=1 n=16384 k=8192 unit=";
  const Chip m4 = load_chip("M4");
  const double all = m4.ane().dram_bandwidth + m4.gpu().bandwidth_stream + m4.cpu().bandwidth;
  for (const auto& [unit, others] :
       {std::pair{"ane", "gpu,cpu"}, std::pair{"gpu", "ane,cpu"}, std::pair{"cpu", "ane,gpu"}}) {
    const double alone = priced_text(work + unit, m4).seconds;
    const double beside = priced_text(work + unit + " concurrent=" + others, m4).seconds;
    EXPECT_NEAR(beside / alone, all / m4.memory().bandwidth, 0.25) << unit;
  }
  EXPECT_THROW(priced_text(work + "gpu concurrent=gpu", m4), InputError);
}

TEST(Machine, ASlowerPortOfACoreSlowsARule) {
  const std::string rule = "kind=rule name=meanq20 bases=150 batch=1000 unit=cpu path=accelerate";
  const Chip chip = load_chip("M4 Max");
  const double port = chip.cpu().core_port * chip.cpu().p_clock_hz;
  EXPECT_GE(priced_text(rule, chip).seconds / 1000, 150 / port);
  const PricedText narrow = priced_text(rule, "M4 Max", {"cpu.core_port=1B/cycle"});
  EXPECT_NEAR(narrow.seconds / 1000, 150 / chip.cpu().p_clock_hz, 0.01 * narrow.seconds / 1000);
  // biometal's author measured 4.1 ns a read (S65), whatever the batch.
  EXPECT_GT(priced_text(rule, chip).seconds / 1000, 4.1e-9);
  EXPECT_LT(priced_text(rule, chip).seconds / 1000, 4.5e-9);
}

TEST(Machine, BytesInACacheAreNoBytesOfTheMemory) {
  // 184 KiB of weights stay in L2 from call to call; 134 MB do not.
  const PricedText small = priced_text("kind=readqc name=mlp batch=1 unit=cpu", "M4");
  EXPECT_EQ(small.dram_bytes, 0);
  EXPECT_EQ(results::part(small.energy, "memory"), 0);
  const PricedText large = priced_text("kind=matmul m=1 n=8192 k=8192 unit=cpu", "M4");
  EXPECT_GE(large.dram_bytes, 2.0 * 8192 * 8192);
  // Small layers of a large network: each would fit, all of them do not.
  const PricedText many =
      priced_text("kind=llm name=gpt2 phase=decode context=8 unit=cpu activations=fp32", "M4");
  EXPECT_GE(many.dram_bytes, 0.9 * 2 * 124e6);
}

TEST(Machine, WhatDoesNotFitTheMemoryIsRefusedWithTheSum) {
  const std::string model = "kind=llm name=llama-3.1-405b phase=decode context=64 unit=";
  for (const char* unit : {"ane", "gpu", "cpu"}) try {
      priced_text(model + unit, "M1");
      ADD_FAILURE() << unit;
    } catch (const InputError& e) {
      EXPECT_THAT(e.what(), HasSubstr("M1 has 16.0 GiB")) << unit;
      EXPECT_THAT(e.what(), HasSubstr("weights 75")) << unit;
    }
  // 7B in FP16 is 12.6 GiB: within 16, not within two thirds of them.
  const std::string seven = "kind=llm name=llama-2-7b phase=decode context=64 unit=";
  EXPECT_NO_THROW(priced_text(seven + "cpu", "M1"));
  EXPECT_THROW(priced_text(seven + "gpu", "M1"), InputError);
  EXPECT_NO_THROW(priced_text(seven + "gpu", "M1", {"memory.capacity=32GiB"}));
  EXPECT_THAT(priced_text(seven + "gpu", "M1", {"memory.capacity=32GiB"}).notes,
              testing::Contains(HasSubstr("M1 is sold with 8, 16 GiB, not 32.0 GiB")));
  EXPECT_EQ(load_chip("M1Ultra").usable_memory(true), 0.75 * 128 * (1 << 30));
  EXPECT_EQ(load_chip("M1Ultra").usable_memory(false), 128.0 * (1 << 30));
  // The cache counts.
  EXPECT_THROW(priced_text("kind=llm name=llama-2-7b phase=decode context=8000000 unit=cpu", "M1"),
               InputError);
}

TEST(Machine, AnotherClockTakesAnotherVoltage) {
  const auto watts = [](const char* text, const std::vector<std::string>& set) {
    const PricedText p = priced_text(text, "M4", set);
    return results::part(
        p.energy, std::string(text).find("unit=ane") != std::string::npos ? "MAC" : "compute");
  };
  const char* on_ane = "kind=matmul m=2048 n=2048 k=2048 unit=ane";
  const char* on_gpu = "kind=matmul m=2048 n=2048 k=2048 unit=gpu";
  const double stock = load_chip("M4").ane().clock_hz, floor = load_chip("M4").ane().floor_clock_hz;
  // At the floor clock an event takes what the floor's share says.
  EXPECT_NEAR(watts(on_ane, {fmt::format("ane.clock={}GHz", floor / 1e9)}) / watts(on_ane, {}),
              load_chip("M4").ane().energy_floor_share, 1e-6);
  EXPECT_GT(watts(on_ane, {fmt::format("ane.clock={}GHz", 1.2 * stock / 1e9)}), watts(on_ane, {}));
  EXPECT_NEAR(watts(on_gpu, {fmt::format("gpu.clock={}GHz", 2 * 1.578)}) / watts(on_gpu, {}),
              std::pow(2, 0.75), 0.01);
}

TEST(Machine, ABatchBeyondItsExtentsIsSentInSeveralCalls) {
  const PricedText one = priced_text("kind=readqc name=mlp batch=16384 unit=ane", "M3");
  const PricedText two = priced_text("kind=readqc name=mlp batch=16385 unit=ane", "M3");
  EXPECT_EQ(results::part(two.causes, "cpu fallback"), 0);
  EXPECT_NEAR(results::part(two.causes, "dispatch"), 2 * results::part(one.causes, "dispatch"),
              1e-9);
  EXPECT_THAT(two.notes, testing::Contains(HasSubstr("2 calls of at most 8193 items")));
  EXPECT_NEAR(two.macs / one.macs, 16385.0 / 16384, 1e-9);
}

TEST(Machine, TwoProgramsRunOnTwoEngines) {
  const std::string product = "kind=matmul m=2048 n=2048 k=2048 unit=ane path=direct";
  const double one = priced_text(product, "M1Ultra").seconds;
  EXPECT_EQ(priced_text(product + " concurrent=ane", "M1Ultra").seconds, one);
  const Chip ultra = load_chip("M1Ultra");
  const double both = priced_text(product + " engines=2", ultra).seconds;
  EXPECT_LT(both, one);
  EXPECT_GT(both, one / (2 * ultra.ane().engines_efficiency));
  EXPECT_THROW(priced_text(product + " concurrent=ane", "M1"), InputError);
  EXPECT_THROW(priced_text(product + " concurrent=ane,ane", "M1Ultra"), InputError);
}

TEST(Machine, OneEngineHasOneEnergyAMac) {
  const double max = load_chip("M1Max").ane().energy_mac_fp16;
  for (const char* name : {"M1", "M1Pro", "M1Ultra"})
    EXPECT_EQ(load_chip(name).ane().energy_mac_fp16, max) << name;
  // What a rail's estimate counts more is in the reading, not in the engine.
  const std::string work = "kind=matmul m=2048 n=2048 k=2048 unit=ane";
  const auto mac = [&](const std::string& scope) {
    return results::part(priced_text(work + scope, "M1").energy, "MAC");
  };
  EXPECT_NEAR(mac(" scope=rail") / mac(""), *load_chip("M1").ane().energy_mac_on_rail, 1e-9);
}

}  // namespace
}  // namespace ane::sim
