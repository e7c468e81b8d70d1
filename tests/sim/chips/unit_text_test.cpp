#include "sim/chips/unit_text.h"

#include <gtest/gtest.h>

namespace ane::sim {
namespace {

TEST(UnitText, PrefixesAndQuotientsAreRead) {
  struct Case {
    const char* text;
    double scale;
    const char* dimension;
  };
  for (const Case& c : {Case{"", 1, "1"},
                        {"1", 1, "1"},
                        {"Hz", 1, "Hz"},
                        {"GHz", 1e9, "Hz"},
                        {"us", 1e-6, "s"},
                        {"ms", 1e-3, "s"},
                        {"MiB", 1 << 20, "B"},
                        {"MB", 1e6, "B"},
                        {"bit", 0.125, "B"},
                        {"GB/s", 1e9, "B/s"},
                        {"pJ/bit", 8e-12, "J/B"},
                        {"pJ/MAC", 1e-12, "J/MAC"},
                        {"TFLOP/s", 1e12, "FLOP/s"},
                        {"GOP/s", 1e9, "OP/s"},
                        {"GT/s", 1e9, "T/s"},
                        {"MAC/cycle", 1, "MAC/cycle"},
                        {"mW", 1e-3, "W"}}) {
    const auto unit = parse_unit(c.text);
    ASSERT_TRUE(unit) << c.text;
    EXPECT_DOUBLE_EQ(unit->scale, c.scale) << c.text;
    EXPECT_EQ(unit->dimension, c.dimension) << c.text;
  }
}

TEST(UnitText, WhatIsNoUnitIsRefused) {
  for (const char* text :
       {"Ghz", "GiHz", "x", "GB/", "/s", "B/s/s", "k1", "G", "GB/fortnight", " B"})
    EXPECT_FALSE(parse_unit(text)) << text;
}

TEST(UnitText, ValuesAreWrittenInTheUnitThatSuits) {
  EXPECT_EQ(with_unit(2097152, "B"), "2 MiB");
  EXPECT_EQ(with_unit(65536, "B"), "64 KiB");
  EXPECT_EQ(with_unit(16, "B"), "16 B");
  EXPECT_EQ(with_unit(1e6, "B"), "1 MB");
  EXPECT_EQ(with_unit(68.3e9, "B/s"), "68.3 GB/s");
  EXPECT_EQ(with_unit(0.19e-3, "s"), "190 us");
  EXPECT_EQ(with_unit(256, "MAC/cycle"), "256 MAC/cycle");
  EXPECT_EQ(with_unit(0, "W"), "0 W");
  EXPECT_EQ(with_unit(1.45, "1"), "1.45");
}

}  // namespace
}  // namespace ane::sim
