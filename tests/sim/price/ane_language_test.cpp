// Language models on the accelerator: how often the model is gone through, in how many programs,
// and what the host moves between them (docs/timing.md, "Language models").
#include <gtest/gtest.h>

#include "sim/chips/chip.h"
#include "sim/runtimes/runtime.h"
#include "sim/silicon/silicon_rows.h"
#include "tests/priced.h"
#include "workloads/request/kinds/llm.h"

namespace ane::sim {
namespace {

PricedText of(const std::string& more, const std::string& path = "coreml") {
  return priced_text("unit=ane kind=llm path=" + path + " name=gpt2 " + more, "M2");
}
double cause(const PricedText& p, std::string_view name) {
  for (const results::Part& part : p.causes)
    if (part.name == name) return part.value;
  return 0;
}

TEST(AneLanguage, EveryProgramOfATokenPaysTheFloor) {
  const double floor = load_chip("M2").ane().dispatch_coreml;
  const std::string token = "phase=decode context=64";
  EXPECT_DOUBLE_EQ(cause(of(token), "dispatch"), floor);
  EXPECT_DOUBLE_EQ(cause(of(token + " calls=9"), "dispatch"), 9 * floor);
  EXPECT_DOUBLE_EQ(cause(of(token + " dispatches=5"), "dispatch"), 5 * floor);
  EXPECT_DOUBLE_EQ(cause(of(token + " cpu_ops=3"), "dispatch"), 4 * floor);
  EXPECT_DOUBLE_EQ(of(token + " calls=9").seconds - of(token).seconds, 8 * floor);
}

TEST(AneLanguage, AModelAboveTwoGibibytesIsSeveralPrograms) {
  const double floor = load_chip("M2").ane().dispatch_coreml;
  const auto programs = [&](const std::string& weights) {
    return cause(priced_text("unit=ane kind=llm path=coreml name=gpt2-xl phase=decode context=64 "
                             "weights=" +
                                 weights,
                             "M2"),
                 "dispatch") /
           floor;
  };
  EXPECT_DOUBLE_EQ(programs("fp16"), 2);  // 3.1 GB
  EXPECT_DOUBLE_EQ(programs("lut8"), 1);
}

TEST(AneLanguage, AnAnswerIsMadeTokenByTokenAPromptInItsCalls) {
  const double one = of("phase=decode context=64").seconds;
  EXPECT_NEAR(of("phase=decode context=64 tokens=10").seconds, 10 * one, 1e-9);
  const double call = of("phase=prefill tokens=64 context=192").seconds;
  EXPECT_NEAR(of("phase=prefill tokens=256 call_tokens=64").seconds, 4 * call, 1e-9);
}

TEST(AneLanguage, TheHostCopiesTheCacheOnlyWhereItIsTold) {
  const std::string token = "phase=decode context=512 capacity=512 positions=128 state=";
  const double kept = cause(of(token + "device", "coreml_python"), "host copies"),
               handed = cause(of(token + "buffers", "coreml_python"), "host copies"),
               copied = cause(of(token + "host", "coreml_python"), "host copies");
  EXPECT_DOUBLE_EQ(kept, handed);
  const Runtime python = load_runtime("coreml_python");
  EXPECT_NEAR(copied - kept, 2.0 * 2 * 12 * 768 * 2 * 384 / python.costs().copy_bandwidth, 1e-9);
  // Handed over, it still passes the memory twice more than a cache that stays.
  EXPECT_GT(of(token + "buffers").dram_bytes, of(token + "device").dram_bytes);
}

TEST(AneLanguage, WhatARowLeavesUnsaidComesFromItsAuthors) {
  const std::string head = "chip,source,trust,spec,quantity,value_si\n";
  const std::string theirs = "M1,github.com/smpanaro/more-ane-transformers README.md,C,";
  const std::string spec = "unit=ane path=coreml_python kind=llm name=gpt2-xl phase=decode";
  const auto row = [&](const std::string& text) {
    return workloads::work_as<workloads::LlmWork>(
        request_of(silicon_rows(head + text + ",latency,1\n", "rows.csv").at(0)));
  };
  EXPECT_EQ(row(theirs + spec).positions, 128);
  EXPECT_EQ(row(theirs + spec).state, workloads::KeyValueState::buffers);
  EXPECT_EQ(row(theirs + spec + " positions=1").positions, 1);
  EXPECT_EQ(row(theirs + spec + " positions=1").state, workloads::KeyValueState::buffers);
  EXPECT_EQ(row("M1,somebody else,C," + spec).positions, 0);
}

}  // namespace
}  // namespace ane::sim
