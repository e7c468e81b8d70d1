// Are the values of language models, encoders and networks the scalar reference's, bit for bit, on
// the machine? And do two forms of one network agree?
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "sim/run/values_run.h"
#include "tests/priced.h"
#include "tests/program.h"

namespace ane::sim {
namespace {

using testing::HasSubstr;

ValuesAnswer values(const std::string& spec, const std::string& profile = "ane16",
                    const std::string& chip = "M4", std::int64_t answer = 2) {
  const Target target = make_target(chip, Unit::ane, "", {});
  const ValuesPlan plan{.request = workloads::parse_request(spec), .seed = 3, .answer = answer};
  return run_values(plan, target, kernels::arith::profile_named(profile));
}
double metric(const ValuesAnswer& a, const std::string& name) {
  for (const results::Part& p : a.record.totals.accuracy)
    if (p.name == name) return p.value;
  return -1;
}

constexpr const char* llm =
    "kind=llm name=llama-2-7b layers=2 hidden=128 ffn=344 heads=4 kv_heads=2 head_dim=32 "
    "vocab=256 ";

TEST(Values, ALanguageModelsPromptAndTokensAreTheScalarReferences) {
  for (const char* phase : {"phase=decode context=6", "phase=prefill tokens=6"})
    for (const char* weights : {"fp16", "int8", "lut4"})
      for (const char* profile : {"ane16", "ieee"}) {
        const ValuesAnswer a = values(llm + std::string(phase) + " weights=" + weights, profile);
        EXPECT_TRUE(a.exact) << phase << weights << profile;
        EXPECT_EQ(metric(a, "equal_bits"), 1);
        EXPECT_EQ(metric(a, "equal_prefill"), 1);
        EXPECT_GT(metric(a, "mean_kl_to_fp32"), 0);
        EXPECT_LT(metric(a, "mean_kl_to_fp32"), weights == std::string("lut4") ? 0.2 : 0.01);
        EXPECT_GT(metric(a, "cosine"), 0.98);
      }
}

TEST(Values, AQuarterThousandFeaturesAreEqualToo) {
  for (const char* profile : {"ane16", "ieee"})
    EXPECT_TRUE(values("kind=llm name=llama-2-7b layers=2 hidden=256 ffn=688 heads=4 kv_heads=4 "
                       "head_dim=64 vocab=512 phase=decode context=4",
                       profile, "M4", 1)
                    .exact)
        << profile;
}

TEST(Values, FewerBitsAWeightAreFurtherFromFloat32) {
  const auto kl = [](const char* weights) {
    return metric(values(llm + std::string("phase=decode context=6 weights=") + weights, "ieee"),
                  "mean_kl_to_fp32");
  };
  EXPECT_LT(4 * kl("fp16"), kl("int8"));
  EXPECT_LT(4 * kl("int8"), kl("lut4"));
}

TEST(Values, BothFormsOfAnEncoderGiveTheSameBits) {
  for (const char* profile : {"ane16", "ieee"}) {
    const ValuesAnswer a = values(
        "kind=encoder name=distilbert layers=2 hidden=128 ffn=256 heads=4 tokens=24", profile);
    EXPECT_TRUE(a.exact);
    EXPECT_EQ(metric(a, "equal_bits_distilbert-ane"), 1);
    EXPECT_GT(metric(a, "max_abs_error"), 0);
  }
}

// Traffic, not arithmetic: the same products, and every tensor through memory on its way between
// layouts.
TEST(Values, FeaturesLastCostTheirTraffic) {
  const auto of = [](const char* name) {
    return priced_text(fmt::format("kind=encoder name={} tokens=128 unit=ane", name), "A14");
  };
  const PricedText written = of("distilbert"), shaped = of("distilbert-ane");
  EXPECT_EQ(written.macs, shaped.macs);
  EXPECT_GT(written.seconds, 1.4 * shaped.seconds);
  // 6 layers of 14 copies of at least 128 x 768 binary16, read and written.
  EXPECT_GT(written.dram_bytes - shaped.dram_bytes, 6.0 * 14 * 2 * 128 * 768 * 2);
  EXPECT_EQ(written.bound, "activations");
}

TEST(Values, AnEncodersOperatorsRunOnCpuAndGpuToo) {
  for (const char* on : {"unit=cpu path=accelerate", "unit=gpu path=mlx"}) {
    const PricedText p = priced_text(
        fmt::format("kind=encoder name=distilbert tokens=128 {} weights=fp32 activations=fp32", on),
        "M1");
    EXPECT_GT(p.seconds, 1e-3);
    EXPECT_LT(p.seconds, 0.1);
    EXPECT_NEAR(p.macs, 5.586e9, 0.025e9);
  }
}

TEST(Values, NetworksOfEveryKindAreTheScalarReferences) {
  for (const char* spec :
       {"kind=network name=vit_t_16 input=1x3x32x32",
        "kind=network name=mobilenet_v3_small input=1x3x32x32 weights=lut6",
        "kind=network name=resnet18 input=1x3x32x32 weights=int8 activations=int8",
        "kind=network name=squeezenet1_1 input=2x3x64x64 weights=sparse60",
        "kind=encoder name=whisper-tiny layers=1 hidden=64 ffn=128 heads=2 tokens=20",
        "kind=op op=mha shape=20x64 heads=4", "kind=matmul m=8 n=100 k=300 depth=2",
        "kind=matmul m=10 n=20 k=30 batch=4 bmm=1",
        "kind=conv cin=20 cout=24 h=9 w=11 kh=3 kw=3 stride=2 epilogue=relu",
        "kind=op op=softmax shape=7x130", "kind=elementwise op=mul elements=5000"})
    for (const char* chip : {"M1", "M4"}) {
      const ValuesAnswer a = values(spec, "ane16", chip);
      EXPECT_TRUE(a.exact) << spec << " " << chip;
      EXPECT_EQ(metric(a, "equal_bits"), 1) << spec << " " << chip;
    }
}

// [H1]: on a CPU or GPU the values are of the format asked for, and float32 has no error of its
// own.
TEST(Values, CpuAndGpuComputeInTheFormatAskedFor) {
  const auto of = [](const std::string& spec, Unit unit, const char* runtime) {
    return run_values({.request = workloads::parse_request(spec), .seed = 3, .answer = 2},
                      make_target("M4", unit, runtime, {}), kernels::arith::profile_named("ane16"));
  };
  for (const std::string work :
       {"kind=network name=vit_t_16 input=1x3x32x32 ", "kind=matmul m=8 n=100 k=300 depth=2 "}) {
    const auto error = [&](const std::string& formats, Unit unit, const char* runtime) {
      const ValuesAnswer a = of(work + formats, unit, runtime);
      EXPECT_TRUE(std::isnan(metric(a, "equal_bits")));
      EXPECT_EQ(a.record.run.profile, "");
      return metric(a, "relative_l2");
    };
    EXPECT_TRUE(std::isnan(error("weights=fp32 activations=fp32", Unit::gpu, "mlx")));
    const double fp16 = error("", Unit::gpu, "mlx");
    EXPECT_GT(fp16, 1e-5) << work;
    EXPECT_LT(fp16, 5e-3) << work;
    const double bf16 = error("weights=bf16 activations=bf16", Unit::gpu, "mlx");
    EXPECT_GT(bf16, 3 * fp16) << work;
    EXPECT_GT(error("weights=int8", Unit::gpu, "mlx"), 2 * fp16) << work;
    EXPECT_GT(error("weights=int8 activations=int8", Unit::cpu, "torch_cpu"), 2 * fp16) << work;
  }
  const ValuesAnswer text = of(llm + std::string("phase=decode context=6"), Unit::gpu, "mlx");
  EXPECT_GT(metric(text, "mean_kl_to_fp32"), 0);
  EXPECT_EQ(metric(text, "equal_prefill"), 1);
}

TEST(Values, TheSeedDecidesAndNothingElse) {
  const std::string spec = "kind=matmul m=8 n=16 k=32";
  const Target target = make_target("M4", Unit::ane, "", {});
  const auto& profile = kernels::arith::profile_named("ane16");
  const auto digest = [&](std::uint64_t seed) {
    return run_values({.request = workloads::parse_request(spec), .seed = seed}, target, profile)
        .record.totals.digest;
  };
  EXPECT_EQ(digest(1), digest(1));
  EXPECT_NE(digest(1), digest(2));
}

TEST(ValuesCommand, ShowsTheMetricsAndRefusesWhatDoesNotFit) {
  const Answer a = anesim(
      std::string("run '") + llm + "phase=decode context=4' --values --answer 2 --no-db --json",
      "");
  ASSERT_EQ(a.status, 0);
  const auto j = nlohmann::json::parse(a.text);
  EXPECT_EQ(j["accuracy"]["equal_bits"], 1);
  EXPECT_EQ(j["accuracy"]["equal_prefill"], 1);
  for (const auto& [arguments, said] :
       {std::pair<std::string, std::string>{
            "run 'kind=llm name=llama-2-7b phase=decode context=4' --values", "too many"},
        {"run 'kind=matmul m=1 n=1 k=1' --seed 2", "--values"},
        {"run 'kind=matmul m=1 n=1 k=1' --profile ieee", "--values"},
        {"run 'kind=matmul m=1 n=1 k=1 unit=gpu path=mlx weights=int8 activations=int8' --values",
         "fp32, fp16, bf16"},
        {"run 'kind=matmul m=1 n=1 k=1 unit=gpu path=llamacpp weights=q4_0' --values",
         "llama.cpp's blocks"},
        {"run 'kind=launch' --values", "no single program"},
        {"run 'kind=llm name=gpt2 layers=1 phase=decode' --values", "context=8"},
        {"run 'kind=llm name=gpt2 phase=decode context=4' --values --answer 65", "0 to 64"},
        {"run 'kind=encoder name=distilbert heads=5' --values", "do not divide"}}) {
    const Answer bad = anesim(arguments + " --no-db 2>&1", "");
    EXPECT_EQ(bad.status, 2) << arguments;
    EXPECT_THAT(bad.text, HasSubstr(said)) << arguments;
  }
}

// Limits that leave the accelerator nothing, or little: the last operator is then the CPU's, whose
// results are float32.
TEST(ValuesCommand, AnswersWhateverIsPlacedOnTheCpu) {
  const std::string encoder =
      "run 'kind=encoder name=distilbert layers=1 hidden=64 ffn=64 heads=4 tokens=8' ";
  for (const std::string& arguments : std::vector<std::string>{
           encoder + "--set ane.limits.extent=1", encoder + "--set ane.limits.channels=1",
           "run 'kind=op op=softmax shape=8x8' --set ane.limits.extent=1",
           "run 'kind=matmul m=8 n=8 k=8' --set ane.limits.channels=1",
           std::string("run '") + llm + "phase=decode context=4' --set ane.limits.channels=1"}) {
    const Answer a = anesim(arguments + " --values --no-db 2>&1", "");
    EXPECT_TRUE(a.status == 0 || a.status == 2) << arguments << a.text;
    EXPECT_THAT(a.text, a.status == 0 ? HasSubstr("max_abs_error") : HasSubstr("error: "))
        << arguments;
  }
}

// 4096 pixels with windows of 8281 elements are more than are laid out at once, and the last block
// is not as long as the others.
TEST(ValuesCommand, AConvolutionOfDeepWindowsIsMadeInBlocks) {
  const Answer a =
      anesim("run 'kind=conv cin=49 cout=1 h=64 w=64 kh=13 kw=13' --values --no-db", "");
  EXPECT_EQ(a.status, 0);
  EXPECT_THAT(a.text, HasSubstr("equal_bits 1,"));
}

}  // namespace
}  // namespace ane::sim
