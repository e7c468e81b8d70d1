// Lists of operators from graphs: nothing lost, nothing counted twice.
#include <gtest/gtest.h>

#include "isa/error.h"
#include "workloads/networks/networks.h"
#include "workloads/request/job.h"
#include "workloads/request/work_list.h"

namespace ane::workloads {
namespace {

using kernels::Work;
using kernels::WorkKind;

double macs(const WorkList& list) {
  double sum = 0;
  for (const Work& w : list) sum += static_cast<double>(w.count * w.macs.count);
  return sum;
}

WorkList work_of(const std::string& text) {
  const Job job = job_of(parse_request(text),
                         {.machine = isa::Machine{}, .form = Form::framework, .programs = false});
  return graph_work(std::get<Graph>(job.stages.at(0).work), 2, 2);
}

TEST(GraphWork, EveryNetworkKeepsItsMultiplyAccumulates) {
  for (const Network& n : networks()) {
    const Graph g = build_network(n, {}, {});
    EXPECT_DOUBLE_EQ(macs(graph_work(g, 4, 4)), graph_macs(g)) << n.name;
  }
}

TEST(GraphWork, AnActivationIsAnOperatorOfItsOwnAndAViewIsNone) {
  Layers l("g", {});
  const ValueId x = l.graph().input("x", {Format::fp16, {.w = 10, .h = 1, .c = 8, .n = 1}});
  const ValueId y = l.linear(x, 4, "relu");
  l.graph().output(l.reshape(y, {.w = 5, .h = 2, .c = 4, .n = 1}));
  const WorkList list = graph_work(l.graph().finish(), 4, 2);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].kind, WorkKind::gemm);
  EXPECT_EQ(list[0].m, 10);
  EXPECT_EQ(list[0].n, 4);
  EXPECT_EQ(list[0].k, 8);
  EXPECT_TRUE(list[0].bias);
  EXPECT_EQ(list[0].read.count, 10 * 8 * 4);
  EXPECT_EQ(list[0].written.count, 10 * 4 * 4);
  EXPECT_EQ(list[0].weights.count, 8 * 4 * 2);
  EXPECT_EQ(list[0].other_flops, 0);
  EXPECT_EQ(list[1].kind, WorkKind::elementwise);
  EXPECT_EQ(list[1].written.count, 10 * 4 * 4);
  EXPECT_EQ(list[1].other_flops, 10 * 4);
}

WorkList operators_of(const std::string& text) {
  const Job job = job_of(parse_request(text),
                         {.machine = isa::Machine{}, .form = Form::framework, .programs = false});
  return std::get<WorkList>(job.stages.at(0).work);
}

TEST(LanguageWork, ATokenReadsTheExpertsItUsesAndAPromptNearlyAll) {
  const auto experts = [](const std::string& call) {
    double weights = 0;
    for (const Work& w : operators_of("unit=gpu kind=llm name=gpt-oss-20b " + call))
      if (w.name == "up") weights += static_cast<double>(w.count * w.weights.count);
    return weights / (24 * 2880.0 * 2880 * 2);
  };
  EXPECT_DOUBLE_EQ(experts("phase=decode context=100"), 4);
  EXPECT_DOUBLE_EQ(experts("phase=prefill tokens=2"), 8);  // 32 (1 - (7/8)^2) = 7.5
  EXPECT_DOUBLE_EQ(experts("phase=prefill tokens=512"), 32);
}

TEST(LanguageWork, WindowsLogitsAndPlainFeedForwardsAreSaid) {
  const std::string shape =
      "unit=gpu kind=llm name=mine layers=12 hidden=512 ffn=2048 heads=8 kv_heads=8 vocab=1000 ";
  const auto of = [&](const std::string& more) { return macs(operators_of(shape + more)); };
  const std::string far = "phase=decode context=999 ";
  // Attention of one layer: two products of 512 with each key.
  EXPECT_DOUBLE_EQ(of(far) - of(far + "window=100 full_every=3"), 8 * 2 * 512.0 * (1000 - 100));
  EXPECT_DOUBLE_EQ(of(far) - of(far + "gated=0"), 12 * 512.0 * 2048);
  const std::string prompt = "phase=prefill tokens=10 ";
  EXPECT_DOUBLE_EQ(of(prompt + "logits=10") - of(prompt), 9 * 512.0 * 1000);
  EXPECT_THROW(of(prompt + "logits=11"), InputError);
  EXPECT_THROW(of(far + "experts=8"), InputError);
  EXPECT_THROW(of(far + "full_every=3"), InputError);  // of what?
  EXPECT_GT(of(far + "experts=8 experts_used=2"), of(far) + 12 * 3 * 512.0 * 2048 - 1);
}

TEST(GraphWork, TheInputAndTheBatchOfARequestCount) {
  const auto of = [](const std::string& rest) {
    return macs(work_of("unit=gpu kind=network name=resnet18" + rest));
  };
  EXPECT_DOUBLE_EQ(of(" batch=4"), 4 * of(""));
  EXPECT_DOUBLE_EQ(of(" input=4x3x224x224"), 4 * of(""));
  EXPECT_LT(of(" input=1x3x112x112"), 0.3 * of(""));
}

TEST(GraphWork, EncodersRunOnCpuAndGpuToo) {
  const double both = macs(work_of("unit=gpu kind=encoder name=distilbert tokens=128 batch=2"));
  EXPECT_DOUBLE_EQ(both, 2 * graph_macs(build_encoder(encoder_named("distilbert"), 1, {})));
}

}  // namespace
}  // namespace ane::workloads
