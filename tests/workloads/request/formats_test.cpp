// Is there one answer, by one rule, for each pair of weights and activations on each kind of chip?
#include <gmock/gmock.h>

#include "isa/error.h"
#include "workloads/compile/compile.h"
#include "workloads/request/job.h"

namespace ane::workloads {
namespace {

using testing::HasSubstr;
using F = isa::KernelFormat;

// Chips of three kinds: M1, which folds INT8 weights; M2 and M3; M4, which multiplies INT8.
isa::Machine chip(bool streams, bool multiplies) {
  isa::Machine m;
  m.chip = "it";
  m.streams_int8_weights = streams;
  m.int8_macs = multiplies;
  return m;
}
const isa::Machine m1 = chip(false, false), m3 = chip(true, false), m4 = chip(true, true);

std::string refusal(const std::string& weights, const std::string& activations,
                    const std::string& scales = "") {
  try {
    accelerated({.weights = weights, .activations = activations, .scales = scales}, m4);
  } catch (const InputError& e) {
    return std::string(e.what()) + " | " + e.note();
  }
  return "";
}

TEST(Formats, EachPairHasOneStreamAndOneRate) {
  struct Line {
    const char *weights, *activations;
    F on_m1, on_m3, on_m4;
    bool int8_on_m4;
  };
  for (const Line& l : {Line{"fp16", "fp16", F::fp16, F::fp16, F::fp16, false},
                        {"int8", "fp16", F::fp16, F::int8c, F::int8c, false},
                        {"int4", "fp16", F::fp16, F::int4b, F::int4b, false},
                        {"lut1", "fp16", F::pal1, F::pal1, F::pal1, false},
                        {"lut3", "fp16", F::pal4, F::pal4, F::pal4, false},
                        {"lut8", "fp16", F::pal8, F::pal8, F::pal8, false},
                        {"sparse50", "fp16", F::sparse, F::sparse, F::sparse, false},
                        {"int8", "int8", F::int8c, F::int8c, F::i8, true},
                        {"lut2", "int8", F::pal2, F::pal2, F::i8p2, true},
                        {"lut4", "int8", F::pal4, F::pal4, F::i8p4, true},
                        {"lut6", "int8", F::pal6, F::pal6, F::i8p6, true},
                        {"lut8", "int8", F::pal8, F::pal8, F::i8, true}}) {
    const Formats f{.weights = l.weights, .activations = l.activations};
    EXPECT_EQ(accelerated(f, m1).stream, l.on_m1) << l.weights << l.activations;
    EXPECT_EQ(accelerated(f, m3).stream, l.on_m3) << l.weights << l.activations;
    EXPECT_EQ(accelerated(f, m4).stream, l.on_m4) << l.weights << l.activations;
    EXPECT_FALSE(accelerated(f, m1).int8_macs);
    EXPECT_FALSE(accelerated(f, m3).int8_macs);
    EXPECT_EQ(accelerated(f, m4).int8_macs, l.int8_on_m4);
    // What is not done as asked is told.
    EXPECT_EQ(accelerated(f, m3).notes.size(), std::string(l.activations) == "int8" ? 1u : 0u);
    EXPECT_TRUE(accelerated(f, m4).notes.empty());
  }
}

TEST(Formats, APairThatIsNotThereIsRefusedWithTheNearest) {
  EXPECT_THAT(refusal("fp16", "int8"), HasSubstr("int8 weights, or fp16 activations"));
  EXPECT_THAT(refusal("sparse50", "int8"), HasSubstr("int8 weights, or fp16 activations"));
  EXPECT_THAT(refusal("int4", "int8"), HasSubstr("int8 or lut4 weights"));
  EXPECT_THAT(refusal("fp32", "fp32"), HasSubstr("does not compute in fp32 | fp16, int8"));
  EXPECT_THAT(refusal("bf16", "bf16"), HasSubstr("does not compute in bf16"));
  EXPECT_THAT(refusal("fp32", "fp16"), HasSubstr("fp16, int8, int4"));
  EXPECT_THAT(refusal("q8_0", "fp16"), HasSubstr("int8: llama.cpp"));
  EXPECT_THAT(refusal("fp16", "fp16", "channel"), HasSubstr("leave it out"));
  EXPECT_EQ(refusal("lut4", "fp16", "channel"), "");
  EXPECT_THAT(refusal("int8", "fp16", "group32"), HasSubstr("channel or tensor"));
  EXPECT_THAT(refusal("int4", "fp16", "tensor"), HasSubstr("group32"));
  EXPECT_EQ(refusal("int8", "fp16", "tensor"), "");
}

TEST(Formats, WeightsTakeTheBytesOfTheirStream) {
  // 1024 x 1024: n weights in 16 streams of whole cache lines, and a bias of 2 or 4 bytes a
  // channel.
  constexpr double n = 1024 * 1024, channels = 1024, streams = 16;
  const auto bytes = [](const std::string& formats, const isa::Machine& m) {
    const Graph g = graph_of(parse_request("kind=matmul m=1 n=1024 k=1024 " + formats), m);
    return static_cast<double>(
        compile(g, m, kernels::arith::profile_named("ane16"), {.with_values = false}).weight_bytes);
  };
  const auto is = [&](const std::string& formats, const isa::Machine& m, double exact) {
    EXPECT_NEAR(bytes(formats, m), exact, 64 * streams + 64) << formats;
  };
  is("weights=fp16", m4, 2 * n + 2 * channels);
  is("weights=int8", m4, n + 2 * channels + 2 * channels);
  is("weights=int8 scales=tensor", m4, n + 2 * streams + 2 * channels);
  is("weights=int4", m4, n / 2 + 2 * n / 32 + 2 * channels);
  is("weights=lut4", m4, n / 2 + 32 * streams + 2 * channels);
  is("weights=int8", m1, 2 * n + 2 * channels);
  // INT8 products add a 32-bit bias and a scale a channel.
  is("weights=int8 activations=int8", m4, n + 6 * channels);
  is("weights=lut4 activations=int8", m4, n / 2 + 16 * streams + 6 * channels);
  is("weights=int8 activations=int8", m1, n + 4 * channels);
  is("weights=lut4 activations=int8", m1, n / 2 + 32 * streams + 2 * channels);
}

TEST(Formats, APrecisionsNameIsAPair) {
  EXPECT_EQ(formats_named("int8w"), (Formats{.weights = "int8"}));
  EXPECT_EQ(formats_named("w4a8"), (Formats{.weights = "lut4", .activations = "int8"}));
  EXPECT_EQ(formats_named("bf16"), (Formats{.weights = "bf16", .activations = "bf16"}));
  EXPECT_THROW(formats_named("i8p4"), InputError);
}

}  // namespace
}  // namespace ane::workloads
