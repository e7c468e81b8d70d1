// A program that was made for one chip serves others: is it the one that would be made for them?
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "sim/price/lowered.h"
#include "sim/price/price.h"

namespace ane::sim {
namespace {

TEST(SharedPrograms, AreThoseThatWouldBeMadeAnew) {
  std::mt19937 random(11);
  const auto factor = [&] {
    return std::pow(2.0, std::uniform_real_distribution(-2.0, 2.0)(random));
  };
  for (const char* text :
       {"kind=mpnn residues=60 phase=encode", "kind=network name=mobilenet_v2 batch=2",
        "kind=conv cin=512 cout=512 h=28 w=28 kh=3 kw=3 depth=3", "kind=matmul m=512 n=4096 k=512",
        "kind=encoder name=distilbert tokens=128", "kind=readqc name=cnn batch=2000"}) {
    const workloads::Request r = workloads::parse_request(text);
    for (const char* name : {"M1", "M4"})
      for (int i = 0; i < 12; ++i) {
        std::vector<std::string> set;
        for (const char* path :
             {"ane.clock", "ane.bandwidth.tiles", "ane.bandwidth.weights", "ane.bandwidth.dram",
              "memory.bandwidth", "ane.task_overhead", "ane.pe.elements"})
          if (random() % 3 == 0)
            set.push_back(fmt::format("{}={}", path, load_chip(name).get(path) * factor()));
        const Target target = target_of(r, load_chip(name, set));
        const results::Totals shared = price(lower(r, target), target, r.conditions).totals;
        const results::Totals anew = price(lower_anew(r, target), target, r.conditions).totals;
        EXPECT_EQ(shared.latency_s, anew.latency_s) << text << " " << fmt::format("{}", set.size());
        EXPECT_EQ(shared.energy_j, anew.energy_j) << text;
        EXPECT_EQ(shared.dram_bytes, anew.dram_bytes) << text;
        EXPECT_EQ(shared.causes, anew.causes) << text;
      }
  }
}

}  // namespace
}  // namespace ane::sim
