// anesim arith: every row of the device's own results, the list notation, and what a user sees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "isa/error.h"
#include "kernels/arith/oracle.h"
#include "kernels/arith/round.h"
#include "sim/cli/value_list.h"

namespace ane::sim {
namespace {

using namespace kernels::arith;
using testing::HasSubstr;

struct Outcome {
  std::string text;
  int status = 0;
};
Outcome anesim(const std::string& arguments) {
  FILE* pipe = popen((std::string(ANESIM_PROGRAM) + " " + arguments + " 2>&1").c_str(), "r");
  Outcome o;
  char buffer[4096];
  while (const std::size_t n = fread(buffer, 1, sizeof buffer, pipe)) o.text.append(buffer, n);
  o.status = WEXITSTATUS(pclose(pipe));
  return o;
}

TEST(ArithCommand, EveryResultOfADeviceIsReproduced) {  // [B2]
  std::ifstream file(SOURCE_DIR "/results/silicon/numerics_device.csv");
  ASSERT_TRUE(file);
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, "id,path,inputs,weights,bias_or_scale,device_value,chips,note,source");
  const Profile& ane16 = profile_named("ane16");
  int rows = 0;
  for (; std::getline(file, line); ++rows) {
    std::vector<std::string> f;
    std::istringstream fields(line);
    for (std::string one; std::getline(fields, one, ',');) f.push_back(one);
    ASSERT_EQ(f.size(), 9u) << line;
    EXPECT_FALSE(f[8].empty()) << line;
    auto x = parse_list(f[2], "inputs"), w = parse_list(f[3], "weights");
    if (w.size() == 1) w[0].times = value_count(x);
    const Half factor = as_half(parse_single(f[4], "bias_or_scale"));
    const MacResult r = f[1] == "mac_int8"
                            ? mac8_oracle(as_int8(x), as_int8(w), 0, 0, 0, factor, ane16)
                            : mac_oracle(ane16, as_halves(x), as_halves(w), factor);
    const Half expected =
        f[5] == "inf" ? half_infinity : as_half(parse_single(f[5], "device_value"));
    EXPECT_EQ(r.value.bits, expected.bits) << line;
  }
  EXPECT_EQ(rows, 21);
}

TEST(ArithCommand, AProbeGivesValueAndBitsAsJson) {
  const auto json = [](const std::string& arguments) {
    const Outcome o = anesim("arith " + arguments + " --json");
    EXPECT_EQ(o.status, 0) << o.text;
    return nlohmann::json::parse(o.text);
  };
  const auto tie = json("mac --x 2048,1 --w 1,1");
  EXPECT_EQ(tie["value"], 2050);
  EXPECT_EQ(tie["bits"], "0x6801");
  EXPECT_EQ(json("mac --profile ieee --x 2048,1 --w 1,1")["value"], 2048);
  EXPECT_EQ(json("mac --x 32768 --w 1")["value"], "inf");
  EXPECT_EQ(json("mac --x 16384,2^-16,-16384 --w 1,1,1")["value"], 0x1p-16);
  EXPECT_EQ(json("mac --x 1 x4096 --w 2^-12 x4096 --bias -1")["value"], 0);
  EXPECT_EQ(json("mac --x -3 --w 1 --scale 0.5")["value"], -1.5);
  const auto dot = json("mac8 --x -128 x131072 --w -128 x131072 --scale 2^-18");
  EXPECT_EQ(dot["value"], "inf");
  EXPECT_EQ(json("mac8 --x 1 --w 1 --x-zero 3 --w-zero -1 --bias 10")["accumulator"], 6);
  EXPECT_EQ(json("act --fn gelu --x 5")["value"], 5);
  EXPECT_EQ(json("act --fn leaky_relu --alpha 0.25 --x -4,8")["values"][0]["value"], -1);
  EXPECT_EQ(json("quantize --x 2.5 --zero 3")["value"], 6);
}

TEST(ArithCommand, TheTextSaysWhatWasLost) {
  const Outcome o = anesim("arith mac --x 2^-14,2^-18,1 --w 2^-3,1,1");
  EXPECT_EQ(o.status, 0);
  EXPECT_THAT(o.text, HasSubstr("value        1\n"));
  EXPECT_THAT(o.text, HasSubstr("3: 1 dropped, 1 rounded to zero"));
  EXPECT_THAT(anesim("arith mac --x 16384 x3 --w 1 x3").text, HasSubstr("reached 32768"));
  EXPECT_THAT(anesim("arith act --fn tanh --knots").text, HasSubstr("4             0.99951"));
}

TEST(ArithCommand, FaultsNameTheItemAndItsPlaceAndExitWith2) {
  const auto fails = [](const std::string& arguments, const std::string& with) {
    const Outcome o = anesim("arith " + arguments);
    EXPECT_EQ(o.status, 2) << o.text;
    EXPECT_THAT(o.text, HasSubstr(with));
    EXPECT_THAT(o.text, testing::StartsWith("error: "));
  };
  fails("mac --x 1,2^^3 --w 1,1", "--x: item 2, character 3: '2^^3' is not a number");
  fails("mac --x 1,70000 --w 1,1", "item 2, character 3: '70000' is beyond binary16");
  fails("mac --x 1,2 --w 1", "1 weights for 2 inputs");
  fails("mac --x 1", "--w is missing");
  fails("mac --x x3 --w 1", "has no value before it");
  fails("mac --x @/nowhere/at/all --w 1", "cannot read the file");
  fails("mac --x @/ --w 1", "cannot read the file '/': cannot be read: Is a directory");
  fails("mac --x '2^1000*2^1000*0' --w 1", "--x: item 1, character 1: '2^1000*2^1000*0' is not a");
  fails("mac8 --x 128 --w 1", "'128' is not a whole number from -128 to 127");
  fails("mac8 --x 1 --w 1 --scale -1", "'-1' is no scale");
  fails("act --fn gleu --x 1", "did you mean 'gelu'?");
  fails("act --fn relu --alpha 1 --x 1", "relu has no such parameter");
  fails("max --x 1", "did you mean 'mac'?");
  fails("mac --profile h99 --x 1 --w 1", "unknown profile 'h99'");
}

std::vector<double> values(std::string_view text) {
  std::vector<double> v;
  for (const ListedValue& item : parse_list(text, "--x")) v.insert(v.end(), item.times, item.value);
  return v;
}

TEST(ValueList, ItemsAreSeparatedByCommasOrWhiteSpace) {
  EXPECT_EQ(values("1,2 3\t4\n5, 6"), (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(values("2^-2 -2^3 1.875*2^-14 0.5*0.5*-2 1e3 .5"),
            (std::vector<double>{0.25, -8, 1.875 * 0x1p-14, -0.5, 1000, 0.5}));
  EXPECT_EQ(values("1 x3,2"), (std::vector<double>{1, 1, 1, 2}));
  EXPECT_EQ(parse_list("0x7C00", "--x")[0].bits, 0x7c00);
}

TEST(ValueList, WhatIsNoNumberIsRefused) {
  for (const char* text :
       {"",        ",",   "a",   "1..2", "2^",   "2^x",   "3^2", "1*",      "*1",    "--1", "0x",
        "0x12345", "0xg", "inf", "nan",  "1 x0", "1 x-1", "1 x", "1 x2 x2", "1e999", "@"})
    EXPECT_THROW(parse_list(text, "--x"), InputError) << text;
  EXPECT_THROW(parse_list("1 x99999999", "--x"), InputError);
  EXPECT_THROW(parse_single("1 2", "--bias"), InputError);
}

TEST(ValueList, AProductThatLeavesTheNumbersOnItsWayIsRefused) {
  for (const char* text :
       {"2^1000*2^1000*0", "0.5*-2^1000*2^1000*0*3", "2^1000*2^1000*2^-1000", "1e300*1e300*0",
        "2^-1000*2^-1000*2^1000*2^1000", "1e-300*1e-20*1e300", "2^-1000*1.7*2^-70*2^1000"})
    EXPECT_THROW(parse_list(text, "--x"), InputError) << text;
  EXPECT_EQ(values("0*2^1000*2^1000 2^1000*0*2^1000 2^-1000*2^-1000 2^1000*2^-1000*3"),
            (std::vector<double>{0, 0, 0, 3}));
  EXPECT_THROW(as_halves(parse_list("2^1000*2^1000", "--x")), InputError);
  EXPECT_THROW(as_int8(parse_list("2^1000*2^1000", "--x")), InputError);
}

TEST(ValueList, RepeatedValuesAreOne) {
  const auto list = parse_list("3,1 x16777214,0x3c00", "--x");
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[1].times, 16777214u);
  EXPECT_EQ(value_count(list), 16777216u);
  const std::vector<Half> halves = as_halves(list);
  ASSERT_EQ(halves.size(), 16777216u);
  EXPECT_EQ(halves[0].bits, to_half(3).bits);
  EXPECT_EQ(halves[16777214].bits, 0x3c00);
  EXPECT_EQ(halves[16777215].bits, 0x3c00);
  EXPECT_EQ(as_int8(parse_list("-7 x3 5", "--x")), (std::vector<std::int8_t>{-7, -7, -7, 5}));
  for (const char* text : {"3,1 x16777216", "1 x16777216 1", "1 x8388608 1 x8388609"})
    EXPECT_THROW(parse_list(text, "--x"), InputError) << text;
  EXPECT_THROW(parse_single("1 x2", "--bias"), InputError);
}

TEST(ValueList, AFileHoldsItemsByTheSameRulesAndErrorsNameItsLine) {
  const std::string path =
      testing::TempDir() + "/" + std::to_string(getpid()) + "_value_list_test.txt";
  std::ofstream(path) << "1 2\n3 x2\n";
  EXPECT_EQ(values("0,@" + path + ",9"), (std::vector<double>{0, 1, 2, 3, 3, 9}));
  std::ofstream(path) << "1 2\n3 wrong\n";
  try {
    parse_list("@" + path, "--x");
    FAIL();
  } catch (const InputError& e) {
    EXPECT_THAT(e.place(), HasSubstr(":2: item 4, character 3"));
  }
  std::remove(path.c_str());
}

}  // namespace
}  // namespace ane::sim
