// What a parameter would give is what the price says when it is set so.
#include "sim/price/levers.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/price/price.h"
#include "sim/price/target.h"
#include "workloads/request/request.h"

namespace ane::sim {
namespace {

results::Record record_on(const std::string& text, const char* chip, Unit unit,
                          const std::vector<std::string>& overrides = {}) {
  const workloads::Request request = workloads::parse_request(text);
  const Target target = make_target(load_chip(chip, overrides), unit, "");
  return record_of(request, target, price(request, target));
}

TEST(Levers, AreThePriceOfTheChangedChip) {
  for (const auto& [text, unit] : {std::pair{"kind=matmul m=512 n=4096 k=4096", Unit::ane},
                                   {"kind=network name=mobilenet_v2", Unit::ane},
                                   {"kind=matmul m=1 n=4096 k=4096", Unit::gpu},
                                   {"kind=matmul m=512 n=512 k=512", Unit::cpu}}) {
    const results::Record r = record_on(text, "M4", unit);
    const auto levers = levers_of(r);
    ASSERT_FALSE(levers.empty()) << text;
    double last = 1e300;
    for (const results::Lever& l : levers) {
      EXPECT_GE(l.gain, 1.01);
      std::vector<std::string> settings{fmt::format("{}={}", l.parameter, l.then)};
      if (!l.with.empty()) {
        const std::size_t blank = l.with.find(' ');
        settings.push_back(fmt::format("{}={}", l.with.substr(0, blank), l.with.substr(blank + 1)));
      } else {
        EXPECT_LE(l.gain, last) << "largest first";
        last = l.gain;
      }
      const results::Record changed = record_on(text, "M4", unit, settings);
      EXPECT_NEAR(r.totals.latency_s / changed.totals.latency_s, l.gain, 0.002 * l.gain)
          << text << " " << l.parameter << " " << l.then;
    }
  }
}

TEST(Levers, OfABandwidthBoundProductIsTheBandwidth) {
  const auto levers = levers_of(record_on("kind=matmul m=1 n=8192 k=8192", "M4", Unit::gpu));
  ASSERT_FALSE(levers.empty());
  EXPECT_EQ(levers[0].parameter, "memory.bandwidth");
  EXPECT_GT(levers[0].gain, 1.5);
}

TEST(Levers, FindLimitsThatBindTogether) {
  const auto levers = levers_of(record_on("kind=matmul m=512 n=4096 k=4096", "M4", Unit::ane));
  ASSERT_FALSE(levers.empty());
  EXPECT_FALSE(levers.back().with.empty());
  EXPECT_GT(levers.back().gain, 1.1 * levers.front().gain);
}

TEST(Levers, CountFromTheChipAsItWasSet) {
  const auto levers = levers_of(
      record_on("kind=matmul m=1 n=8192 k=8192", "M4", Unit::gpu, {"memory.bandwidth=60GB/s"}));
  ASSERT_FALSE(levers.empty());
  EXPECT_EQ(levers[0].now, "60 GB/s");
}

TEST(Levers, OfWhatCannotBeAskedAgainAreNone) {
  results::Record r = record_on("kind=matmul m=64 n=64 k=64", "M4", Unit::ane);
  r.run.request.clear();
  EXPECT_TRUE(levers_of(r).empty());
  r = record_on("kind=matmul m=64 n=64 k=64", "M4", Unit::ane);
  r.totals.latency_s *= 2;  // of another version of the program
  EXPECT_TRUE(levers_of(r).empty());
}

}  // namespace
}  // namespace ane::sim
